"""Nothing is lost, doubled or put out of order when a process dies or hangs at any of the named
points.

There are two processes of every service. One that hangs with records or rows in hand wakes only
when the other has taken over its partitions or shards.
"""

import asyncio
import os
import random
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local.infrastructure import infrastructure
from deploy.local.kafka import KafkaOptions
from deploy.local.processes import last_lines
from deploy.services import SERVICES
from shared import faults
from shared.outbox.outbox import SHARD_COUNT
from shared.postgres.locks import Lock
from tests.faults.counts import repeats
from tests.faults.proof import Proof, Proving, partitions_of
from tests.faults.world import PUBLISHERS
from tests.support.apps import idle_service
from tests.support.topics import partition_count
from tests.support.waiting import until

STRUCK_SECONDS = 400.0
"""On a starved machine; a life that handles a backlog record by record, after many deaths, is a
slow one.
"""
LOOK_SECONDS = 0.1
FROZEN_SECONDS = 0.5
TAKEN_OVER = ("delivery", "transaction", "relay")
"""The mechanisms whose work another process takes over; a frozen sender keeps its lease for longer,
and a frozen request nobody takes over.
"""

SESSION_SECONDS = 3.0
"""Of silence, after which the broker gives away what a frozen process reads."""

BROKER = KafkaOptions(properties={"group.min.session.timeout.ms": "1000"})

END_SESSIONS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
 WHERE datname = $1 AND application_name LIKE '% relay'
"""
SHARDS_OF_ONE = """
SELECT max(held)
  FROM (SELECT count(*) AS held
          FROM pg_locks JOIN pg_database AS d ON d.oid = database
         WHERE locktype = 'advisory' AND classid = $2 AND granted AND datname = $1
         GROUP BY pid) AS p
"""

STRUCK = {
    "http": ("reporting",),
    "transaction": ("reporting", "metrics", "notifications"),
    "relay": ("reporting", "metrics", "notifications"),
    "delivery": ("reporting", "metrics", "notifications"),
    "sender": ("notifications",),
}
"""Which services have the arrows of a mechanism; they take turns."""

ONLY = {"delivery.buried": ("reporting",)}
"""The only records that cannot be handled are those that come from outside."""

PASSES_MAX = {"delivery.buried": 2}
"""How often a process may come past a point before it is struck, where that is rare; elsewhere up
to four times.
"""


def orders(seed: int, times: int) -> dict[str, deque[str]]:
    """Return what each service is told, one order per life: every point so many times, dying and
    hanging.
    """
    chance = random.Random(seed)
    told: dict[str, deque[str]] = {
        "reporting": deque(),
        "metrics": deque(),
        "notifications": deque(),
    }
    for turn in range(times):
        for number, point in enumerate(sorted(faults.POINTS)):
            services = ONLY.get(point) or STRUCK[point.partition(".")[0]]
            how = "hang" if turn % 3 == 1 else "die"
            passes = chance.randint(1, PASSES_MAX.get(point, 4))
            told[services[(turn + number) % len(services)]].append(f"{point}:{how}:{passes}")
    for queue in told.values():
        chance.shuffle(queue)
    return told


def lives(orders: Iterable[str]) -> Iterator[list[str]]:
    """Yield the orders of each life: one that hung goes on to the next, until it dies."""
    life: list[str] = []
    for order in orders:
        life.append(order)
        if ":die:" in order:
            yield life
            life = []
    if life:
        yield life


async def strike(proof: Proof, service: str, queue: Iterable[str]) -> None:
    """Let a service live one life after another, each with its orders, and then one without."""
    system = proof.system
    for life in lives(queue):
        await system.kill(service)
        await system.start(service, environment={faults.VARIABLE: ",".join(life)})
        for order in life:
            await until_struck(proof, service, order)
            if system.is_frozen(service):
                await until_missed(proof, service, order)
                os.kill(system.processes[service].pid, signal.SIGCONT)
                await until_reading(proof, service)
    await system.kill(service)
    await system.start(service)


async def until_missed(proof: Proof, service: str, order: str) -> None:
    """Wait until another process has taken over the work of a frozen one; or a moment, where nobody
    does.
    """
    mechanism = order.partition(".")[0]
    if mechanism in TAKEN_OVER:
        await until_taken_over(proof, service, is_relay=mechanism == "relay")
    else:
        await asyncio.sleep(FROZEN_SECONDS)


async def until_reading(proof: Proof, service: str) -> None:
    """Wait until a process that was waked reads again, or has come to its next order meanwhile."""
    process = proof.system.processes[service]

    async def is_back() -> bool:
        is_struck = process.returncode is not None or proof.system.is_frozen(service)
        return is_struck or await partitions_of(proof, service) > 0

    await until(is_back, f"{service} reads again", seconds=STRUCK_SECONDS, pause=LOOK_SECONDS)


async def until_struck(proof: Proof, service: str, order: str) -> None:
    """Wait until a service has died or stopped; it is told when it does not come to the point."""
    process = proof.system.processes[service]
    try:
        async with asyncio.timeout(STRUCK_SECONDS):
            while process.returncode is None and not proof.system.is_frozen(service):  # noqa: ASYNC110 - a process
                await asyncio.sleep(0.02)
    except TimeoutError:
        said = last_lines(proof.system.folder / "logs" / f"{service}.log", count=10)
        raise AssertionError(f"{service} never came to {order}; it said last: {said}") from None
    assert process.returncode in (
        None,
        -signal.SIGKILL,
    ), f"{service} ended with {process.returncode} before {order}"


async def until_taken_over(proof: Proof, service: str, *, is_relay: bool) -> None:
    """Wait until the other process reads all that the frozen one read, and holds the shards of a
    frozen relay.

    PostgreSQL keeps a frozen client's session for as long as the machine answers for it, so a
    relay's is ended here.
    """
    _, other = proof.system.processes_of(service)
    subscriptions = [
        delivery.subscription for delivery in idle_service(service).deliveries.values()
    ]
    everything = sum(
        partition_count(each.topic) * (len(PUBLISHERS) if each.is_inbound else 1)
        for each in subscriptions
    )

    async def reads_everything() -> bool:
        return await partitions_of(proof, other) == everything

    said = f"{other} reads all {everything} partitions"
    await until(reads_everything, said, seconds=STRUCK_SECONDS, pause=LOOK_SECONDS)
    if is_relay:
        admin = await asyncpg.connect(proof.system.servers.admin_dsn)
        try:
            await admin.execute(END_SESSIONS, service)

            async def holds_every_shard() -> bool:
                return bool(
                    await admin.fetchval(SHARDS_OF_ONE, service, Lock.OUTBOX_SHARD) == SHARD_COUNT
                )

            await until(holds_every_shard, f"{other} relays everything", seconds=STRUCK_SECONDS)
        finally:
            await admin.close()


@pytest.mark.infra
async def test_a_process_that_dies_or_hangs_at_any_point_loses_and_doubles_nothing(
    tmp_path: Path, proving: Proving
) -> None:
    short = {name: {"SAMAN_KAFKA_SESSION_SECONDS": str(SESSION_SECONDS)} for name in SERVICES}
    async with (
        infrastructure(tmp_path, keep=False, kafka_options=BROKER) as servers,
        proving(tmp_path, replicas=2, extra=short, servers=servers) as proof,
    ):
        load = proof.load(seed=20_130_201, batch=6, pause=0.3)
        async with load.going():
            struck = orders(20_130_201, repeats(few=3, many=50))
            await asyncio.gather(
                *(strike(proof, service, queue) for service, queue in struck.items())
            )
        assert await proof.findings(load) == []
