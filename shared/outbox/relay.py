"""The relay: publishes the outbox in order per key, at least once, and never gives up on its own.

One relay per process holds the session advisory locks of its shards on one connection. Rows are
deleted on that same connection after the broker acknowledged them: if the session was lost, so was
the right to delete, and another relay sends again. So nothing leaves long after the database's last
answer without asking it once more. A failed send is unknown, not failed; the producer is then
rebuilt, because an idempotent producer with a gap in its sequence refuses everything that follows.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)
from aiokafka.protocol.produce import ProduceRequest

from shared import faults
from shared.kafka import wire
from shared.kafka.broker import BusSettings
from shared.kafka.posting import Posting
from shared.outbox.outbox import SHARD_COUNT
from shared.postgres.database import (
    DRIVER_FAILURES,
    Connection,
    Database,
    in_short,
    load_queries,
)
from shared.postgres.locks import Lock

QUERIES = load_queries(__file__)
LOG = structlog.get_logger()

CHUNK = 1_000
POLL_SECONDS = 0.05
"""How late an event of another replica's transaction may be noticed; our own commits wake the relay
at once.
"""

ALONE_SECONDS = 0.5
"""Likewise while there is no other replica, and nobody else who writes events but commands for rare
cases: a tenth of the polls takes a third off what an idle system costs.
"""

SEND_SECONDS = 10
"""An idempotent producer never gives up a batch while it knows a leader, so the wait is bounded
here.
"""

EXPIRY_SECONDS = 30
"""When the client gives up a batch for which no leader is known. It must be above `SEND_SECONDS`:
the client would go on with the batches behind it, and later events would overtake.
"""

BATCH_BYTES = 262_144
"""aiokafka's batch size; only a larger event can be too large by itself."""

FRESH_SECONDS = 1.0
"""How long after the database's last answer something may leave unasked. A process that hung has
lost its shards when it wakes: what it held went out by another relay, and what is newer behind it.
"""

FINISH_SECONDS = 2
"""What a relay that is told to end may still take for the chunk that it has begun."""

CLOSE_SECONDS = 3
SHARE_SECONDS = 2.0
ABSENT_SECONDS = 2.0
"""How long rows of a topic that does not exist are passed over; other topics go on meanwhile."""

REFUSALS_BEFORE_PARKING = 3
"""A limit may just be being raised; each refusal costs a new producer."""


class ShardsLost(KafkaError):  # type: ignore[misc]  # the client has no types
    """The session that held the shards is gone, and what was to leave is another relay's by now."""


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
        self._asking = asyncio.Lock()
        self._answered_at = 0.0
        self._shared_at = 0.0
        self._is_alone = False
        self._refusals: Counter[int] = Counter()
        self._absent: dict[str, float] = {}
        self._reasons: dict[str, str] = {}
        self._present: set[str] = set()

    async def run(self) -> None:
        """Relay until cancelled; every failure is logged and tried again with a growing pause.

        A chunk that is under way is finished first: what the broker has and nobody has noted would
        go out once more, by a relay that could take over only when this one has given up on its
        producer.
        """
        pause = 0.1
        try:
            while True:
                try:
                    sent = await _finished(self._pass())
                    pause = 0.1
                    if sent < CHUNK:
                        await self._rest()
                except (KafkaError, *DRIVER_FAILURES) as error:
                    self.state.last_error = in_short(error)
                    LOG.warning(
                        "relay failed",
                        error=f"{type(error).__name__}: {error}",
                        retry_seconds=pause,
                    )
                    await self._drop_producer()
                    await self._drop_connection_if_broken(error)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 5.0)
        finally:
            await self._drop_producer()
            await self._drop_connection()

    async def _pass(self) -> int:
        """Send one chunk; return how many rows were dealt with."""
        conn = await self._shares()
        if not self.state.shards:
            return 0
        now = time.monotonic()
        absent = [topic for topic, until in self._absent.items() if until > now]
        rows = [
            row
            async for row in QUERIES.next_outbox(
                conn, shards=self.state.shards, absent_topics=absent, count=CHUNK
            )
        ]
        await self._follow_parked(conn, rows)
        self._answered_at = time.monotonic()
        free = [row for row in rows if not row["is_key_parked"]]
        if free:
            faults.point("relay.read")
            await self._send(conn, free)
        return len(rows)

    async def _send(self, conn: Connection, rows: Sequence[Any]) -> None:
        """Send rows in order and remove those that the broker has.

        Raises:
            KafkaError: some were not acknowledged. Whether the broker has them is unknown, so they
                are read again and sent by a new producer.
        """
        posting = Posting(await self._ready_producer())
        failure: KafkaError | None = None
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._post_in_order(posting, rows)
        except KafkaError as unsent:
            failure = unsent
        except (OSError, TimeoutError) as unanswered:
            failure = KafkaTimeoutError(
                f"no answer within {SEND_SECONDS} s ({type(unanswered).__name__})"
            )
        results = posting.outcomes()
        if sent := [row["id"] for row, error in results if error is None]:
            faults.point("relay.acknowledged")
            async with self._asking:
                await QUERIES.remove_outbox(conn, ids=sent)
            faults.point("relay.removed")
            self.state.last_sent_at = time.time()
            self.state.sent_count += len(sent)
        failed = [(row, error) for row, error in results if error is not None]
        for row, error in failed:
            await self._judge(conn, row, error)
        if failed or failure is not None:
            raise failure or failed[0][1]
        self.state.last_error = self._complaint()

    async def _post_in_order(self, posting: Posting, rows: Sequence[Any]) -> None:
        """Hand the rows to the producer and wait until the broker has answered; stop where it
        refuses one.

        A row that the broker may refuse for itself goes alone: nothing that came before it is still
        under way, and nothing of its key is sent after it until it is known to have arrived.
        """
        await self._learn({row["topic"] for row in rows})
        for row in rows:
            if row["topic"] not in self._present:
                continue
            if len(row["payload"] or b"") <= BATCH_BYTES and row["id"] not in self._refusals:
                await posting.add(row)
            elif await posting.add_alone(row) is not None:
                return
        await posting.send()
        faults.point("relay.sent")
        await posting.settle()

    async def _learn(self, topics: Collection[str]) -> None:
        """Find out which topics the broker has, with one request for all of them; those it has are
        remembered.
        """
        now = time.monotonic()
        asked = [
            topic
            for topic in topics
            if topic not in self._present and self._absent.get(topic, 0) <= now
        ]
        if not asked:
            return
        producer = self._producer
        for topic in asked:
            producer.client.add_topic(topic)
        await producer.client.force_metadata_update()
        for topic in asked:
            if producer.client.cluster.partitions_for_topic(topic):
                self._present.add(topic)
                self._absent.pop(topic, None)
            else:
                self._pass_over(topic, "does not exist; run `saman topics apply`")

    def _pass_over(self, topic: str, why: str) -> None:
        self._present.discard(topic)
        if topic not in self._absent:
            LOG.error("events wait in the outbox for their topic", topic=topic, why=why)
        self._absent[topic] = time.monotonic() + ABSENT_SECONDS
        self._reasons[topic] = why

    def _complaint(self) -> str | None:
        """Return which topics are passed over, and why."""
        return (
            "; ".join(f"topic {topic} {self._reasons[topic]}" for topic in sorted(self._absent))
            or None
        )

    async def _judge(self, conn: Connection, row: Any, error: Exception) -> None:
        """Draw the conclusion from a failed send that trying again would not change."""
        if isinstance(error, TopicAuthorizationFailedError | InvalidTopicError):
            self._pass_over(row["topic"], f"may not be written to ({type(error).__name__})")
        if not isinstance(error, MessageSizeTooLargeError | RecordListTooLargeError):
            return
        self._refusals[row["id"]] += 1
        if self._refusals[row["id"]] >= REFUSALS_BEFORE_PARKING:
            del self._refusals[row["id"]]
            await self._park(
                conn, row, f"{type(error).__name__}: {len(row['payload'])} bytes, {error}"
            )

    async def _park(self, conn: Connection, row: Any, reason: str) -> None:
        """Take a key's rows out of the way of the others; they wait for a person."""
        LOG.error("events parked", topic=row["topic"], key=row["key"], reason=reason)
        await QUERIES.park_outbox(conn, topic=row["topic"], key=row["key"], reason=reason)

    async def _follow_parked(self, conn: Connection, rows: Sequence[Any]) -> None:
        """Park what was written behind a parked event of its key, or it would overtake."""
        behind = {(row["topic"], row["key"]): row for row in rows if row["is_key_parked"]}
        for row in behind.values():
            await self._park(conn, row, "an earlier event of this key is parked")

    async def _shares(self) -> Connection:
        """Hold this relay's share of the shards: all of them alone, an equal part beside other
        replicas.
        """
        if self._conn is None:
            self._conn = await self._database.direct()
            self.state.shards = []
            self._shared_at = 0.0
        conn = self._conn
        if time.monotonic() - self._shared_at < SHARE_SECONDS:
            return conn
        self._shared_at = time.monotonic()
        relays = await QUERIES.count_relays(
            conn, application_name=f"{self._database.application_name} relay"
        )
        self._is_alone = relays <= 1
        share = -(-SHARD_COUNT // max(1, relays))
        held = self.state.shards
        while len(held) > share:
            await QUERIES.release_shard(conn, lock_class=Lock.OUTBOX_SHARD, shard=held.pop())
        for shard in range(SHARD_COUNT):
            if len(held) >= share:
                break
            if shard not in held and await QUERIES.take_shard(
                conn, lock_class=Lock.OUTBOX_SHARD, shard=shard
            ):
                held.append(shard)
        return conn

    async def _rest(self) -> None:
        """Wait for the next commit of this process, or the poll that sees the others'."""
        try:
            # Not `wait_for`: in Python 3.11 it swallows a cancellation that comes together with the
            # commit.
            async with asyncio.timeout(ALONE_SECONDS if self._is_alone else POLL_SECONDS):
                await self._database.committed.wait()
        except TimeoutError:
            return
        self._database.committed.clear()

    async def _ready_producer(self) -> Any:
        if self._producer is None:
            wire.install()
            producer = AIOKafkaProducer(
                **self._bus.client_options(),
                acks="all",
                enable_idempotence=True,
                linger_ms=2,
                max_batch_size=BATCH_BYTES,
                request_timeout_ms=EXPIRY_SECONDS * 1_000,
            )
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await producer.start()
            except (OSError, TimeoutError) as unanswered:
                await _abandon(producer)
                raise KafkaTimeoutError(f"no answer within {SEND_SECONDS} s") from unanswered
            except BaseException:
                await _abandon(producer)
                raise
            self._producer = producer
            self._present.clear()
            self._watch(producer)
        return self._producer

    def _watch(self, producer: Any) -> None:
        """Let nothing leave late that another relay may have sent already, be it handed to the
        producer before.
        """
        send = producer.client.send

        async def send_if_ours(node_id: int, request: Any, **how: Any) -> Any:
            if isinstance(request, ProduceRequest):
                await self._make_sure()
            return await send(node_id, request, **how)

        producer.client.send = send_if_ours

    async def _make_sure(self) -> None:
        """Ask for the session that holds the shards, if the database has not answered for a while.

        Raises:
            ShardsLost: it is gone.
        """
        async with self._asking:
            if time.monotonic() - self._answered_at < FRESH_SECONDS:
                return
            try:
                if self._conn is None:
                    raise ShardsLost
                await self._conn.execute("SELECT")
            except DRIVER_FAILURES as gone:
                raise ShardsLost(f"{type(gone).__name__}: {gone}") from gone
            self._answered_at = time.monotonic()

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await _abandon(producer)

    async def _drop_connection_if_broken(self, error: Exception) -> None:
        if isinstance(error, KafkaError) and self._conn is not None and not self._conn.is_closed():
            return
        await self._drop_connection()

    async def _drop_connection(self) -> None:
        conn, self._conn = self._conn, None
        self.state.shards = []
        if conn is not None:
            conn.terminate()


async def _finished(passing: Coroutine[Any, Any, int]) -> int:
    """Wait for a pass; when cancelled, give it a moment to come to its end."""
    task = asyncio.ensure_future(passing)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        try:
            await asyncio.wait([task], timeout=FINISH_SECONDS)
        finally:
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise


async def _abandon(producer: Any) -> None:
    """Close a producer without the flush that its `stop` insists on.

    That flush waits for batches that may never be acknowledged, and goes on sending beside the next
    producer.
    """
    producer._closed = True
    sender = producer._sender.sender_task if producer._sender is not None else None
    if sender is not None:
        sender.cancel()
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await producer.client.close()
            if sender is not None:
                await asyncio.wait([sender])
    except (TimeoutError, KafkaError, OSError):
        LOG.warning("producer did not close in time")
    if sender is None:
        return
    if not sender.done():
        sender.cancel()  # the first time it waits for the answer to what is under way, the second time for nothing
        await asyncio.wait([sender], timeout=CLOSE_SECONDS)
    if sender.done() and not sender.cancelled():
        sender.exception()  # has been seen
