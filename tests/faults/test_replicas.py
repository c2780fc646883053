"""Two processes of every service: each due date, tick, milestone and delivery happens once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from shared.clock import OSLO, Clock
from tests.faults.checker import check
from tests.faults.evidence import gather
from tests.faults.proof import Proof, Proving, partitions_of
from tests.faults.sources import MILESTONES, REPORTS
from tests.faults.world import put_round
from tests.support.clock import offset_to
from tests.support.waiting import until

WAIT_SECONDS = 180.0
WAITING = (
    "SELECT count(DISTINCT pid) FROM pg_locks WHERE relation = 'obligation'::regclass AND NOT"
    " granted"
)


def day(days: int) -> date:
    """Return the day some days from today."""
    return Clock().today() + timedelta(days=days)


def moment(days: int, at: time) -> datetime:
    """Return a moment some days from today; tomorrow and later, so that no midnight comes while the
    test runs.
    """
    return datetime.combine(day(days), at, OSLO)


@asynccontextmanager
async def obligations_locked(proof: Proof) -> AsyncIterator[Any]:
    """Keep everybody from turning obligations while the block runs."""
    conn = await asyncpg.connect(proof.system.databases["reporting"].owner_dsn)
    try:
        async with conn.transaction():
            await conn.execute("LOCK TABLE obligation IN EXCLUSIVE MODE")
            yield conn
    finally:
        await conn.close()


async def let_the_day_come(proof: Proof, day: datetime) -> None:
    """Start both processes of reporting on that day, and let them turn the same obligations in the
    same moment.
    """
    system = proof.system
    both = system.processes_of("reporting")
    for process in both:
        system.processes[process].terminate()
    await asyncio.gather(*(system.processes[process].wait() for process in both))
    system.settings["reporting"]["SAMAN_CLOCK_OFFSET_SECONDS"] = str(offset_to(day))
    async with obligations_locked(proof) as conn:
        for process in both:
            await system.start(process)
        await until(partial(is_both, conn), "both processes turn obligations", seconds=WAIT_SECONDS)
    for process in both:
        await system.until_ready(process)


async def is_both(conn: Any) -> bool:
    return bool(await conn.fetchval(WAITING) == 2)


@pytest.mark.infra
async def test_with_two_processes_of_every_service_everything_happens_once(
    tmp_path: Path, proving: Proving
) -> None:
    noon = moment(1, time(12))
    async with proving(
        tmp_path,
        replicas=2,
        extra={"reporting": {"SAMAN_CLOCK_OFFSET_SECONDS": str(offset_to(noon))}},
    ) as proof:
        load = proof.load(seed=22, batch=5)
        async with load.going():
            for process in proof.system.names:
                await until(
                    partial(partitions_of, proof, process), f"{process} reads", seconds=WAIT_SECONDS
                )
            await put_round(proof.system, "opens", opens_on=day(2), due_on=day(30))
            await put_round(proof.system, "closes", opens_on=day(-9), due_on=noon.date())
            await let_the_day_come(proof, moment(2, time(0, 0, 30)))
        evidence = await gather(proof.system, proof.world, load, proof.receiver)

    assert check(evidence) == []
    turned = Counter(
        (r.type, r.content["round_id"], r.content["project_id"]) for r in evidence.firsts(REPORTS)
    )
    assert set(turned.values()) == {1}
    projects = {project for _, _, project in turned}
    assert len(projects) > 5
    assert set(turned) == {
        (kind, round_id, project)
        for kind, round_id in (
            ("ReportDue", "opens"),
            ("ReportDue", "closes"),
            ("ReportOverdue", "closes"),
        )
        for project in projects
    }
    assert any(evidence.firsts(MILESTONES))
    calls = Counter(call.headers["webhook-id"] for call in evidence.calls)
    assert {id_: times for id_, times in calls.items() if times > 1} == {}
    assert len(calls) == len(evidence.rows("notifications", "delivery"))
