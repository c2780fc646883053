"""`saman consumers`: how far each service has read, where it lags, since when, and what it last
stumbled over.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from deploy.cli.connection import Api, AsJson, Connection, Folder, find_connection, reached
from deploy.services import SERVICES, subscriptions
from shared.delivery.subscribe import Subscription
from shared.errors import NotFound, RuleBroken, Unavailable
from shared.kafka.admin import Admin
from shared.kafka.consumer import learn

STATUS_SECONDS = 2.0
FETCH_SECONDS = 10.0
"""For reading when the oldest unread records were written; an age that does not come in time is
unknown, not none.
"""

consumers = typer.Typer(help="What is unread, and reading again.", invoke_without_command=True)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a consumer group has read one partition.

    Attributes:
        committed: the next record that would be read after a restart.
        end: where the log ends.
        removed: how many records the retention took away before the group had read them.
        oldest_seconds: how long the oldest unread record has been in the log; None when nothing is
            unread, or when it could not be found out.
    """

    topic: str
    partition: int
    committed: int
    end: int
    removed: int = 0
    oldest_seconds: float | None = None

    @property
    def lag(self) -> int:
        """How many records are unread."""
        return self.end - self.committed

    @property
    def is_of_unknown_age(self) -> bool:
        """Whether records are unread and nobody knows for how long."""
        return self.lag > 0 and self.oldest_seconds is None


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group as the broker and its service see it.

    Attributes:
        has_committed: it has read something at some time.
        last_error: what its handling last met and has not got over, or that its service does not
            answer.
    """

    service: str
    group: str
    positions: tuple[Position, ...]
    has_committed: bool
    last_error: str | None

    @property
    def lag(self) -> int:
        """How many records are unread."""
        return sum(position.lag for position in self.positions)

    @property
    def removed(self) -> int:
        """How many records are gone that it has not read."""
        return sum(position.removed for position in self.positions)

    @property
    def oldest_seconds(self) -> float | None:
        """How long the oldest unread record has waited, as far as that is known."""
        return max(
            (p.oldest_seconds for p in self.positions if p.oldest_seconds is not None), default=None
        )

    def is_late(self, max_lag_seconds: float) -> bool:
        """Tell whether somebody must look: unread for too long or nobody knows how long, or gone
        unread.
        """
        unknown = any(position.is_of_unknown_age for position in self.positions)
        return unknown or self.removed > 0 or (self.oldest_seconds or 0) > max_lag_seconds


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(consumers, name="consumers")


@consumers.callback()
def show(
    context: typer.Context,
    max_lag_seconds: Annotated[
        float, typer.Option(help="Exit code 1 when a record has been unread for longer than this.")
    ] = 60.0,
    everything: Annotated[
        bool, typer.Option("--all", help="Also the partitions that have nothing unread.")
    ] = False,
    dir_: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Show per service, topic and partition what is unread, for how long, and the last error.

    The exit code is 1 as well when an age cannot be found out, or when records were removed before
    they were read.
    """
    if context.invoked_subcommand is not None:
        return
    connection = find_connection(dir_)
    groups = reached(connection.bus, list_groups(connection))
    if as_json:
        typer.echo(
            json.dumps(
                [asdict(group) | {"lag": group.lag, "removed": group.removed} for group in groups]
            )
        )
    else:
        for group in groups:
            _show(group, everything=everything)
    if any(group.is_late(max_lag_seconds) for group in groups):
        raise typer.Exit(1)


@consumers.command()
def replay(
    group: Annotated[
        str,
        typer.Argument(help="The consumer group, as `saman consumers` names it.", metavar="GROUP"),
    ],
    since: Annotated[
        str,
        typer.Option(
            "--from", help="A moment such as 2026-11-24T06:00:00Z (RFC 3339), or: beginning."
        ),
    ],
    topic: Annotated[
        list[str] | None, typer.Option(help="Only this topic of the group's; repeatable.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how much would be read again.")
    ] = False,
    dir_: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Let one consumer group of one service read again from a moment, while everything goes on.

    What it has applied before has no second effect. The service goes back within seconds, at its
    next start if it does not run; `saman consumers` shows how far it is.
    """
    answer = asyncio.run(_replay(find_connection(dir_), group, since, topic or [], dry_run=dry_run))
    if as_json:
        typer.echo(json.dumps(answer))
        return
    for item in answer["items"]:
        typer.echo(
            f"    {item['topic']}/{item['partition']}  {item['count']} from {item['first']} on"
        )
    total = sum(item["count"] for item in answer["items"])
    typer.echo(f"{group}: {total} records {'would be' if dry_run else 'are'} read again, at most")


async def _replay(
    connection: Connection, group: str, since: str, topics: list[str], *, dry_run: bool
) -> Any:
    service = group.partition(".")[0]
    if service not in SERVICES:
        raise RuleBroken(
            f"a group's name begins with its service, one of {', '.join(SERVICES)}; got {group!r}"
        )
    body = {"since": since, "topics": topics, "dry_run": dry_run}
    async with connection.client() as api:
        return await api.call("POST", f"/api/{service}/v1/consumers/{group}/replay", json=body)


async def list_groups(connection: Connection) -> list[Group]:
    """Return the consumer groups of all services, also those that have never read anything.

    Raises:
        Unavailable: the broker does not answer.
    """
    async with connection.client() as api:
        errors = dict(
            zip(
                SERVICES,
                await asyncio.gather(*(_errors(api, name) for name in SERVICES)),
                strict=True,
            )
        )
    known = {group: one for name in SERVICES for group, one in subscriptions(name).items()}
    try:
        positions, have_committed = await _positions(connection, known)
    except (KafkaError, OSError) as error:
        raise Unavailable(
            f"Kafka at {connection.bus.bootstrap} does not answer ({type(error).__name__})"
        ) from None
    groups = []
    for group in sorted(positions):
        service = group.partition(".")[0]
        told = errors[service]
        last_error = f"{service} does not answer" if told is None else told.get(group)
        groups.append(Group(service, group, positions[group], group in have_committed, last_error))
    return groups


async def _errors(api: Api, service: str) -> dict[str, str | None] | None:
    """Return the last error of each consumer of a service; None when it does not answer."""
    try:
        status = await api.call("GET", f"/api/{service}/v1/status", timeout=STATUS_SECONDS)
    except (Unavailable, NotFound):
        return None
    return {consumer["group"]: consumer["last_error"] for consumer in status["consumers"]}


async def _positions(
    connection: Connection, known: Mapping[str, Subscription]
) -> tuple[dict[str, tuple[Position, ...]], set[str]]:
    """Return how far each group is, and which groups have read anything."""
    admin = Admin(**connection.bus.client_options())
    consumer = AIOKafkaConsumer(**connection.bus.client_options())
    try:
        await admin.start()
        await consumer.start()
        topics = await admin.list_topics()
        places = await admin.places(topics)
        await learn(consumer, topics)
        ends = await consumer.end_offsets(places)
        starts = await consumer.beginning_offsets(places)
        read: dict[str, dict[TopicPartition, int]] = {}
        unread: dict[str, dict[TopicPartition, int]] = {}
        for group, one in known.items():
            offsets = await admin.list_consumer_group_offsets(group)
            read[group] = {
                place: each.offset for place, each in offsets.items() if each.offset >= 0
            }
            unread[group] = {
                p: max(read[group].get(p, 0), starts[p]) for p in places if one.reads(p.topic)
            }
        late = {
            (p, offset)
            for of_group in unread.values()
            for p, offset in of_group.items()
            if offset < ends[p]
        }
        written, now = await _written(consumer, late), time.time()
        return {
            group: tuple(
                Position(
                    *(p.topic, p.partition, offset, ends[p]),
                    removed=offset - read[group].get(p, offset),
                    oldest_seconds=_age(written.get((p, offset)), now),
                )
                for p, offset in sorted(of_group.items())
            )
            for group, of_group in unread.items()
        }, {group for group, offsets in read.items() if offsets}
    finally:
        await consumer.stop()
        await admin.close()


async def _written(
    consumer: AIOKafkaConsumer, late: set[tuple[TopicPartition, int]]
) -> Mapping[tuple[TopicPartition, int], float]:
    """Return when the records at these places were written, in seconds since 1970.

    One place of each partition at a time, all partitions together, so that a slow one does not use
    up the time of the others.
    """
    found: dict[tuple[TopicPartition, int], float] = {}
    deadline = time.monotonic() + FETCH_SECONDS
    while (left := dict(late - found.keys())) and time.monotonic() < deadline:
        consumer.assign(list(left))
        for place, offset in left.items():
            consumer.seek(place, offset)
        while (waiting := [p for p, offset in left.items() if (p, offset) not in found]) and (
            remaining := deadline - time.monotonic()
        ) > 0:
            batches = await consumer.getmany(*waiting, timeout_ms=int(remaining * 1_000) + 1)
            for place, records in batches.items():
                found[place, left[place]] = records[0].timestamp / 1_000
    return found


def _age(written: float | None, now: float) -> float | None:
    return None if written is None else max(0.0, round(now - written, 3))


def _show(group: Group, *, everything: bool) -> None:
    age = (
        f", the oldest for {group.oldest_seconds:.1f} s" if group.oldest_seconds is not None else ""
    )
    removed = f", {group.removed} removed unread" if group.removed else ""
    never = "" if group.has_committed else "; has never read anything"
    error = f"; last error: {group.last_error}" if group.last_error else ""
    typer.echo(f"{group.group:<42}{group.lag} unread{age}{removed}{never}{error}")
    for p in group.positions:
        if p.lag or p.removed or everything:
            since = (
                f"  {p.oldest_seconds:.1f} s"
                if p.oldest_seconds is not None
                else "  age unknown"
                if p.lag
                else ""
            )
            gone = f"  {p.removed} removed unread" if p.removed else ""
            typer.echo(f"    {p.topic}/{p.partition}  {p.committed} of {p.end}{since}{gone}")
