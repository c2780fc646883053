"""What a batch of records does to the database: everything in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared import faults
from shared.clock import Clock
from shared.delivery import dead_letters, inbox
from shared.delivery.bounding import Bounded, Buried, bound
from shared.delivery.dead_letters import Failure
from shared.delivery.positions import Checkpoints
from shared.delivery.progress import Progress
from shared.delivery.records import Record, Unreadable, event_types, read_event
from shared.delivery.submissions import read_submission
from shared.delivery.subscribe import Subscription
from shared.events.envelope import Event
from shared.postgres.database import Connection, Database


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """A record and what was read out of it: content, a failure, or neither when it is of no use
    here.
    """

    record: Record
    content: Any = None
    failure: Failure | None = None


class Effects:
    """Reads one subscription's records, and writes what they do.

    Args:
        subscription: whose records.
        database: the service's.
        clock: the service's.
        progress: where the records are counted.
    """

    def __init__(
        self, subscription: Subscription, database: Database, clock: Clock, progress: Progress
    ) -> None:
        self.subscription = subscription
        self._database = database
        self._clock = clock
        self._progress = progress
        self._consumer = subscription.group
        self._checkpoints = Checkpoints(subscription.group)
        self._wanted = {event.type(): event for event in subscription.events}
        self._known = event_types()

    async def pass_by(self, records: Sequence[Record]) -> None:
        """Note that these were seen and are of no use here.

        The commit need not be on the disk yet: to forget it costs no more than seeing them again.
        """
        async with self._database.transaction() as conn:
            await conn.execute("SET LOCAL synchronous_commit TO off")
            await self._checkpoints.note(conn, records)
        self._checkpoints.remember(records)

    async def apply(
        self, reads: Sequence[ReadRecord], fetched: Sequence[Record], *, with_receipts: bool = True
    ) -> None:
        """Write in one transaction what these records do, and how far the consumer came.

        Args:
            reads: the records to apply; those with a failure become dead letters.
            fetched: all records up to which the consumer came.
            with_receipts: whether the publisher of a buried record is told.
        """
        async with self._database.transaction() as conn:
            repeated = await self.handle(conn, reads)
            buried = [(read.record, read.failure) for read in reads if read.failure is not None]
            bounded = await self._bound(conn, buried)
            for record, failure in bounded.letters:
                await self._bury(conn, record, failure, with_receipt=with_receipts)
            for record, failure in bounded.samples:
                await self._bury(conn, record, failure, with_receipt=False)
            if self.subscription.refuse is not None and with_receipts:
                for record, failure in bounded.told:
                    await self.subscription.refuse(conn, record, failure)
            await self._checkpoints.note(conn, fetched)
        self._checkpoints.remember(fetched)
        used = sum(read.content is not None for read in reads)
        self._progress.handled_count += used - repeated
        self._progress.repeated_count += repeated
        self._progress.buried_count += len(buried) - bounded.not_kept_count
        self._progress.not_kept_count += bounded.not_kept_count
        self._progress.unused_count += len(reads) - used - len(buried)

    async def _bound(self, conn: Connection, buried: Sequence[Buried]) -> Bounded:
        """Tell which records become letters; those of our own topics all do."""
        if not buried or not self.subscription.is_inbound:
            return Bounded(list(buried), [], [], 0)
        return await bound(conn, self._consumer, buried, letters_max=self.subscription.letters_max)

    async def _bury(
        self, conn: Connection, record: Record, failure: Failure, *, with_receipt: bool
    ) -> None:
        withhold, refuse = self.subscription.withhold, self.subscription.refuse
        withheld = withhold(record) if withhold is not None else None
        kept = record if withheld is None else record.emptied()
        await dead_letters.bury(conn, self._consumer, kept, withheld or failure)
        if refuse is not None and with_receipt:
            await refuse(conn, record, withheld or failure)
        faults.point("delivery.buried")

    async def handle(self, conn: Connection, reads: Sequence[ReadRecord]) -> int:
        """Call the handler with what is new; return how many were repetitions.

        Args:
            conn: inside the transaction of the effect.
            reads: the records; those without content are passed over.
        """
        contents = [read.content for read in reads if read.content is not None]
        fresh = contents
        if not self.subscription.is_inbound and contents:
            origins: dict[UUID, str] = {}
            for read in reads:
                if read.content is not None:
                    origins.setdefault(read.content.event_id, read.record.origin)
            new_ids = await inbox.claim(conn, self._consumer, list(origins.items()))
            fresh = _first_of_each(contents, new_ids)
        if fresh:
            faults.point("delivery.claimed")
            await self.subscription.handler(fresh, conn, self._clock.now())
            faults.point("delivery.handled")
        return len(contents) - len(fresh)

    def read(self, record: Record) -> ReadRecord:
        """Read one record on its own; what cannot be read is a failure of this record alone."""
        try:
            if self.subscription.is_inbound:
                return ReadRecord(record, read_submission(record, self._clock))
            return ReadRecord(record, read_event(record, self._wanted, self._known))
        except Unreadable as unreadable:
            return ReadRecord(record, failure=Failure.of(unreadable))


def _first_of_each(events: Sequence[Event], new_ids: set[Any]) -> list[Event]:
    """Keep the first of each new event: a relay that died may have sent it twice into one batch."""
    left = set(new_ids)
    fresh = []
    for event in events:
        if event.event_id in left:
            left.discard(event.event_id)
            fresh.append(event)
    return fresh
