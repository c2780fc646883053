"""The outbox: events are written in the command's own transaction and published by the relay after
the commit.

Lock the aggregate's row before calling `put`. Otherwise two writers of one key can commit in
another order than their rows were numbered, and the later state goes out first.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from pydantic_core import to_json

from shared.audit import log as audit
from shared.errors import NotFound
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)

SHARD_COUNT = 16
"""Fixed for ever: rows already written carry their shard, and replicas share shards among them."""

_COLUMNS = ["event_id", "topic", "key", "shard", "headers", "payload"]


class Publishable(Protocol):
    """What can be published: an event, or one that is written already, where thousands a second are
    made.
    """

    @property
    def event_id(self) -> UUID:
        """Stable over every repetition."""

    @property
    def key(self) -> str:
        """The id of the thing whose order matters."""

    def topic(self) -> str:
        """Where it is published."""

    def headers(self) -> dict[str, str]:
        """The CloudEvents headers."""

    def payload(self) -> bytes:
        """The JSON value; empty of a tombstone."""


P = TypeVar("P", bound=Publishable)


async def put(
    conn: Connection, events: Iterable[P], *, topic: str | Callable[[P], str] | None = None
) -> None:
    """Write events to be published after this transaction commits, in this order per key.

    Args:
        conn: inside the transaction of the effect.
        events: what happened.
        topic: another topic than the events' own, or what tells the topic of each, for receipts.
    """
    name_of = topic if callable(topic) else lambda event: topic or event.topic()
    rows = [
        (
            event.event_id,
            name_of(event),
            key,
            shard_of(key),
            to_json(event.headers()).decode(),
            event.payload() or None,
        )
        for event in events
        for key in (event.key,)
    ]
    if rows:
        await conn.copy_records_to_table("outbox", records=rows, columns=_COLUMNS)


@dataclass(frozen=True, slots=True)
class ParkedKey:
    """Events of one key that wait for a person: the broker refuses the first of them for good.

    Attributes:
        reason: why it does.
    """

    topic: str
    key: str
    event_count: int
    oldest_at: datetime
    reason: str


async def state(conn: Connection) -> Mapping[str, Any]:
    """Return how much waits to be sent: `waiting_count`, `oldest_seconds`, `parked_count`."""
    return dict(await QUERIES.outbox_state(conn))


async def list_parked(conn: Connection) -> list[ParkedKey]:
    """Return what is parked, the longest parked first."""
    return [ParkedKey(**dict(row)) async for row in QUERIES.list_parked(conn)]


async def release_parked(conn: Connection, topic: str, key: str) -> int:
    """Let a parked key's events go out, in their old order; return how many. Mend first why they
    were refused.

    Raises:
        NotFound: no event of this key is parked.
    """
    count: int = await QUERIES.release_parked(conn, topic=topic, key=key)
    if not count:
        raise NotFound(f"no event of key {key!r} is parked for topic {topic!r}")
    await audit.note(
        conn, audit.Change("parked-key-released", f"{topic}/{key}", {"event_count": count})
    )
    return count


def shard_of(key: str) -> int:
    """Return the shard that all events of a key go through."""
    return zlib.crc32(key.encode()) % SHARD_COUNT
