"""After the load: waiting for quiet, then holding the outside logs, the four databases and a
recomputation together.
"""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.cli.audit import verify_log
from deploy.cli.connection import Connection
from deploy.local.databases import Database
from deploy.services import SERVICES
from tests.faults.chaos.readers import MetricJudge, Reader, Readers
from tests.faults.chaos.writers import NUMBER_BITS, Source
from tests.metrics.recomputation import Key, Posted, recompute
from tests.notifications.receiver import Receiver
from tests.speed.workload import DEFINITION_KEY
from tests.support.apps import idle_service
from tests.support.topics import partition_count

LOOK_SECONDS = 0.5
FAULTS_MAX = 20

FIGURES = (
    "SELECT figure_id, vintage, numerator, denominator, in_force FROM figure WHERE publisher = $1"
)
MICRO_OF_HUNDREDTHS = 10_000
PERCENT = 100_000_000
"""Groups keep lost microdays times this, so that divided by agreed microdays they are a rate in
micropercent.
"""

SUMS = """
SELECT s.subject, p.last_month, p.numerator, p.denominator, p.present,
       (SELECT array_agg(m.municipality_id) FROM member AS m
         WHERE m.group_subject = s.subject) AS members
  FROM group_part AS p
  JOIN series AS s USING (series_id)
"""


class System(Protocol):
    """What is looked into, under chaos or not."""

    folder: Path

    @property
    def connection(self) -> Connection:
        """The registry's door, for an operator."""

    @property
    def bootstrap(self) -> str:
        """Where Kafka is."""

    @property
    def databases(self) -> Mapping[str, Database]:
        """By service."""


async def faults_of(
    system: System, sources: Sequence[Source], readers: Readers
) -> tuple[list[str], int, int]:
    """Return all that is wrong with what the services keep and published, and how many figures are
    lost and doubled.
    """
    accepted = sum(source.accepted for source in sources)
    wrong = [fault for source in sources for fault in source.faults[:5]]
    faults, lost, doubled = await faults_of_figures(system, sources)
    wrong += faults
    wrong += [fault for each in readers.seen for fault in each.faults]
    for name, each in (
        ("published", readers.figures.seen),
        ("with a receipt", readers.receipts.seen),
    ):
        if each.first != accepted:
            wrong.append(f"{each.first} figures {name} of {accepted} accepted")
    wrong += await faults_of_tables(system, accepted, readers.milestones.seen.first)
    wrong += faults_of_states(sources, readers.metrics)
    wrong += await faults_of_groups(system, sources, readers.metrics)
    wrong += await faults_of_audit(system)
    wrong += faults_of_logs(system)
    return wrong, lost, doubled


def groups_of(sources: Sequence[Source]) -> dict[str, list[str]]:
    """Return the topics that each consumer group of the system reads."""
    found: dict[str, list[str]] = {}
    for name in SERVICES:
        for group, delivery in idle_service(name).deliveries.items():
            topic = delivery.subscription.topic
            names = [topic.replace("{orgnr}", source.publisher) for source in sources]
            found[group] = sorted(set(names))
    return found


@asynccontextmanager
async def database(system: System, service: str) -> AsyncIterator[Any]:
    """Look into a service's database as its owner."""
    conn = await asyncpg.connect(system.databases[service].owner_dsn, timeout=10)
    try:
        yield conn
    finally:
        await conn.close()


async def until_quiet(
    system: System,
    sources: Sequence[Source],
    reader: Reader,
    *,
    seconds: float,
    tell: Callable[[str], None],
    while_moving: bool = False,
) -> float:
    """Wait until nothing is on its way any more; return the seconds that it took.

    Args:
        while_moving: what is on its way may take as long as it becomes less or other; `seconds` is
            for standing still.

    Raises:
        AssertionError: I9 does not hold: something is still on its way after that time.
    """
    started = told = moved = time.monotonic()
    groups, before = groups_of(sources), [""]
    while True:
        try:
            left = await _left(system, groups, reader)
        except (
            KafkaError,
            OSError,
            TimeoutError,
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
        ) as error:
            left = [f"no answer: {error!r}"[:200]]
        now = time.monotonic()
        if not left:
            return now - started
        if not while_moving:
            moved = started
        elif left != before:
            moved, before = now, left
        assert now - moved < seconds, f"not quiet after {seconds} s: {left[:10]}"
        if now - told > 10:
            told = now
            tell(f"waiting for quiet: {left[:3]}")
        await asyncio.sleep(LOOK_SECONDS)


async def _left(system: System, groups: Mapping[str, Sequence[str]], reader: Reader) -> list[str]:
    left = []
    async with database(system, "notifications") as conn:
        if waiting := await conn.fetchval("SELECT count(*) FROM delivery WHERE state = 'waiting'"):
            left.append(f"{waiting} deliveries wait")
    for service in SERVICES:
        async with database(system, service) as conn:
            if waiting := await conn.fetchval("SELECT count(*) FROM outbox"):
                left.append(f"{waiting} events in the outbox of {service}")
    admin = AIOKafkaAdminClient(bootstrap_servers=system.bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=system.bootstrap)
    await admin.start()
    await consumer.start()
    try:
        for group, topics in groups.items():
            places = [
                TopicPartition(topic, number)
                for topic in topics
                for number in range(partition_count(topic))
            ]
            ends = await consumer.end_offsets(places)
            done = await admin.list_consumer_group_offsets(group, partitions=places)
            behind = sum(
                max(0, ends[p] - max(0, done[p].offset if p in done else 0)) for p in places
            )
            if behind:
                left.append(f"{group} is {behind} behind")
        ends = await consumer.end_offsets(list(reader.positions))
        if behind := sum(ends[place] - offset for place, offset in reader.positions.items()):
            left.append(f"our reader is {behind} behind")
    finally:
        await consumer.stop()
        await admin.close()
    return left


async def faults_of_figures(
    system: System, sources: Sequence[Source]
) -> tuple[list[str], int, int]:
    """Return where reporting's figures differ from what was accepted, and how many are lost and
    doubled (I1).
    """
    faults, lost, doubled = [], 0, 0
    for source in sources:
        found = bytearray(source.accepted)
        async with database(system, "reporting") as conn, conn.transaction():
            async for row in conn.cursor(FIGURES, source.publisher, prefetch=5_000):
                number = row["figure_id"].int & ((1 << NUMBER_BITS) - 1)
                if number >= source.accepted:
                    faults.append(f"figure {source.index}/{number} was never accepted")
                    continue
                doubled += found[number]
                found[number] = 1
                days = tuple(int(row[name] * 100) for name in ("numerator", "denominator"))
                is_last = number + source.place_count >= source.accepted
                if days != source.days_of(number) or row["in_force"] != is_last:
                    faults.append(f"figure {source.index}/{number} is kept as {dict(row)}")
                if row["vintage"] != number // source.place_count + 1:
                    faults.append(f"figure {source.index}/{number} is vintage {row['vintage']}")
        missing = found.count(0)
        lost += missing
        if missing:
            faults.append(
                f"{missing} of {source.accepted} of {source.publisher} lost, first {found.index(0)}"
            )
    return faults[:FAULTS_MAX], lost, doubled


async def faults_of_tables(system: System, figure_count: int, milestone_count: int) -> list[str]:
    """Return what the mechanisms' tables hold that they must not, and what they lack (I5, I6)."""
    faults = []
    for service in SERVICES:
        async with database(system, service) as conn:
            for table in ("dead_letter", "outbox", "outbox_parked"):
                if count := await conn.fetchval(f"SELECT count(*) FROM {table}"):  # noqa: S608 - names of our own
                    row = await conn.fetchrow(f"SELECT to_json(t)::text FROM {table} AS t LIMIT 1")  # noqa: S608
                    faults.append(f"{service}: {count} rows in {table}, first {row[0][:500]}")
    for service, consumer, wanted in (
        ("metrics", "metrics.reporting.figure", figure_count),
        ("notifications", "notifications.metrics.milestone", milestone_count),
    ):
        async with database(system, service) as conn:
            count = await conn.fetchval("SELECT count(*) FROM inbox WHERE consumer = $1", consumer)
            if count != wanted:
                faults.append(f"{consumer}: {count} events in the inbox, {wanted} in the log")
    async with database(system, "metrics") as conn:
        count = await conn.fetchval("SELECT count(*) FROM figure")
        if count != figure_count:
            faults.append(f"metrics keeps {count} figures of {figure_count}")
    return faults


async def faults_of_deliveries(
    system: System, receiver: Receiver, milestones: set[bytes]
) -> list[str]:
    """Return which milestones the receiver was not told of exactly once, its ids taken together
    (I5).
    """
    async with database(system, "notifications") as conn:
        rows = await conn.fetch(
            "SELECT delivery_id::text AS id, event_id::text AS event_id, state FROM delivery"
        )
    told = Counter(row["event_id"] for row in rows)
    bodies: dict[str, set[str]] = defaultdict(set)
    for call in receiver.calls:
        bodies[call.headers.get("webhook-id", "?")].add(call.body)
    wanted = {event_id.decode() for event_id in milestones}
    wrong = {
        "milestones not told": wanted - told.keys(),
        "told without cause": told.keys() - wanted,
        "told twice": {event_id for event_id, count in told.items() if count > 1},
        "not delivered": {row["id"] for row in rows if row["state"] != "delivered"},
        "never heard by the receiver": {row["id"] for row in rows} - bodies.keys(),
        "heard and owed by nobody": bodies.keys() - {row["id"] for row in rows},
        "one id with two bodies": {id_ for id_, different in bodies.items() if len(different) > 1},
    }
    return [f"{len(ids)} {what}, such as {sorted(ids)[0]}" for what, ids in wrong.items() if ids]


def last_figures(sources: Sequence[Source]) -> dict[tuple[str, str], tuple[int, int]]:
    """Return the hundredths of lost and agreed days in force at each place, by what the writers
    know.
    """
    return {
        (place[0], place[2]): source.days_of(number)
        for source in sources
        for number in range(max(0, source.accepted - source.place_count), source.accepted)
        for place in (source.place_of(number),)
    }


def faults_of_states(sources: Sequence[Source], metrics: MetricJudge) -> list[str]:
    """Return where the last published states of municipalities differ from a recomputation (I4)."""
    figures = [_posted(place, days) for place, days in last_figures(sources).items()]
    return _unlike(recompute(figures), metrics, ("value", "numerator", "denominator", "coverage"))


def _posted(place: tuple[str, str], days: tuple[int, int]) -> Posted:
    lost, agreed = (Decimal(count) / 100 for count in days)
    return Posted(place[0], DEFINITION_KEY, place[1], 1, lost, agreed, persons=days[1] // 2_000)


def _unlike(
    states: Mapping[Key, Mapping[str, Any]], metrics: MetricJudge, names: Sequence[str]
) -> list[str]:
    faults = []
    for (subject, definition_key, period), wanted in states.items():
        key = f"{subject}|absence|{definition_key}|{period}"
        if key not in metrics.states:
            faults.append(f"{key} was never published")
            continue
        got = json.loads(metrics.states[key][1])["windows"]
        faults += [
            f"{key} {window} {name}: {got.get(window, {}).get(name)} instead of {rate[name]}"
            for window, rate in wanted["windows"].items()
            for name in names
            if rate[name] != got.get(window, {}).get(name)
        ]
    return faults[:FAULTS_MAX]


async def faults_of_groups(
    system: System, sources: Sequence[Source], metrics: MetricJudge
) -> list[str]:
    """Return which sums of groups are not those of their members' figures in force, and which
    published states of groups are not what their sums make them (I4).
    """
    held = last_figures(sources)
    faults = []
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    async with database(system, "metrics") as conn:
        for row in await conn.fetch(SUMS):
            period = f"{row['last_month'] // 12:04}-{row['last_month'] % 12 + 1:02}"
            days = [held[one, period] for one in set(row["members"] or ()) if (one, period) in held]
            lost, agreed = (sum(counts) for counts in zip(*days, strict=True)) if days else (0, 0)
            wanted = len(days), lost * MICRO_OF_HUNDREDTHS * PERCENT, agreed * MICRO_OF_HUNDREDTHS
            got = row["present"], int(row["numerator"]), int(row["denominator"])
            sums[row["subject"], period] = lost, agreed
            if got != wanted:
                faults.append(f"{row['subject']} {period}: {got} instead of {wanted}")
    if not sums:
        faults.append("no group has a sum")
    # A group is worked out here as one municipality that posted its sums; how many parts it has was
    # compared above.
    states = recompute([_posted(place, days) for place, days in sums.items()])
    of_groups = {
        (key[0].removeprefix("municipality/"), key[1], key[2]): state
        for key, state in states.items()
    }
    faults += _unlike(of_groups, metrics, ("value", "numerator", "denominator"))
    return faults[:FAULTS_MAX]


async def faults_of_audit(system: System) -> list[str]:
    """Return where an audit log is not whole, or does not cover each figure once (I7)."""
    verdicts = {name: await verify_log(system.databases[name].owner_dsn, name) for name in SERVICES}
    return [
        f"the audit log of {name}: {fault}"
        for name, verdict in verdicts.items()
        for fault in verdict.faults
    ]


def faults_of_logs(system: System) -> list[str]:
    """Return which programs wrote a password or the operator's key to their log (I8).

    Databases and topics are searched for secrets where a run is short, by
    `tests/faults/checker.py`.
    """
    passwords = [str(urlsplit(each.service_dsn).password) for each in system.databases.values()]
    said = {
        path.stem: path.read_text(errors="replace")
        for path in (system.folder / "logs").glob("*.log")
    }
    told = [
        name
        for name, text in said.items()
        for each in (*passwords, system.connection.operator_key)
        if each in text
    ]
    return [f"a secret is in the log of {name}" for name in sorted(set(told))]
