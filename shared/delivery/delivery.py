"""What happens to every consumed batch: the one delivery policy of the house.

- Each record is read on its own, so that one bad record never hides its neighbours.
- The good ones go through the handler in one transaction with the inbox claim; offsets are
  committed after it.
- A transient error (database, network) backs off in place: the partition waits, the dead letters
  stay empty.
- A permanent error sends the batch through once more, record by record; the bad one becomes a dead
  letter.
- A record whose handling kills the process becomes one too, after some deaths (`deaths.py`).
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import structlog

from shared import faults
from shared.audit import log as audit
from shared.clock import Clock
from shared.delivery import dead_letters, inbox
from shared.delivery.dead_letters import DeadLetter, Failure
from shared.delivery.deaths import CRASHED, DEATHS_BEFORE_BURIAL, DEATHS_BEFORE_CARE, Deaths, pieces
from shared.delivery.positions import Advance, PutBack
from shared.delivery.records import Record, Unreadable, event_types, read_event
from shared.delivery.submissions import read_submission
from shared.delivery.subscribe import Subscription
from shared.errors import Conflict, NotFound, RuleBroken, Unavailable
from shared.events.envelope import Event
from shared.postgres.database import Connection, Database, in_short, is_transient

LOG = structlog.get_logger()

BACKOFF_SECONDS_MIN = 0.1
BACKOFF_SECONDS_MAX = 5.0
PATIENCE_SECONDS = 60.0
"""After this the batch is given back and fetched again, well below the poll interval at which the
broker evicts.
"""

GIVEN_BACK_SECONDS = 5.0
"""Before a batch is given back because of a fault of ours; the broker would hand it out again at
once.
"""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Letter:
    """A record and what was read out of it: content, a failure, or neither when it is of no use
    here.
    """

    record: Record
    content: Any = None
    failure: Failure | None = None


@dataclass
class Progress:
    """What a subscription did so far in this process, for health checks, figures and the status
    page.
    """

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
        self.stopping = asyncio.Event()
        """Set when the service stops: nobody then waits for what does not answer."""
        self._subscription = subscription
        self._database = database
        self._clock = clock
        self._consumer = subscription.group
        self._deaths = Deaths(database, subscription.group)
        self._advance = Advance(subscription.group)
        self._wanted = {event.type(): event for event in subscription.events}
        self._known = event_types()

    async def take(self, records: Sequence[Record]) -> None:
        """Apply a batch so that its offsets may be committed.

        Raises:
            Unavailable: the database stayed away longer than our patience; nothing was applied,
                fetch again.
            Exception: a fault of ours that not even a dead letter could be made of; after a pause,
                fetch again.
        """
        audit.act_as(audit.Actor(source=self._consumer))
        faults.point("delivery.fetched")
        try:
            await self._take(records)
            faults.point("delivery.committed")
        except Exception as error:
            self.progress.last_error = in_short(error)
            with suppress(Unavailable):
                await self._deaths.give_up()
            if not isinstance(error, Unavailable):
                LOG.exception("batch given back", consumer=self._consumer, count=len(records))
                await self._pause(GIVEN_BACK_SECONDS)
            raise
        self.progress.last_handled_at = time.time()
        self.progress.last_error = None

    async def replay(self, letter_id: int) -> DeadLetter:
        """Hand a dead letter's record to this consumer again, and mark it replayed when that
        succeeds.

        Effect, inbox claim and mark are one transaction. The event keeps its id, so a record that
        was applied in the meantime has no second effect; nobody else receives it.

        Raises:
            NotFound: no letter of this consumer has this id.
            Conflict: `dead-letter-settled`; it was replayed or discarded before.
                `dead-letter-empty`; its record must not be kept, so there is nothing to hand over.
            RuleBroken: the record still cannot be read, or the handler still says no; the letter
                waits on.
            Unavailable: the database does not answer now.
        """
        try:
            async with self._database.transaction() as conn:
                letter = await dead_letters.get_waiting(conn, letter_id, consumer=self._consumer)
                assert letter.record is not None
                if letter.record.is_empty:
                    raise Conflict(
                        f"nothing of the record of dead letter {letter_id} was kept ({letter.code}:"
                        f" {letter.error}); discard it; who sent it has to send it again",
                        code="dead-letter-empty",
                    )
                read = self._read(letter.record)
                if read.failure is not None:
                    raise read.failure.told
                await self._handle(conn, [read])
                await dead_letters.settle(conn, letter_id, state="replayed")
        except (NotFound, Conflict, Unavailable):
            raise
        except Exception as error:
            LOG.warning(
                "replay failed", consumer=self._consumer, letter=letter_id, error=_logged(error)
            )
            failure = Failure.of(error)
            async with self._database.transaction() as conn:
                await dead_letters.note_failed_replay(conn, letter_id, failure)
            why = (
                f"a fault on our side, {failure.code}; the letter says where"
                if failure.is_surprise
                else failure.error
            )
            raise RuleBroken(
                f"dead letter {letter_id} failed again: {why}", code=failure.code
            ) from error
        async with self._database.connection() as conn:
            return await dead_letters.get(conn, letter_id)

    async def _take(self, fetched: Sequence[Record]) -> None:
        records = await self._sifted(fetched)
        if not records:
            await self._patiently(lambda: self._pass_by(fetched))
            return
        watched = self._deaths.unproven(records)
        deaths = (
            await self._patiently(lambda: self._deaths.begin("batch", watched)) if watched else 0
        )
        if deaths >= DEATHS_BEFORE_CARE:
            LOG.warning(
                "batch handled in pieces",
                consumer=self._consumer,
                count=len(records),
                deaths=deaths,
            )
            for piece in pieces(records):
                await self._in_a_piece(piece)
        else:
            await self._together([self._read(record) for record in records], fetched)
        if watched:
            lasts = {(record.topic, record.partition): record for record in records}
            await self._patiently(lambda: self._deaths.end("batch", list(lasts.values())))

    async def _sifted(self, records: Sequence[Record]) -> Sequence[Record]:
        """Return the records that are of use here; the others are counted and leave no row."""
        sift = self._subscription.sift
        if sift is None:
            return records

        async def of_use() -> Sequence[Record]:
            async with self._database.connection() as conn:
                return await sift(records, conn)

        try:
            kept = await self._patiently(of_use)
        except Unavailable:
            raise
        except Exception:
            LOG.exception("nothing sifted out", consumer=self._consumer, count=len(records))
            return records
        self.progress.unused_count += len(records) - len(kept)
        return kept

    async def _pass_by(self, records: Sequence[Record]) -> None:
        """Note that these were seen and are of no use here; to forget it costs no more than seeing
        them again.
        """
        async with self._database.transaction() as conn:
            await conn.execute("SET LOCAL synchronous_commit TO off")
            await self._advance.note(conn, records)
        self._advance.remember(records)

    async def _together(self, letters: Sequence[Letter], fetched: Sequence[Record]) -> None:
        try:
            await self._patiently(lambda: self._apply(letters, fetched))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the door: whatever a handler raises is judged here
            LOG.warning(
                "batch redone one by one",
                consumer=self._consumer,
                count=len(letters),
                error=_logged(error),
            )
            for letter in letters:
                await self._alone(letter)

    async def _in_a_piece(self, records: Sequence[Record]) -> None:
        """Handle a part of a batch that killed the service before; record by record if it was in
        this part.
        """
        deaths = await self._patiently(lambda: self._deaths.begin("piece", records[:1]))
        if deaths or len(records) == 1:
            LOG.warning(
                "records handled one by one",
                consumer=self._consumer,
                count=len(records),
                deaths=deaths,
            )
            for record in records:
                await self._carefully(record)
        else:
            await self._together([self._read(record) for record in records], records)
        await self._patiently(lambda: self._deaths.end("piece", records[-1:]))

    async def _carefully(self, record: Record) -> None:
        """Handle a record of a piece that killed the service before, but not more than some
        times.
        """
        deaths = await self._patiently(lambda: self._deaths.begin("record", [record]))
        if deaths >= DEATHS_BEFORE_BURIAL:
            error = f"the service died {deaths} times while it handled this record"
            await self._bury(Letter(record, failure=Failure(CRASHED, error)))
        else:
            await self._alone(self._read(record))
        await self._patiently(lambda: self._deaths.end("record", [record]))

    async def _alone(self, letter: Letter) -> None:
        if letter.failure is not None:
            return await self._bury(letter)
        try:
            await self._patiently(lambda: self._apply([letter], [letter.record]))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            await self._bury(Letter(letter.record, failure=Failure.of(error)))

    async def _bury(self, letter: Letter) -> None:
        assert letter.failure is not None
        LOG.error(
            "record buried",
            consumer=self._consumer,
            origin=letter.record.origin,
            code=letter.failure.code,
        )
        try:
            await self._patiently(lambda: self._apply([letter], [letter.record]))
        except Unavailable:
            raise
        except Exception:
            # Without its receipt rather than not at all: a partition must not stand still for a
            # receipt.
            LOG.exception(
                "no receipt for a buried record",
                consumer=self._consumer,
                origin=letter.record.origin,
            )
            await self._patiently(
                lambda: self._apply([letter], [letter.record], with_receipts=False)
            )

    async def _apply(
        self, letters: Sequence[Letter], fetched: Sequence[Record], *, with_receipts: bool = True
    ) -> None:
        """Write in one transaction what these letters do, and how far the consumer came with what
        was fetched.
        """
        async with self._database.transaction() as conn:
            repeated = await self._handle(conn, letters)
            buried = [
                (letter.record, letter.failure) for letter in letters if letter.failure is not None
            ]
            for record, failure in buried:
                withheld = (
                    self._subscription.withhold(record)
                    if self._subscription.withhold is not None
                    else None
                )
                kept = record if withheld is None else record.emptied()
                await dead_letters.bury(conn, self._consumer, kept, withheld or failure)
                if self._subscription.refuse is not None and with_receipts:
                    await self._subscription.refuse(conn, record, withheld or failure)
                faults.point("delivery.buried")
            await self._advance.note(conn, fetched)
        self._advance.remember(fetched)
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
            origins: dict[UUID, str] = {}
            for letter in letters:
                if letter.content is not None:
                    origins.setdefault(letter.content.event_id, letter.record.origin)
            new_ids = await inbox.claim(conn, self._consumer, list(origins.items()))
            fresh = _first_of_each(contents, new_ids)
        if fresh:
            faults.point("delivery.claimed")
            await self._subscription.handler(fresh, conn, self._clock.now())
            faults.point("delivery.handled")
        return len(contents) - len(fresh)

    def _read(self, record: Record) -> Letter:
        try:
            if self._subscription.is_inbound:
                return Letter(record, read_submission(record))
            return Letter(record, read_event(record, self._wanted, self._known))
        except Unreadable as unreadable:
            return Letter(record, failure=Failure.of(unreadable))

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work, backing off while what stands in the way is transient.

        Raises:
            Unavailable: it stayed in the way for too long, or the service stops.
            Exception: whatever permanent the work raised.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        pause = BACKOFF_SECONDS_MIN
        while True:
            try:
                await self._deaths.resume()
                return await work()
            except Exception as error:
                if isinstance(error, PutBack) or not is_transient(error):
                    raise
                self.progress.last_error = in_short(error)
                with suppress(Unavailable):
                    await self._deaths.rest()
                if time.monotonic() > deadline or self.stopping.is_set():
                    raise Unavailable(
                        f"{self._consumer} waits: {self.progress.last_error}"
                    ) from error
                LOG.warning(
                    "delivery waits",
                    consumer=self._consumer,
                    error=_logged(error),
                    cause=str(error.__cause__ or "")[:300],
                    seconds=pause,
                )
                await self._pause(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not secrecy
                pause = min(pause * 2, BACKOFF_SECONDS_MAX)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)


def _logged(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def _first_of_each(events: Sequence[Event], new_ids: set[Any]) -> list[Event]:
    """Keep the first of each new event: a relay that died may have sent it twice into one batch."""
    left = set(new_ids)
    fresh = []
    for event in events:
        if event.event_id in left:
            left.discard(event.event_id)
            fresh.append(event)
    return fresh
