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
import time
from collections.abc import Sequence
from contextlib import suppress

import structlog

from shared import faults
from shared.audit import log as audit
from shared.clock import Clock
from shared.delivery import dead_letters
from shared.delivery.dead_letters import DeadLetter, Failure
from shared.delivery.deaths import CRASHED, DEATHS_BEFORE_BURIAL, DEATHS_BEFORE_CARE, Deaths, pieces
from shared.delivery.effects import Effects, ReadRecord
from shared.delivery.patience import Patience, logged
from shared.delivery.progress import Progress
from shared.delivery.records import Record
from shared.delivery.subscribe import Subscription
from shared.errors import Conflict, NotFound, RuleBroken, Unavailable
from shared.postgres.database import Database, in_short

LOG = structlog.get_logger()

GIVEN_BACK_SECONDS = 5.0
"""Pause before a batch is given back because of a fault of ours; without it, it would come again at
once.
"""


class Delivery:
    """Applies one subscription's batches.

    Args:
        subscription: whose records.
        database: the service's own.
        clock: the service's.
    """

    def __init__(self, subscription: Subscription, database: Database, clock: Clock) -> None:
        self.progress = Progress()
        self.effects = Effects(subscription, database, clock, self.progress)
        self._database = database
        self._consumer = subscription.group
        self._deaths = Deaths(database, subscription.group)
        self._patience = Patience(subscription.group, self._deaths, self.progress)

    @property
    def subscription(self) -> Subscription:
        """Whose records are applied."""
        return self.effects.subscription

    @property
    def stopping(self) -> asyncio.Event:
        """Set when the service stops; then nobody waits for the database any more."""
        return self._patience.stopping

    async def take(self, records: Sequence[Record]) -> None:
        """Apply a batch so that its offsets may be committed.

        Raises:
            Unavailable: the database stayed away too long; nothing was applied, fetch again.
            Exception: a fault of ours that could not even be made a dead letter; raised after a
                pause, fetch again.
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
                await self._patience.pause(GIVEN_BACK_SECONDS)
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
                read = self.effects.read(letter.record)
                if read.failure is not None:
                    raise read.failure.told
                await self.effects.handle(conn, [read])
                await dead_letters.settle(conn, letter_id, state="replayed")
        except (NotFound, Conflict, Unavailable):
            raise
        except Exception as error:
            LOG.warning(
                "replay failed", consumer=self._consumer, letter=letter_id, error=logged(error)
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
            await self._patience.finish(lambda: self.effects.pass_by(fetched))
            return
        watched = self._deaths.unproven(records)
        deaths = (
            await self._patience.finish(lambda: self._deaths.begin("batch", watched))
            if watched
            else 0
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
            await self._together([self.effects.read(record) for record in records], fetched)
        if watched:
            lasts = {(record.topic, record.partition): record for record in records}
            await self._patience.finish(lambda: self._deaths.end("batch", list(lasts.values())))

    async def _sifted(self, records: Sequence[Record]) -> Sequence[Record]:
        """Return the records that are of use here; the others are counted and leave no row."""
        sift = self.subscription.sift
        if sift is None:
            return records

        async def of_use() -> Sequence[Record]:
            async with self._database.connection() as conn:
                return await sift(records, conn)

        try:
            kept = await self._patience.finish(of_use)
        except Unavailable:
            raise
        except Exception:
            LOG.exception("nothing sifted out", consumer=self._consumer, count=len(records))
            return records
        self.progress.unused_count += len(records) - len(kept)
        return kept

    async def _together(self, reads: Sequence[ReadRecord], fetched: Sequence[Record]) -> None:
        try:
            await self._patience.finish(lambda: self.effects.apply(reads, fetched))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the door: whatever a handler raises is judged here
            LOG.warning(
                "batch redone one by one",
                consumer=self._consumer,
                count=len(reads),
                error=logged(error),
            )
            for read in reads:
                await self._alone(read)

    async def _in_a_piece(self, records: Sequence[Record]) -> None:
        """Handle a part of a batch that killed the service before; record by record if it was in
        this part.
        """
        deaths = await self._patience.finish(lambda: self._deaths.begin("piece", records[:1]))
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
            await self._together([self.effects.read(record) for record in records], records)
        await self._patience.finish(lambda: self._deaths.end("piece", records[-1:]))

    async def _carefully(self, record: Record) -> None:
        """Handle a record of a piece that killed the service before, but not more than some
        times.
        """
        deaths = await self._patience.finish(lambda: self._deaths.begin("record", [record]))
        if deaths >= DEATHS_BEFORE_BURIAL:
            error = f"the service died {deaths} times while it handled this record"
            await self._bury(ReadRecord(record, failure=Failure(CRASHED, error)))
        else:
            await self._alone(self.effects.read(record))
        await self._patience.finish(lambda: self._deaths.end("record", [record]))

    async def _alone(self, read: ReadRecord) -> None:
        if read.failure is not None:
            return await self._bury(read)
        try:
            await self._patience.finish(lambda: self.effects.apply([read], [read.record]))
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            await self._bury(ReadRecord(read.record, failure=Failure.of(error)))

    async def _bury(self, read: ReadRecord) -> None:
        assert read.failure is not None
        LOG.error(
            "record buried",
            consumer=self._consumer,
            origin=read.record.origin,
            code=read.failure.code,
        )
        try:
            await self._patience.finish(lambda: self.effects.apply([read], [read.record]))
        except Unavailable:
            raise
        except Exception:
            # Without its receipt rather than not at all: a partition must not stand still for a
            # receipt.
            LOG.exception(
                "no receipt for a buried record",
                consumer=self._consumer,
                origin=read.record.origin,
            )
            await self._patience.finish(
                lambda: self.effects.apply([read], [read.record], with_receipts=False)
            )
