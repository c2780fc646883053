"""What a run left behind, read from outside when all is quiet: the log, the four databases, the
webhooks.
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx2
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from deploy.cli.audit import verify_log
from deploy.services import SERVICES
from shared.kafka.admin import Admin
from shared.kafka.broker import BusSettings
from shared.kafka.consumer import learn
from shared.service.clients import new_client
from tests.faults.world import World
from tests.faults.writing import Load, Sent
from tests.notifications.receiver import Call, Receiver
from tests.support.system import System

QUIET_SECONDS = 240.0
QUIET_LOOKS = 3
LOOK_SECONDS = 0.4
"""Between two looks: what one finds handled may have put into an outbox what it found empty before.
"""

Row = Mapping[str, Any]
Rows = Sequence[Row]


@dataclass(frozen=True, slots=True, eq=False)
class Logged:
    """One record of the log."""

    topic: str
    partition: int
    offset: int
    key: str
    headers: Mapping[str, str]
    value: bytes

    @property
    def origin(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    @property
    def id(self) -> str:
        return self.headers.get("ce_id", "")

    def has(self, text: str) -> bool:
        """Tell whether a text stands anywhere in it."""
        return (
            text.encode() in self.value
            or text in self.key
            or any(text in each for each in self.headers.values())
        )

    @property
    def type(self) -> str:
        """The name of the event's class, `AbsenceFigurePosted`."""
        return self.headers.get("ce_type", "..").split(".")[-2]

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.value)
        return content


@dataclass
class Evidence:
    """All that the checker judges from.

    Attributes:
        log: every record of each topic, in the order of its partitions.
        committed: how far each consumer group has committed, and where the log ends, by group and
            place.
        tables: rows of the tables that count, by service and table.
        text: everything that each service's database holds, as text.
        said: what each program wrote to its log.
        audit: what is wrong with each service's audit log, and with what it should cover.
        stuck: why it never became quiet; none when it did.
        log_was_cut: the log was put back to an earlier moment. Versions that it lost are not given
            out a second time, and a record that nobody could read, and so nobody repeats, has its
            dead letter and perhaps no receipt.
    """

    world: World
    sent: Sequence[Sent]
    calls: Sequence[Call]
    log: Mapping[str, Sequence[Logged]] = field(default_factory=dict)
    behind: Mapping[str, Mapping[str, tuple[int, int]]] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Rows]] = field(default_factory=dict)
    text: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)
    audit: Mapping[str, Sequence[str]] = field(default_factory=dict)
    stuck: str | None = None
    log_was_cut: bool = False

    def firsts(self, topic: str) -> Iterator[Logged]:
        """Yield each event of a topic once, where it came first."""
        seen = set()
        for record in self.log.get(topic, ()):
            if record.id not in seen:
                seen.add(record.id)
                yield record

    def rows(self, service: str, table: str) -> Rows:
        return self.tables[service][table]


_TABLES = {
    "inbox": "SELECT consumer, event_id::text AS event_id FROM inbox",
    "dead_letter": (
        """SELECT consumer, topic || '/' || partition || '/' || record_offset AS origin, code, state
                        FROM dead_letter"""
    ),
    "known_publisher": "SELECT organisation_number, version FROM known_publisher",
    "outbox": (
        "SELECT event_id::text AS event_id FROM outbox UNION ALL SELECT event_id::text FROM"
        " outbox_parked"
    ),
}
_HANDLED = "SELECT consumer, topic || '/' || partition AS place, next_offset FROM consumer_position"
"""A consumer goes on from here, whatever it has committed; see `shared.delivery.positions`."""

_OWN_TABLES = {
    "reporting": {
        "figure": (
            """SELECT publisher, figure_id::text AS figure_id, municipality_id, unit, period,
                      figure_window, definition_key, vintage, in_force,
                      withdrawn_at IS NOT NULL AS withdrawn
                 FROM figure"""
        )
    },
    "metrics": {
        "state": (
            """SELECT s.subject, s.definition_key, st.last_month, st.months, st.version
                      FROM state st JOIN series s USING (series_id)
                     WHERE st.months = s.months
                       AND st.last_month BETWEEN s.first_month AND s.last_month"""
        ),
        "figure": "SELECT figure_id::text AS figure_id FROM figure",
    },
    "notifications": {
        "delivery": (
            """SELECT delivery_id::text AS delivery_id, subscription_id,
                      event_id::text AS event_id, state
                 FROM delivery"""
        )
    },
}


async def gather(
    system: System,
    world: World,
    load: Load,
    receiver: Receiver,
    *,
    quiet_seconds: float = QUIET_SECONDS,
    still_seconds: float = QUIET_SECONDS,
) -> Evidence:
    """Wait until nothing is on its way any more, and read everything.

    Args:
        quiet_seconds: how long that may take.
        still_seconds: how long what is on its way may stand still; longer, and it is taken to stay
            where it is.
    """
    evidence = Evidence(world, load.sent, receiver.calls)
    begun = time.monotonic()
    try:
        async with asyncio.timeout(quiet_seconds):
            await _until_quiet(system, still_seconds)
    except TimeoutError:
        evidence.stuck = (
            f"not quiet after {time.monotonic() - begun:.0f} s: {'; '.join(await _unrest(system))}"
        )
    evidence.log, evidence.behind = await _read_log(system)
    evidence.tables = {name: await _read_tables(system, name) for name in SERVICES}
    evidence.text = {name: await _everything(system, name) for name in SERVICES}
    evidence.said = {
        path.stem: path.read_text(errors="replace")
        for path in (system.folder / "logs").glob("*.log")
    }
    evidence.audit = {
        name: (await verify_log(system.databases[name].owner_dsn, name)).faults for name in SERVICES
    }
    return evidence


async def _until_quiet(system: System, still_seconds: float) -> None:
    looks, before, moved = 0, [""], time.monotonic()
    while looks < QUIET_LOOKS:
        left = await _unrest(system)
        looks = 0 if left else looks + 1
        if left != before:
            before, moved = left, time.monotonic()
        if time.monotonic() - moved > still_seconds:
            raise TimeoutError
        await asyncio.sleep(LOOK_SECONDS)


async def _unrest(system: System) -> list[str]:
    """Say what is still on its way; nothing when all is quiet."""
    left: list[str] = []
    handled: dict[tuple[str, str], int] = {}
    for name, dsn in ((name, system.databases[name].owner_dsn) for name in SERVICES):
        waiting = "SELECT count(*) FROM outbox"
        if name == "notifications":
            waiting = (
                "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM delivery WHERE state"
                " = 'waiting')"
            )
        try:
            if count := (await _fetch(dsn, waiting))[0][0]:
                left.append(f"{name}: {count} events or deliveries wait")
            handled |= {
                (row["consumer"], row["place"]): row["next_offset"]
                for row in await _fetch(dsn, _HANDLED)
            }
            async with new_client(timeout=5) as client:
                status = (await client.get(f"{system.address(name)}/api/{name}/v1/status")).json()
            if not status.get("ready"):
                left.append(f"{name}: {status.get('reasons') or status}")
        except (OSError, asyncpg.PostgresError, httpx2.HTTPError) as error:
            left.append(f"{name}: {type(error).__name__} {error}")
    try:
        behind = (await _read_positions(system))[1]
    except (KafkaError, TimeoutError) as error:
        return [*left, f"kafka: {type(error).__name__} {error}"]
    late = {
        group: {
            place: (done, end)
            for place, (done, end) in places.items()
            if min(done, handled.get((group, place), 0)) < end
        }
        for group, places in behind.items()
    }
    return left + [
        f"{group} is behind at {places}" for group, places in sorted(late.items()) if places
    ]


async def _read_positions(
    system: System,
) -> tuple[list[TopicPartition], dict[str, dict[str, tuple[int, int]]]]:
    """Return the places of the log, and per group how far it has committed and where its topics
    end.
    """
    options = BusSettings(bootstrap=system.servers.bootstrap, client_id="proof").client_options()
    admin, consumer = Admin(**options), AIOKafkaConsumer(**options)
    await admin.start()
    await consumer.start()
    try:
        topics = [t for t in await admin.list_topics() if not t.startswith("__")]
        places = await admin.places(topics)
        await learn(consumer, topics)
        ends = await consumer.end_offsets(places)
        behind: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
        for group, *_ in await admin.list_consumer_groups():
            done = await admin.list_consumer_group_offsets(group)
            for place in _consumed(group, places):
                offset = done[place].offset if place in done else 0
                behind[group][f"{place.topic}/{place.partition}"] = (max(offset, 0), ends[place])
        return [place for place in places if ends[place]], behind
    finally:
        await consumer.stop()
        await admin.close()


def _consumed(group: str, places: Sequence[TopicPartition]) -> list[TopicPartition]:
    _, _, what = group.partition(".")
    if what.startswith("inbound."):
        kind = what.removeprefix("inbound.")
        return [
            p for p in places if p.topic.startswith("inbound.") and p.topic.split(".")[2] == kind
        ]
    return [p for p in places if p.topic.rsplit(".v", 1)[0] == what]


async def _read_log(
    system: System,
) -> tuple[dict[str, list[Logged]], dict[str, dict[str, tuple[int, int]]]]:
    places, behind = await _read_positions(system)
    log: dict[str, list[Logged]] = defaultdict(list)
    consumer = AIOKafkaConsumer(bootstrap_servers=system.servers.bootstrap, max_poll_records=5_000)
    await consumer.start()
    try:
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        deadline = time.monotonic() + QUIET_SECONDS
        while any([await consumer.position(place) < ends[place] for place in places]):
            assert time.monotonic() < deadline, "the log could not be read to its end"
            for place, records in (await consumer.getmany(timeout_ms=200)).items():
                log[place.topic] += [_logged(record) for record in records]
    finally:
        await consumer.stop()
    return log, behind


def _logged(record: Any) -> Logged:
    headers = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
    key = (record.key or b"").decode("utf-8", "replace")
    return Logged(record.topic, record.partition, record.offset, key, headers, record.value)


async def _read_tables(system: System, service: str) -> dict[str, Rows]:
    queries = _TABLES | _OWN_TABLES.get(service, {})
    return {
        name: await _fetch(system.databases[service].owner_dsn, query)
        for name, query in queries.items()
    }


async def _everything(system: System, service: str) -> str:
    dsn = system.databases[service].owner_dsn
    tables = await _fetch(dsn, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    rows = [await _fetch(dsn, f"SELECT t::text FROM {table['tablename']} AS t") for table in tables]  # noqa: S608 - our own names
    return "\n".join(row[0] for each in rows for row in each)


async def _fetch(dsn: str, query: str) -> list[Any]:
    conn = await asyncpg.connect(dsn, timeout=5, server_settings={"bytea_output": "escape"})
    try:
        return list(await conn.fetch(query))
    finally:
        await conn.close()
