"""Comparing each database with the log: what one of them has and the other has not.

The order of looking makes it right while everything runs as well. An event is in its database
before it is in the log, and a position is in the database before it is with the broker; so whatever
is compared is read first on the side on which it appears last.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

import asyncpg
from aiokafka import TopicPartition

from deploy.operate.restore.reader import Reader, reading
from deploy.services import SERVICES, subscriptions
from services.metrics import restoring as metrics
from services.metrics.restoring import Compared
from shared.delivery import positions
from shared.delivery.records import Record, Unreadable, event_types, read_event
from shared.delivery.restoring import Log, Restoring
from shared.delivery.subscribe import Subscription
from shared.errors import Unavailable
from shared.events.catalogue import OWN_TOPICS
from shared.events.envelope import Event
from shared.events.reporting import ReportSubmitted
from shared.kafka.broker import BusSettings
from shared.postgres.database import DRIVER_FAILURES, Connection

REPORTS_SHOWN = 20
METRICS = "metrics"
"""The one service whose database follows from the log, and is worked out anew instead of being
pieced together.
"""


@dataclass(frozen=True, slots=True)
class Unread:
    """Records that a group has read and that have no effect in its database.

    Attributes:
        first: the first offset that the database has not handled.
        count: how many records of use there are from there to where the group has read.
    """

    group: str
    topic: str
    partition: int
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Beyond:
    """A position behind the end of the log: the log has lost records."""

    group: str
    topic: str
    partition: int
    handled: int
    end: int | None


@dataclass
class Difference:
    """How one service's database and the log differ.

    Attributes:
        unknown: its own events that it does not know.
        untold: events that it published and that the log lacks.
        states: for metrics, how its states and the log differ.
    """

    service: str
    unread: list[Unread] = field(default_factory=list)
    beyond: list[Beyond] = field(default_factory=list)
    unknown: list[Event] = field(default_factory=list)
    untold: list[Event] = field(default_factory=list)
    states: Compared = field(default_factory=Compared)

    @property
    def is_database_older(self) -> bool:
        """Whether the database is of an earlier moment than the log."""
        return bool(self.unread or self.unknown or self.states.newer_in_log)

    @property
    def is_log_older(self) -> bool:
        """Whether the log is of an earlier moment than the database."""
        return bool(self.beyond or self.untold or self.states.lost_in_log)

    @property
    def needs_rebuild(self) -> bool:
        """Whether its states have to be worked out anew."""
        return bool(self.states.newer_in_log or self.states.lost_in_log)

    def sentences(self) -> list[str]:
        """Say what differs and what becomes of it, one sentence each."""
        said = [
            f"{one.group}: {one.count} records of {one.topic}/{one.partition} from {one.first} on"
            " were read and have no effect in the database; they are read again at the next start"
            for one in self.unread
        ]
        said += [
            f"{one.group}: the database has handled {one.topic}/{one.partition} to {one.handled},"
            f" and the log ends at {'nothing, it does not exist' if one.end is None else one.end};"
            " the position is set back"
            for one in self.beyond
        ]
        reports = [
            str(event.submission_id) for event in self.unknown if isinstance(event, ReportSubmitted)
        ]
        if adopted := [event for event in self.unknown if not isinstance(event, ReportSubmitted)]:
            said.append(
                f"{self.service}: {_counted(adopted)} are in the log only; they are taken from"
                " there"
            )
        if reports:
            more = " and more" if len(reports) > REPORTS_SHOWN else ""
            said.append(
                f"reporting: {len(reports)} reports are in no database; their publishers have to"
                f" hand them in again: {', '.join(reports[:REPORTS_SHOWN])}{more}"
            )
        if self.untold:
            said.append(
                f"{self.service}: {_counted(self.untold)} are in no log; they are published under"
                " their ids"
            )
        if self.states.newer_in_log:
            said.append(
                f"metrics: {self.states.newer_in_log} states are newer in the log; metrics is"
                " rebuilt"
            )
        if self.states.lost_in_log:
            said.append(
                f"metrics: {self.states.lost_in_log} states are in no log; metrics is rebuilt and"
                " tells them"
            )
        return said


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the data are: the database of each service, by the address of its working role, and the
    broker.
    """

    databases: Mapping[str, str]
    bus: BusSettings


def restoring(service: str) -> Restoring:
    """Return what a service offers for a restore."""
    module: Any = import_module(f"services.{service}.restoring")
    return module  # type: ignore[no-any-return]  # a module can be a protocol's instance


async def examine(stores: Stores) -> list[Difference]:
    """Return how each service's database and the log differ; differences without sentences are
    none.

    Raises:
        Unavailable: a database or the broker does not answer.
    """
    return [await _examine(stores, service) for service in SERVICES]


async def _examine(stores: Stores, service: str) -> Difference:
    difference = Difference(service)
    async with (
        connected(stores.databases[service], service) as before,
        before.transaction(isolation="repeatable_read", readonly=True),
    ):
        waiting = await before.fetch(_WAITING)
        async with (
            reading(stores.bus) as log,
            connected(stores.databases[service], service) as after,
        ):
            await _compare_positions(difference, log, after)
            known = Log(find=partial(log.find, topics=[topic.name for topic in OWN_TOPICS]))
            await _compare_events(difference, log, known, after)
        for row in waiting:
            known.add(row["topic"], row["key"], str(row["event_id"]), row["payload"])
        if service == METRICS:
            difference.states.lost_in_log = (await metrics.compare(before, known)).lost_in_log
        else:
            difference.untold = await restoring(service).untold(before, known)
    return difference


_WAITING = """
SELECT event_id, topic, key, payload FROM outbox
UNION ALL
SELECT event_id, topic, key, payload FROM outbox_parked
"""


@asynccontextmanager
async def connected(dsn: str, service: str) -> AsyncIterator[Connection]:
    """Connect to a service's database.

    Raises:
        Unavailable: it does not answer.
    """
    try:
        conn = await asyncpg.connect(
            dsn, timeout=10, server_settings={"application_name": "restore"}
        )
    except DRIVER_FAILURES as error:
        raise Unavailable(
            f"the database of {service} does not answer ({type(error).__name__}: {error})"
        ) from None
    try:
        yield conn
    finally:
        await conn.close()


async def _compare_positions(difference: Difference, log: Reader, conn: Connection) -> None:
    for group, subscription in subscriptions(difference.service).items():
        committed = await log.committed(group)
        handled = await positions.list_(conn, group)
        for place, position in sorted(handled.items()):
            if position.next_offset <= log.ends.get(place, -1):
                continue
            end = await log.end(place)
            if end is None or position.next_offset > end:
                beyond = Beyond(group, place.topic, place.partition, position.next_offset, end)
                difference.beyond.append(beyond)
        spans = {
            place: (
                handled.get(place, positions.Checkpoint()).next_offset,
                min(offset, log.ends[place]),
            )
            for place, offset in committed.items()
            if place in log.ends
        }
        counts = await _count(log, subscription, spans)
        difference.unread += [
            Unread(group, place.topic, place.partition, spans[place][0], count)
            for place, count in sorted(counts.items())
            if count
        ]


async def _count(
    log: Reader, subscription: Subscription, spans: Mapping[TopicPartition, tuple[int, int]]
) -> dict[TopicPartition, int]:
    """Return how many records of use there are in each span; compaction leaves some without any."""
    late = {place: span for place, span in spans.items() if span[0] < span[1]}
    counts = dict.fromkeys(late, 0)
    if late:
        types = {event.type() for event in subscription.events}
        async for batch in log.records(late):
            for record in batch:
                is_of_use = not types or record.header("ce_type") in types
                counts[TopicPartition(record.topic, record.partition)] += is_of_use
    return counts


async def _compare_events(
    difference: Difference, log: Reader, known: Log, conn: Connection
) -> None:
    """Read the service's own topics, and ask it what it does not know of them."""
    service = difference.service
    topics = [topic.name for topic in OWN_TOPICS if topic.name.startswith(f"{service}.")]
    async for batch in log.whole(topics):
        for record in batch:
            key = (record.key or b"").decode("utf-8", "replace")
            known.add(record.topic, key, record.header("ce_id") or "", record.value or b"")
        if service != METRICS:
            difference.unknown += await restoring(service).unknown(conn, events_of(batch))
    if service == METRICS:
        difference.states.newer_in_log = (await metrics.compare(conn, known)).newer_in_log


def events_of(records: Sequence[Record]) -> list[Event]:
    """Return the events in records; what cannot be read is none."""
    types, events = event_types(), []
    for record in records:
        try:
            event = read_event(record, types, types)
        except Unreadable:
            continue
        if event is not None:
            events.append(event)
    return events


def _counted(events: Sequence[Event]) -> str:
    counts: dict[str, int] = {}
    for event in events:
        counts[type(event).__name__] = counts.get(type(event).__name__, 0) + 1
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
