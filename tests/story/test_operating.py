"""What an operator does at the command line, with a whole system behind it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from deploy.cli.connection import find_connection, operator_bus
from deploy.cli.consumers import list_groups
from deploy.client.faults import NotReached
from deploy.client.figures import figure
from deploy.client.kafka import connected
from deploy.demo.generated import DEFINITION
from deploy.local.stack import Stack, start_stack
from shared.kafka.broker import BusSettings
from shared.service.clients import new_client
from tests.support.bus import Bus
from tests.support.waiting import until

PUBLISHER = "310000078"
MUNICIPALITY = "vefsn-1824"
COMMAND_SECONDS = 120.0


async def saman(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run a command on the stack in a folder; return how it ended and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.cli.main", *arguments, "--dir", str(folder)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), COMMAND_SECONDS)
    assert process.returncode is not None
    return process.returncode, output.decode()


def body(period: str) -> dict[str, Any]:
    return {
        "municipality": "1824",
        "period": period,
        "lost_days": "86",
        "agreed_days": "1000",
        "persons": 500,
        "definition": DEFINITION,
    }


@pytest.mark.infra
async def test_an_operator_sees_what_is_unread_and_ends_a_publisher(stack_folder: Path) -> None:
    stack = await start_stack(stack_folder, attached=True)
    try:
        added = json.loads((await saman(stack_folder, *add(), "--json"))[1])
        operator = operator_bus(stack.description())
        publisher = operator.as_account(PUBLISHER, SecretStr(added["kafka_password"]))
        await sees_what_is_unread(stack, stack_folder, publisher)
        await replays_a_consumer(stack_folder)
        await sees_when_a_key_was_used(stack, stack_folder, added["key"])
        await decides_on_a_dead_letter(stack_folder, operator)
        await lets_out_what_the_broker_refused(stack, stack_folder)
        await ends_a_publisher(stack, stack_folder, added["key"], publisher, operator)
        await verifies_the_audit_logs(stack_folder)
    finally:
        await stack.stop()


def add() -> tuple[str, ...]:
    return ("publishers", "add", PUBLISHER, "--name", "Test", "--municipality", MUNICIPALITY)


async def sees_what_is_unread(stack: Stack, folder: Path, publisher: BusSettings) -> None:
    code, shown = await saman(folder, "consumers", "--json")
    groups = {group["group"]: group for group in json.loads(shown)}
    assert code == 0
    assert {group["lag"] for group in groups.values()} == {0}
    assert {
        "metrics.reporting.figure",
        "reporting.inbound.figures",
    } <= groups.keys()

    pid = stack.services.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        posted = [figure(body(f"2013-0{month}"), publisher=PUBLISHER) for month in range(1, 6)]
        async with connected(publisher.client_options(), PUBLISHER) as client:
            await client.post(posted)
        code, shown = await saman(folder, "consumers", "--max-lag-seconds", "0")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert code == 1, shown
    assert "5 unread, the oldest for" in shown
    assert "reporting does not answer" in shown


async def replays_a_consumer(folder: Path) -> None:
    """The figures are read again by metrics, and nothing is told again."""
    group = "metrics.reporting.figure"
    before = await when_all_is_read(folder)
    told_before = ends_of(before["notifications.metrics.metric"])
    assert told_before > 0

    code, shown = await saman(
        folder, "consumers", "replay", group, "--from", "beginning", "--dry-run", "--json"
    )
    assert code == 0, shown
    planned = json.loads(shown)
    assert planned["dry_run"]
    assert sum(item["count"] for item in planned["items"]) == 5
    code, shown = await saman(folder, "consumers", "replay", group, "--from", "beginning")
    assert (code, "5 records are read again" in shown) == (0, True), shown

    async def repeated_count() -> int:
        async with find_connection(folder).client() as api:
            consumers = (await api.call("GET", "/api/metrics/v1/status"))["consumers"]
        return next(
            int(consumer["repeated_count"]) for consumer in consumers if consumer["group"] == group
        )

    await until(lambda: _is(repeated_count, 5), "read again", seconds=COMMAND_SECONDS)
    assert ends_of((await when_all_is_read(folder))["notifications.metrics.metric"]) == told_before

    for group_, since, sentence in (
        ("nobody.x", "beginning", "begins with its service"),
        ("metrics.x", "beginning", "metrics has no consumer 'metrics.x'"),
        (group, "yesterday", "since"),
    ):
        code, shown = await saman(folder, "consumers", "replay", group_, "--from", since)
        assert (code, sentence in shown) == (1, True), shown


async def _is(number: Callable[[], Awaitable[int]], wanted: int) -> bool:
    return await number() == wanted


async def when_all_is_read(folder: Path) -> dict[str, Any]:
    """Return the groups as soon as none has anything unread."""

    async def groups() -> dict[str, Any] | None:
        found = await list_groups(find_connection(folder))
        return (
            {group.group: group for group in found}
            if not any(group.lag for group in found)
            else None
        )

    found: dict[str, Any] = await until(groups, "everything is read", seconds=COMMAND_SECONDS)
    return found


def ends_of(group: Any) -> int:
    return sum(position.end for position in group.positions)


async def sees_when_a_key_was_used(stack: Stack, folder: Path, key: str) -> None:
    async def shown() -> dict[str, Any]:
        (known,) = json.loads((await saman(folder, "publishers", "show", PUBLISHER, "--json"))[1])[
            "keys"
        ]
        return dict(known)

    assert (await shown())["last_used_at"] is None
    address = f"{stack.services.address}/api/reporting/v1/obligations"
    async with new_client(timeout=60) as client:
        assert (
            await client.get(address, headers={"Authorization": f"Bearer {key}"})
        ).status_code == 200
    used = await shown()
    assert used["last_used_at"] is not None
    assert used["last_used_by"] == "reporting"


async def decides_on_a_dead_letter(folder: Path, operator: BusSettings) -> None:
    bus = Bus(operator)
    await bus.open()
    await bus.send_raw("registry.municipality.v1", b"\x1b[31mowned", key=b"odd")
    await bus.close()
    letters: list[dict[str, Any]] = []
    async with asyncio.timeout(COMMAND_SECONDS):
        while not letters:
            listed = await saman(
                folder,
                "dead-letters",
                "list",
                "metrics",
                "--key",
                "odd",
                "--newer-than",
                "1h",
                "--json",
            )
            letters = json.loads(listed[1])
    number = str(letters[0]["id"])
    code, shown = await saman(folder, "dead-letters", "show", "metrics", number)
    assert (code, "\x1b" in shown) == (0, False)
    assert "1b 5b 33 31 6d" in shown
    code, said = await saman(folder, "dead-letters", "replay", "metrics", "--all", "--key", "odd")
    assert (code, "0 replayed, 1 failed again" in said) == (1, True), said
    for arguments in (("--older-than", "1h"), ("--topic", "other"), ("--code", "other")):
        code, said = await saman(folder, "dead-letters", "list", "metrics", *arguments)
        assert (code, said.strip()) == (0, "0 waiting")
    code, said = await saman(
        folder, "dead-letters", "discard", "metrics", number, "--reason", "a test", "--json"
    )
    assert (code, json.loads(said)["state"]) == (0, "discarded")


async def lets_out_what_the_broker_refused(stack: Stack, folder: Path) -> None:
    place = ("registry", "registry.municipality.v1", "odd")
    conn = await asyncpg.connect(stack.description()["databases"]["registry"])
    try:
        await conn.execute(
            "INSERT INTO outbox_parked (id, event_id, topic, key, shard, headers, payload,"
            " created_at, reason) VALUES (1, gen_random_uuid(), $1, $2, 0, '{}', '{}', now(), 'too"
            " large')",
            *place[1:],
        )
    finally:
        await conn.close()
    assert (await saman(folder, "outbox", "status"))[0] == 1
    code, said = await saman(folder, "outbox", "parked", "registry", "--json")
    (parked,) = json.loads(said)
    assert (code, parked["key"], parked["event_count"], parked["reason"]) == (
        1,
        "odd",
        1,
        "too large",
    )
    assert await saman(folder, "outbox", "release", *place) == (0, "events that go out now: 1\n")
    assert await saman(folder, "outbox", "parked", "registry") == (0, "")
    code, said = await saman(folder, "outbox", "release", *place)
    assert (code, "no event of key 'odd' is parked" in said) == (1, True), said


async def ends_a_publisher(
    stack: Stack, folder: Path, key: str, publisher: BusSettings, operator: BusSettings
) -> None:
    code, said = await saman(folder, "publishers", "revoke", PUBLISHER)
    assert (code, "may not publish any more" in said) == (0, True), said
    code, said = await saman(folder, "publishers", "revoke", PUBLISHER, "--json")
    assert (code, json.loads(said)) == (0, {"revoked": PUBLISHER})

    address = f"{stack.services.address}/api/reporting/v1/absence-figures"
    async with new_client(timeout=20) as client:
        late = {"figure_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7", **body("2013-06")}
        answer = await client.post(address, json=late, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 401, answer.text

    with pytest.raises(NotReached, match="does not let this account in"):
        async with connected(publisher.client_options(), PUBLISHER):
            pass

    late_over_kafka = [figure(body("2013-07"), publisher=PUBLISHER)]
    async with connected(operator.client_options(), PUBLISHER) as client_:
        await client_.post(late_over_kafka)
        async for receipts in client_.receipts(late_over_kafka):
            answers = receipts
    assert [content["code"] for content in answers.rejected.values()] == ["publisher-unknown"]


async def verifies_the_audit_logs(folder: Path) -> None:
    code, shown = await saman(folder, "audit", "verify", "--json")
    verdicts = json.loads(shown)
    assert code == 0, shown
    assert verdicts["registry"]["seal_count"] > 400, "every municipality's registration is noted"
    assert verdicts["reporting"]["seal_count"] > 0

    kept = folder / "heads.json"
    kept.write_text(shown)
    code, shown = await saman(folder, "audit", "verify", "--heads", str(kept))
    assert code == 0, shown
    verdicts["registry"]["head"] = "00" * 32
    kept.write_text(json.dumps(verdicts))
    code, shown = await saman(folder, "audit", "verify", "registry", "--heads", str(kept))
    assert code == 1
    assert "is not the one that was kept elsewhere" in shown
