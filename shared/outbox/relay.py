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
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
)

from shared import faults
from shared.kafka.broker import BusSettings
from shared.kafka.posting import Posting
from shared.kafka.producer import BATCH_BYTES, abandon, start_producer
from shared.outbox.missing_topics import MissingTopics
from shared.outbox.shards import Shards
from shared.postgres.database import DRIVER_FAILURES, Connection, Database, in_short, load_queries

QUERIES = load_queries(__file__)
LOG = structlog.get_logger()

CHUNK = 1_000
"""Rows of one pass at most."""

POLL_SECONDS = 0.05
"""How late an event of another replica's transaction may be noticed; our own commits wake the relay
at once.
"""

ALONE_SECONDS = 0.5
"""The same while there is no other replica: then only commands for rare cases write events without
waking this relay, and a tenth of the polls takes a third off what an idle system costs.
"""

SEND_SECONDS = 10
"""An idempotent producer never gives up a batch while it knows a leader, so the wait is bounded
here.
"""

FINISH_SECONDS = 2
"""What a relay that is told to end may still take for the chunk that it has begun."""

REFUSALS_BEFORE_PARKING = 3
"""A limit may just be being raised; each refusal costs a new producer."""


@dataclass
class RelayState:
    """What the relay last saw, for the status page and the health check.

    Attributes:
        shards: those that it publishes.
        last_sent_at: seconds since 1970.
    """

    shards: list[int]
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
        self._shards = Shards(database)
        self.state = RelayState(self._shards.held)
        self._database = database
        self._bus = bus
        self._producer: Any = None
        self._topics = MissingTopics()
        self._refusals: Counter[int] = Counter()

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
                    if not isinstance(error, KafkaError) or not self._shards.is_connected:
                        self._shards.drop()
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 5.0)
        finally:
            await self._drop_producer()
            self._shards.drop()

    async def _pass(self) -> int:
        """Send one chunk; return how many rows were dealt with."""
        conn = await self._shards.share()
        if not self._shards.held:
            return 0
        rows = [
            row
            async for row in QUERIES.next_outbox(
                conn, shards=self._shards.held, absent_topics=self._topics.absent(), count=CHUNK
            )
        ]
        await self._follow_parked(conn, rows)
        self._shards.note_answer()
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
            async with self._shards.asking:
                await QUERIES.remove_outbox(conn, ids=sent)
            faults.point("relay.removed")
            self.state.last_sent_at = time.time()
            self.state.sent_count += len(sent)
        failed = [(row, error) for row, error in results if error is not None]
        for row, error in failed:
            await self._judge(conn, row, error)
        if failed or failure is not None:
            raise failure or failed[0][1]
        self.state.last_error = self._topics.complaint()

    async def _post_in_order(self, posting: Posting, rows: Sequence[Any]) -> None:
        """Hand the rows to the producer and wait until the broker has answered; stop where it
        refuses one.

        A row that the broker may refuse for itself goes alone: nothing that came before it is still
        under way, and nothing of its key is sent after it until it is known to have arrived.
        """
        await self._topics.look_up(self._producer, {row["topic"] for row in rows})
        for row in rows:
            if not self._topics.is_present(row["topic"]):
                continue
            if len(row["payload"] or b"") <= BATCH_BYTES and row["id"] not in self._refusals:
                await posting.add(row)
            elif await posting.add_alone(row) is not None:
                return
        await posting.send()
        faults.point("relay.sent")
        await posting.settle()

    async def _judge(self, conn: Connection, row: Any, error: Exception) -> None:
        """Draw the conclusion from a failed send that trying again would not change."""
        if isinstance(error, TopicAuthorizationFailedError | InvalidTopicError):
            self._topics.pass_over(row["topic"], f"may not be written to ({type(error).__name__})")
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

    async def _rest(self) -> None:
        """Wait for the next commit of this process, or the poll that sees the others'."""
        try:
            # Not `wait_for`: in Python 3.11 it swallows a cancellation that comes together with the
            # commit.
            async with asyncio.timeout(ALONE_SECONDS if self._shards.is_alone else POLL_SECONDS):
                await self._database.committed.wait()
        except TimeoutError:
            return
        self._database.committed.clear()

    async def _ready_producer(self) -> Any:
        if self._producer is None:
            self._producer = await start_producer(self._bus, self._shards.make_sure)
            self._topics.forget_present()
        return self._producer

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await abandon(producer)


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
