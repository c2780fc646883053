"""What happens to every consumed batch: the one delivery policy of the house.

- Each record is read on its own, so that one bad record never hides its neighbours.
- The good ones go through the handler in one transaction with the inbox claim; offsets are committed after it.
- A transient error (database, network) backs off in place: the partition waits, the dead letters stay empty.
- A permanent error sends the batch through once more, record by record; the bad one becomes a dead letter.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from shared.clock import Clock
from shared.database import Connection, Database, is_transient
from shared.errors import Unavailable
from shared.events.envelope import Event
from shared.messaging import dead_letters, inbox
from shared.messaging.dead_letters import Failure
from shared.messaging.records import Record, Unreadable, event_types, read_event, read_submission
from shared.messaging.subscribe import Subscription

LOG = structlog.get_logger()

BACKOFF_SECONDS_MIN = 0.1
BACKOFF_SECONDS_MAX = 5.0
PATIENCE_SECONDS = 60.0
"""After this the batch is given back and fetched again, well below the poll interval at which the broker evicts."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A record and what was read out of it: content, a failure, or neither when it is of no use here."""

    record: Record
    content: Any = None
    failure: Failure | None = None


@dataclass
class Progress:
    """What a subscription did so far in this process, for health checks, figures and the status page."""

    handled_count: int = 0
    repeated_count: int = 0
    unused_count: int = 0
    buried_count: int = 0
    last_handled_at: float | None = None
    last_error: str | None = None


class Delivery:
    """Applies one subscription's batches.

    Args:
        subscription: whose records.
        database: the service's own.
        clock: the service's.
    """

    def __init__(self, subscription: Subscription, database: Database, clock: Clock) -> None:
        self.progress = Progress()
        self._subscription = subscription
        self._database = database
        self._clock = clock
        self._consumer = subscription.group
        self._wanted = {event.type(): event for event in subscription.events}
        self._known = event_types()

    async def take(self, records: Sequence[Record]) -> None:
        """Apply a batch so that its offsets may be committed.

        Raises:
            Unavailable: the database stayed away longer than our patience; nothing was applied, fetch again.
        """
        letters = [self._read(record) for record in records]
        try:
            await self._patiently(lambda: self._apply(letters))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the door: whatever a handler raises is judged here
            LOG.warning("batch redone one by one", consumer=self._consumer, count=len(letters), error=repr(error)[:300])
            for letter in letters:
                await self._alone(letter)
        self.progress.last_handled_at = time.time()
        self.progress.last_error = None

    async def _alone(self, letter: Letter) -> None:
        try:
            await self._patiently(lambda: self._apply([letter]))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            failure = Failure.of(error)
            LOG.error("record buried", consumer=self._consumer, origin=letter.record.origin, code=failure.code)
            dead = Letter(letter.record, failure=failure)
            await self._patiently(lambda: self._apply([dead]))

    async def _apply(self, letters: Sequence[Letter]) -> None:
        async with self._database.transaction() as conn:
            repeated = await self._handle(conn, letters)
            buried = [letter for letter in letters if letter.failure is not None]
            for letter in buried:
                assert letter.failure is not None
                await dead_letters.bury(conn, self._consumer, letter.record, letter.failure)
                if self._subscription.refuse is not None:
                    await self._subscription.refuse(conn, letter.record, letter.failure)
        used = sum(letter.content is not None for letter in letters)
        self.progress.handled_count += used - repeated
        self.progress.repeated_count += repeated
        self.progress.buried_count += len(buried)
        self.progress.unused_count += len(letters) - used - len(buried)

    async def _handle(self, conn: Connection, letters: Sequence[Letter]) -> int:
        """Call the handler with what is new; return how many were repetitions."""
        contents = [letter.content for letter in letters if letter.content is not None]
        fresh = contents
        if not self._subscription.is_inbound and contents:
            origins = {
                letter.content.event_id: letter.record.origin for letter in letters if letter.content is not None
            }
            new_ids = await inbox.claim(conn, self._consumer, list(origins.items()))
            fresh = _first_of_each(contents, new_ids)
        if fresh:
            await self._subscription.handler(fresh, conn, self._clock.now())
        return len(contents) - len(fresh)

    def _read(self, record: Record) -> Letter:
        try:
            if self._subscription.is_inbound:
                return Letter(record, read_submission(record))
            return Letter(record, read_event(record, self._wanted, self._known))
        except Unreadable as unreadable:
            return Letter(record, failure=Failure.of(unreadable))

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work, backing off while what stands in the way is transient.

        Raises:
            Unavailable: it stayed in the way for too long.
            Exception: whatever permanent the work raised.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        pause = BACKOFF_SECONDS_MIN
        while True:
            try:
                return await work()
            except Exception as error:
                if not is_transient(error):
                    raise
                self.progress.last_error = f"{type(error).__name__}: {error}"[:300]
                if time.monotonic() > deadline:
                    raise Unavailable(f"{self._consumer} waits: {self.progress.last_error}") from error
                LOG.warning("delivery waits", consumer=self._consumer, error=self.progress.last_error, seconds=pause)
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not secrecy
                pause = min(pause * 2, BACKOFF_SECONDS_MAX)


def _first_of_each(events: Sequence[Event], new_ids: set[Any]) -> list[Event]:
    """Keep the first of each new event: a relay that died may have sent it twice into one batch."""
    left = set(new_ids)
    fresh = []
    for event in events:
        if event.event_id in left:
            left.discard(event.event_id)
            fresh.append(event)
    return fresh
