"""The relay: publishes the outbox in order per key, at least once, and never gives up on its own.

One relay per process holds the session advisory locks of its shards on one connection. Rows are deleted on that same
connection after the broker acknowledged them: if the session was lost, so was the right to delete, and another relay
sends again. A failed send is unknown, not failed; the producer is then rebuilt, because an idempotent producer with a
gap in its sequence refuses everything that follows.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
)

from shared.database import Connection, Database, load_queries
from shared.messaging.broker import BusSettings
from shared.messaging.outbox import SHARD_COUNT

QUERIES = load_queries(__file__)
LOG = structlog.get_logger()

LOCK_CLASS = 7301
"""First half of the advisory lock's key; the shard is the second. Fixed: replicas of two versions must agree."""

CHUNK = 1_000
POLL_SECONDS = 0.05
"""How late an event of another process's transaction may be noticed; our own commits wake the relay at once."""

SEND_SECONDS = 15
"""An idempotent producer never gives up a batch while it knows a leader, so the wait is bounded here."""

SHARE_SECONDS = 2.0
ABSENT_SECONDS = 5.0
"""How long rows of a topic that does not exist are passed over; other topics go on meanwhile."""

REFUSALS_BEFORE_PARKING = 3
_REFUSALS = (MessageSizeTooLargeError, InvalidTopicError, TopicAuthorizationFailedError)


@dataclass
class RelayState:
    """What the relay last saw, for the status page and the health check."""

    shards: list[int] = field(default_factory=list)
    last_sent_at: float | None = None
    last_error: str | None = None
    sent_count: int = 0


class Relay:
    """Publishes one database's outbox.

    Args:
        database: whose outbox.
        bus: how to reach the broker.
    """

    def __init__(self, database: Database, bus: BusSettings) -> None:
        self.state = RelayState()
        self._database = database
        self._bus = bus
        self._conn: Connection | None = None
        self._producer: Any = None
        self._shared_at = 0.0
        self._parked: set[tuple[str, str]] = set()
        self._refusals: Counter[int] = Counter()
        self._absent: dict[str, float] = {}
        self._present: set[str] = set()

    async def run(self) -> None:
        """Relay until cancelled; every failure is logged and tried again with a growing pause."""
        pause = 0.1
        try:
            while True:
                try:
                    sent = await self._pass()
                    pause = 0.1
                    if sent < CHUNK:
                        await self._rest()
                except (OSError, TimeoutError, KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    self.state.last_error = f"{type(error).__name__}: {error}"
                    LOG.warning("relay failed", error=self.state.last_error, retry_seconds=pause)
                    await self._drop_producer()
                    await self._drop_connection_if_broken(error)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 5.0)
        finally:
            await self._drop_producer()
            await self._drop_connection()

    async def _pass(self) -> int:
        """Send one chunk; return how many rows went."""
        conn = await self._shares()
        if not self.state.shards:
            return 0
        now = time.monotonic()
        absent = [topic for topic, until in self._absent.items() if until > now]
        rows = [
            row async for row in QUERIES.next_outbox(conn, shards=self.state.shards, absent_topics=absent, count=CHUNK)
        ]
        rows = await self._without_parked(conn, rows)
        if not rows:
            return 0
        await self._send(conn, rows)
        return len(rows)

    async def _send(self, conn: Connection, rows: Sequence[Any]) -> None:
        producer = await self._ready_producer()
        sending: list[asyncio.Future[Any]] = []
        ids: list[int] = []
        try:
            async with asyncio.timeout(SEND_SECONDS):
                for row in rows:
                    if not await self._exists(producer, row["topic"]):
                        continue
                    headers = [(name, value.encode()) for name, value in json.loads(row["headers"]).items()]
                    try:
                        future = await producer.send(
                            row["topic"], row["payload"], key=row["key"].encode(), headers=headers
                        )
                    except _REFUSALS as refusal:
                        await self._refused(conn, row, refusal)
                        break
                    sending.append(future)
                    ids.append(row["id"])
                await asyncio.gather(*sending)
        finally:
            for future in sending:
                future.cancel()
        await QUERIES.remove_outbox(conn, ids=ids)
        self.state.last_sent_at = time.time()
        self.state.sent_count += len(ids)
        self.state.last_error = None

    async def _exists(self, producer: Any, topic: str) -> bool:
        """Tell whether the broker has the topic; asking costs one metadata request, then it is remembered."""
        if topic in self._present:
            return True
        if self._absent.get(topic, 0) > time.monotonic():
            return False
        await producer.client.add_topic(topic)
        if not producer.client.cluster.partitions_for_topic(topic):
            await producer.client.force_metadata_update()
        if producer.client.cluster.partitions_for_topic(topic):
            self._present.add(topic)
            return True
        self._absent[topic] = time.monotonic() + ABSENT_SECONDS
        LOG.error("topic does not exist; its events wait in the outbox", topic=topic)
        self.state.last_error = f"topic {topic} does not exist; run `saman topics apply`"
        return False

    async def _refused(self, conn: Connection, row: Any, refusal: KafkaError) -> None:
        """Count a refusal that will repeat; after some, park the key so that the other keys go on."""
        self._refusals[row["id"]] += 1
        self.state.last_error = f"{type(refusal).__name__} on {row['topic']}"
        if self._refusals[row["id"]] < REFUSALS_BEFORE_PARKING:
            return
        del self._refusals[row["id"]]
        reason = f"{type(refusal).__name__}: {refusal}"
        LOG.error("event parked", topic=row["topic"], key=row["key"], reason=reason)
        self._parked.add((row["topic"], row["key"]))
        await QUERIES.park_outbox(conn, topic=row["topic"], key=row["key"], reason=reason)

    async def _without_parked(self, conn: Connection, rows: list[Any]) -> list[Any]:
        """Move rows whose key is parked to its parking place, and return the others."""
        if not self._parked:
            return rows
        for topic, key in {(row["topic"], row["key"]) for row in rows} & self._parked:
            await QUERIES.park_outbox(conn, topic=topic, key=key, reason="an earlier event of this key is parked")
        return [row for row in rows if (row["topic"], row["key"]) not in self._parked]

    async def _shares(self) -> Connection:
        """Hold this relay's share of the shards: all of them alone, an equal part beside other replicas."""
        if self._conn is None:
            self._conn = await self._database.direct()
            self.state.shards = []
            self._shared_at = 0.0
            self._parked = {(row["topic"], row["key"]) async for row in QUERIES.list_parked_keys(self._conn)}
        conn = self._conn
        if time.monotonic() - self._shared_at < SHARE_SECONDS:
            return conn
        self._shared_at = time.monotonic()
        relays = await QUERIES.count_relays(conn, application_name=f"{self._database.application_name} relay")
        share = -(-SHARD_COUNT // max(1, relays))
        held = self.state.shards
        while len(held) > share:
            await QUERIES.release_shard(conn, lock_class=LOCK_CLASS, shard=held.pop())
        for shard in range(SHARD_COUNT):
            if len(held) >= share:
                break
            if shard not in held and await QUERIES.take_shard(conn, lock_class=LOCK_CLASS, shard=shard):
                held.append(shard)
        return conn

    async def _rest(self) -> None:
        """Wait for the next commit of this process, or the poll that sees the others'."""
        try:
            await asyncio.wait_for(self._database.committed.wait(), POLL_SECONDS)
        except TimeoutError:
            return
        self._database.committed.clear()

    async def _ready_producer(self) -> Any:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **self._bus.client_options(),
                acks="all",
                enable_idempotence=True,
                linger_ms=2,
                request_timeout_ms=10_000,
            )
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await producer.start()
            except BaseException:
                await _stop(producer)
                raise
            self._producer = producer
            self._present.clear()
        return self._producer

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stop(producer)

    async def _drop_connection_if_broken(self, error: Exception) -> None:
        if isinstance(error, KafkaError) and self._conn is not None and not self._conn.is_closed():
            return
        await self._drop_connection()

    async def _drop_connection(self) -> None:
        conn, self._conn = self._conn, None
        self.state.shards = []
        if conn is not None:
            conn.terminate()


async def _stop(producer: Any) -> None:
    # Stopping an idempotent producer waits for batches that may never be acknowledged.
    try:
        await asyncio.wait_for(producer.stop(), 3)
    except (TimeoutError, KafkaError, OSError):
        LOG.warning("producer did not stop in time; it is left to the garbage collector")
