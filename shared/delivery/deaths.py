"""Finds a record whose handling kills the process, so that it becomes a dead letter instead of
killing every process after it.

A counter in memory would die with the process. So the beginning of the work is written to the
database before it, and removed after it; a beginning that a later process finds was a death. Only
the first batch of a partition after a start can have killed the process before, because every later
batch follows a commit of this process. So the price is two small statements per partition and
start.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Literal

from shared.delivery.records import Record
from shared.postgres.database import Database, load_queries

QUERIES = load_queries(__file__)

DEATHS_BEFORE_CARE = 2
"""After so many deaths in one batch it is handled in pieces, and a piece in which the process died
before is handled record by record, each with a count of its own. Not the whole batch at once: it
would take minutes, and its records are hardly ever to blame.
"""

PIECE = 32
"""Offsets in a piece, counted from the beginning of the partition, so that the next process makes
the same pieces.
"""

DEATHS_BEFORE_BURIAL = 3
"""After so many deaths in one record it becomes a dead letter, so that its neighbours can go on."""

CRASHED = "handler-crashed"
"""The code of such a dead letter."""

Scope = Literal["batch", "piece", "record"]
SCOPES: tuple[Scope, ...] = ("batch", "piece", "record")
"""Each within the one before."""


def pieces(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Yield a batch in pieces, each of one partition and in order."""
    for _, piece in groupby(
        records, lambda record: (record.topic, record.partition, record.offset // PIECE)
    ):
        yield list(piece)


class Deaths:
    """Counts the deaths in one consumer's records.

    Args:
        database: where the beginnings are written.
        consumer: the consumer group.
    """

    def __init__(self, database: Database, consumer: str) -> None:
        self._database = database
        self._consumer = consumer
        self._proven: set[tuple[str, int]] = set()
        self._open: dict[Scope, list[Record]] = {}
        self._is_resting = False

    def unproven(self, records: Iterable[Record]) -> list[Record]:
        """Return the first record of each partition of which this process has not yet finished a
        batch.
        """
        firsts: dict[tuple[str, int], Record] = {}
        for record in records:
            if (record.topic, record.partition) not in self._proven:
                firsts.setdefault((record.topic, record.partition), record)
        return list(firsts.values())

    async def begin(self, scope: Scope, records: Sequence[Record]) -> int:
        """Write down that work on these records begins; return how many earlier processes died in
        it: the highest count among the records.

        May be called again when it failed, or when it is unknown whether it did: a beginning of
        this process is no death. A death of an earlier process may be forgotten by that.
        """
        is_again = self._open.get(scope) == list(records)
        self._open[scope] = list(records)
        async with self._database.transaction() as conn:
            if is_again:
                await QUERIES.close_deliveries(conn, scope=scope, **self._places(records))
            count: int = await QUERIES.begin_deliveries(conn, scope=scope, **self._places(records))
        return count

    async def end(self, scope: Scope, records: Sequence[Record]) -> None:
        """Remove the beginnings: the work up to these records, one per partition, is done."""
        within = SCOPES[SCOPES.index(scope) :]
        async with self._database.transaction() as conn:
            await QUERIES.end_deliveries(conn, scopes=within, **self._places(records))
        self._open.pop(scope, None)
        if scope == "batch":
            self._proven |= {(record.topic, record.partition) for record in records}

    async def rest(self) -> None:
        """Say that this process only waits; if it is ended now, the records are not to blame."""
        for scope, records in self._open.items():
            async with self._database.transaction() as conn:
                await QUERIES.close_deliveries(conn, scope=scope, **self._places(records))
            self._is_resting = True

    async def resume(self) -> None:
        """Say that the work goes on after a rest."""
        if self._is_resting:
            for scope, records in list(self._open.items()):
                await self.begin(scope, records)
            self._is_resting = False

    async def give_up(self) -> None:
        """Say that this process gives the work up, alive; whoever fetches it begins again."""
        try:
            await self.rest()
        finally:
            self._open.clear()
            self._is_resting = False

    def _places(self, records: Sequence[Record]) -> dict[str, Any]:
        return {
            "consumer": self._consumer,
            "topics": [record.topic for record in records],
            "partitions": [record.partition for record in records],
            "offsets": [record.offset for record in records],
        }
