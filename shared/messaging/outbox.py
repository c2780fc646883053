"""The outbox: events are written in the command's own transaction and published by the relay after the commit.

Lock the aggregate's row before calling `put`. Otherwise two writers of one key can commit in another order than their
rows were numbered, and the later state goes out first.
"""

import json
import zlib
from collections.abc import Iterable

from shared.database import Connection
from shared.events.envelope import Event

SHARD_COUNT = 16
"""Fixed for ever: rows already written carry their shard, and replicas share shards among them."""

_COLUMNS = ["event_id", "topic", "key", "shard", "headers", "payload"]


async def put(conn: Connection, events: Iterable[Event], *, topic: str | None = None) -> None:
    """Write events to be published after this transaction commits, in this order per key.

    Args:
        conn: inside the transaction of the effect.
        events: what happened.
        topic: another topic than the events' own, for receipts.
    """
    rows = [
        (event.event_id, topic or event.topic(), key, shard_of(key), json.dumps(event.headers()), event.payload())
        for event in events
        for key in (event.key,)
    ]
    if rows:
        await conn.copy_records_to_table("outbox", records=rows, columns=_COLUMNS)


def shard_of(key: str) -> int:
    """Return the shard that all events of a key go through."""
    return zlib.crc32(key.encode()) % SHARD_COUNT
