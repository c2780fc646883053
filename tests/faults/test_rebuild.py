"""Metrics is rebuilt from the log while figures come in, and nobody outside notices."""

import asyncio
import json
import os
import signal
import sys
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.demo.generated import DEFINITION
from shared.service.clients import new_client
from tests.faults.checker import check
from tests.faults.evidence import gather
from tests.faults.proof import Proof, Proving
from tests.faults.sources import MILESTONES
from tests.faults.writing import TRY_SECONDS, Sent

REBUILD_SECONDS = 120.0
SWITCH_SECONDS = 5.0
"""Promised is one; the fastest of several switches counts, and a machine that does five times as
much is forgiven.
"""


async def start(proof: Proof, *arguments: str) -> asyncio.subprocess.Process:
    """Start the command against the system."""
    system = proof.system
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.cli.main", "rebuild", "metrics", "--json", *arguments),
        env={
            **os.environ,
            "SAMAN_ADMIN_DSN": system.servers.admin_dsn,
            "SAMAN_METRICS_OWNER_DSN": system.databases["metrics"].owner_dsn,
            "SAMAN_METRICS_DATABASE_DSN": system.databases["metrics"].service_dsn,
            "SAMAN_KAFKA_BOOTSTRAP": system.servers.bootstrap,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def rebuilt(proof: Proof, *arguments: str) -> dict[str, Any]:
    """Run the command and return what it found."""
    process = await start(proof, *arguments)
    out, err = await asyncio.wait_for(process.communicate(), REBUILD_SECONDS)
    assert process.returncode == 0, err.decode()
    outcome: dict[str, Any] = json.loads(out)
    return outcome


async def rebuilt_beside_another(proof: Proof) -> dict[str, Any]:
    """Start two dry runs at once, and return what the one found that was let go on."""
    both = [await start(proof, "--dry-run") for _ in range(2)]
    said = [await asyncio.wait_for(process.communicate(), REBUILD_SECONDS) for process in both]
    (found,) = [
        out for process, (out, _) in zip(both, said, strict=True) if process.returncode == 0
    ]
    (refused,) = [
        err.decode() for process, (_, err) in zip(both, said, strict=True) if process.returncode
    ]
    assert "metrics is being rebuilt already" in refused
    outcome: dict[str, Any] = json.loads(found)
    return outcome


async def keep_out(proof: Proof) -> None:
    """Leave behind what a rebuild that is killed in the middle of its switch leaves: the service is
    kept out.
    """
    conn = await asyncpg.connect(proof.system.servers.admin_dsn)
    try:
        await conn.execute("ALTER DATABASE metrics CONNECTION LIMIT 0")
    finally:
        await conn.close()


async def databases(proof: Proof) -> list[str]:
    """Return the databases of metrics that let everybody in."""
    conn = await asyncpg.connect(proof.system.servers.admin_dsn)
    try:
        rows = await conn.fetch(
            "SELECT datname FROM pg_database WHERE datname LIKE 'metrics%' AND datconnlimit = -1"
            " ORDER BY 1"
        )
        return [row["datname"] for row in rows]
    finally:
        await conn.close()


async def falsify_one_state(proof: Proof) -> str:
    """Change what is kept of one municipality's newest state, as an older formula might have left
    it.
    """
    conn = await asyncpg.connect(proof.system.databases["metrics"].owner_dsn)
    try:
        row = await conn.fetchrow("""
            UPDATE state AS st SET unrounded[1] = unrounded[1] + 1
              FROM series AS s
             WHERE s.series_id = st.series_id
               AND (st.series_id, st.last_month, st.months) = (
                       SELECT m.series_id, m.last_month, m.months
                         FROM state AS m JOIN series AS t USING (series_id)
                        WHERE t.subject LIKE 'municipality/%'
                          AND m.unrounded[1] IS NOT NULL AND m.version > 0
                        ORDER BY m.series_id, m.last_month DESC, m.months LIMIT 1)
            RETURNING s.subject
            """)
        assert row is not None
        return str(row["subject"])
    finally:
        await conn.close()


def january(proof: Proof, municipality_id: str, *, lost_days: str) -> Sent:
    """Return a figure of 2013's first month, by which alone the goal of a municipality is
    judged.
    """
    publisher, number = next(
        (publisher, number)
        for publisher, share in proof.world.shares.items()
        for one, number in share
        if one == municipality_id
    )
    body = {
        "municipality": number,
        "period": "2013-01",
        "lost_days": lost_days,
        "agreed_days": "4000.00",
        "persons": 500,
        "definition": DEFINITION,
    }
    return Sent(str(uuid.uuid4()), publisher, "http", body)


@pytest.mark.infra
async def test_a_target_that_was_lost_while_metrics_was_away_is_told_by_the_rebuild(
    tmp_path: Path, proving: Proving
) -> None:
    async with proving(tmp_path) as proof, new_client(timeout=TRY_SECONDS) as client:
        load = proof.load(seed=13)
        goal, municipality_id = next(iter(proof.world.goals.items()))
        for lost_days in ("200.00", "480.00"):
            one = january(proof, municipality_id, lost_days=lost_days)
            load.sent.append(one)
            await load.post(client, one.publisher, [one])
            if lost_days == "200.00":
                assert await proof.findings(load) == []
                await proof.system.kill("metrics")
        await rebuilt(proof)
        await proof.system.start("metrics")
        await proof.system.until_ready("metrics")

        evidence = await gather(proof.system, proof.world, load, proof.receiver)
        assert check(evidence) == []
        told = [
            record.content
            for record in evidence.log[MILESTONES]
            if record.content["goal_id"] == goal
        ]
        assert [(content["state"], content["period"]) for content in told] == [
            ("reached", "2013-01"),
            ("open", "2013-01"),
        ]


@pytest.mark.infra
async def test_metrics_is_rebuilt_under_load_and_nothing_is_told_twice(
    tmp_path: Path, proving: Proving
) -> None:
    async with proving(tmp_path) as proof:
        load = proof.load(seed=12, batch=5)
        async with load.going():
            killed = await start(proof)
            await asyncio.sleep(2)
            killed.send_signal(signal.SIGKILL)
            await killed.communicate()
            await keep_out(proof)
            await proof.system.kill("metrics")
            await proof.system.start("metrics")
            first = await rebuilt(proof)
        assert first["state_count"] > 100
        assert await proof.findings(load) == []

        assert (await rebuilt_beside_another(proof))["different"] == []
        before = await gather(proof.system, proof.world, load, proof.receiver)
        second = await rebuilt(proof)
        assert second["different"] == []
        after = await gather(proof.system, proof.world, load, proof.receiver)
        assert {topic: len(records) for topic, records in after.log.items()} == {
            topic: len(records) for topic, records in before.log.items()
        }

        subject = await falsify_one_state(proof)
        third = await rebuilt(proof)
        assert [each.partition("|")[0] for each in third["different"]] == [subject], third[
            "different"
        ]
        switches = [outcome["switch_seconds"] for outcome in (first, second, third)]
        print(f"kept out of its database for {switches} s")
        assert min(switches) < SWITCH_SECONDS
        assert await proof.findings(load) == []
        kept = await databases(proof)
        assert kept[0] == "metrics"
        assert all(name.startswith("metrics_before_") for name in kept[1:])
        assert len(kept) == 4
