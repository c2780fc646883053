"""`saman consumers`: how far each service has read, where it lags, since when, and what it last stumbled over."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from deploy.cli.connection import Api, AsJson, Connection, Folder, find_connection
from deploy.services import SERVICES
from shared.errors import NotFound, Unavailable
from shared.messaging.admin import Admin

STATUS_SECONDS = 2.0
FETCH_SECONDS = 5.0
"""For reading when the oldest unread records were written; what does not come in time is shown without an age."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a consumer group has read one partition.

    Attributes:
        committed: the next record that would be read after a restart.
        end: where the log ends.
        oldest_seconds: how long the oldest unread record has been in the log; None when nothing is unread.
    """

    topic: str
    partition: int
    committed: int
    end: int
    oldest_seconds: float | None = None

    @property
    def lag(self) -> int:
        """How many records are unread."""
        return self.end - self.committed


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group as the broker and its service see it.

    Attributes:
        last_error: what its handling last met and has not got over, or that its service does not answer.
    """

    service: str
    group: str
    positions: tuple[Position, ...]
    last_error: str | None

    @property
    def lag(self) -> int:
        """How many records are unread."""
        return sum(position.lag for position in self.positions)

    @property
    def oldest_seconds(self) -> float | None:
        """How long the oldest unread record has waited."""
        return max((p.oldest_seconds for p in self.positions if p.oldest_seconds is not None), default=None)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(consumers)


def consumers(
    max_lag_seconds: Annotated[
        float, typer.Option(help="Exit code 1 when a record has been unread for longer than this.")
    ] = 60.0,
    everything: Annotated[bool, typer.Option("--all", help="Also the partitions that have nothing unread.")] = False,
    dir_: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Show per service, topic and partition what is unread, for how long, and the last error."""
    groups = asyncio.run(list_groups(find_connection(dir_)))
    if as_json:
        typer.echo(json.dumps([asdict(group) | {"lag": group.lag} for group in groups]))
    else:
        for group in groups:
            _show(group, everything=everything)
    if any((group.oldest_seconds or 0) > max_lag_seconds for group in groups):
        raise typer.Exit(1)


async def list_groups(connection: Connection) -> list[Group]:
    """Return the consumer groups of all services.

    Raises:
        Unavailable: the broker does not answer.
    """
    async with connection.client() as api:
        errors = dict(zip(SERVICES, await asyncio.gather(*(_errors(api, name) for name in SERVICES)), strict=True))
    try:
        positions = await _positions(connection)
    except (KafkaError, OSError) as error:
        raise Unavailable(f"Kafka at {connection.bus.bootstrap} does not answer ({type(error).__name__})") from None
    groups = []
    for group in sorted(positions):
        service = group.partition(".")[0]
        known = errors[service]
        last_error = f"{service} does not answer" if known is None else known.get(group)
        groups.append(Group(service, group, positions[group], last_error))
    return groups


async def _errors(api: Api, service: str) -> dict[str, str | None] | None:
    """Return the last error of each consumer of a service; None when it does not answer."""
    try:
        status = await api.call("GET", f"/api/{service}/v1/status", timeout=STATUS_SECONDS)
    except (Unavailable, NotFound):
        return None
    return {consumer["group"]: consumer["last_error"] for consumer in status["consumers"]}


async def _positions(connection: Connection) -> dict[str, tuple[Position, ...]]:
    admin = Admin(**connection.bus.client_options())
    consumer = AIOKafkaConsumer(**connection.bus.client_options())
    await admin.start()
    await consumer.start()
    try:
        groups = [group for group, *_ in await admin.list_consumer_groups() if group.partition(".")[0] in SERVICES]
        described = await admin.describe_topics(await admin.list_topics())
        places = [TopicPartition(t["topic"], p["partition"]) for t in described for p in t["partitions"]]
        ends = await consumer.end_offsets(places)
        starts = await consumer.beginning_offsets(places)
        committed = {group: await admin.list_consumer_group_offsets(group) for group in groups}
        unread: dict[str, dict[TopicPartition, int]] = {}
        for group in groups:
            read = {place: each.offset for place, each in committed[group].items() if each.offset >= 0}
            unread[group] = {p: max(read.get(p, 0), starts[p]) for p in places if consumes(group, p.topic)}
        late = {(p, offset) for known in unread.values() for p, offset in known.items() if offset < ends[p]}
        written = await _written(consumer, late)
        now = time.time()
        return {
            group: tuple(
                Position(p.topic, p.partition, offset, ends[p], _age(written.get((p, offset)), now))
                for p, offset in sorted(known.items())
            )
            for group, known in unread.items()
        }
    finally:
        await consumer.stop()
        await admin.close()


def consumes(group: str, topic: str) -> bool:
    """Tell whether a group reads a topic, by its name: `<service>.<topic without version>`."""
    what = group.partition(".")[2]
    if what.startswith("inbound."):
        return topic.startswith("inbound.") and topic.split(".")[2:3] == [what.removeprefix("inbound.")]
    return topic.rsplit(".v", 1)[0] == what


async def _written(
    consumer: AIOKafkaConsumer, late: set[tuple[TopicPartition, int]]
) -> Mapping[tuple[TopicPartition, int], float]:
    """Return when the records at these places were written, in seconds since 1970."""
    found: dict[tuple[TopicPartition, int], float] = {}
    deadline = time.monotonic() + FETCH_SECONDS
    for place, offset in late:
        consumer.assign([place])
        consumer.seek(place, offset)
        remaining = max(0.1, deadline - time.monotonic())
        batch = await consumer.getmany(place, timeout_ms=int(remaining * 1_000), max_records=1)
        for record in batch.get(place, ()):
            found[place, offset] = record.timestamp / 1_000
    return found


def _age(written: float | None, now: float) -> float | None:
    return None if written is None else max(0.0, round(now - written, 3))


def _show(group: Group, *, everything: bool) -> None:
    age = f", the oldest for {group.oldest_seconds:.1f} s" if group.oldest_seconds is not None else ""
    error = f"; last error: {group.last_error}" if group.last_error else ""
    typer.echo(f"{group.group:<42}{group.lag} unread{age}{error}")
    for p in group.positions:
        if p.lag or everything:
            since = f"  {p.oldest_seconds:.1f} s" if p.oldest_seconds is not None else ""
            typer.echo(f"    {p.topic}/{p.partition}  {p.committed} of {p.end}{since}")
