"""Knowing a record whose handling kills the process, so that it is parked instead of killing every
process after it.

A counter in memory would die with the process, so beginnings are written down before the work and
taken back after it; one that is found without an end was a death. Only the first batch of a
partition after a start can be the one that killed the last run, because every later one follows a
commit of this process. So nothing is written in the long
run: two small statements per partition and start are the whole price.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Literal

from shared.delivery.records import Record
from shared.postgres.database import Database, load_queries

QUERIES = load_queries(__file__)

DEATHS_BEFORE_CARE = 2
"""After so many deaths in one batch it is handled in pieces, and a piece in which the process has
died before record by record, each counted for itself. The records are hardly ever to blame, and one
by one a large batch takes minutes.
"""

PIECE = 32
"""Offsets of a piece, counted from the beginning of the partition: the next process finds the same
pieces.
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
        """Write down that work on these begins; return in how many earlier processes it had no end,
        at most.

        May be called again when it failed, or when it is unknown whether it did: what this process
        has begun itself is no death. One of an earlier process, of which nothing was written then,
        may be forgotten for that.
        """
        is_again = self._open.get(scope) == list(records)
        self._open[scope] = list(records)
        async with self._database.transaction() as conn:
            if is_again:
                await QUERIES.close_deliveries(conn, scope=scope, **self._places(records))
            count: int = await QUERIES.begin_deliveries(conn, scope=scope, **self._places(records))
        return count

    async def end(self, scope: Scope, records: Sequence[Record]) -> None:
        """Take the beginning back: the work on these, the last of each partition, is done, and all
        within it.
        """
        within = SCOPES[SCOPES.index(scope) :]
        async with self._database.transaction() as conn:
            await QUERIES.end_deliveries(conn, scopes=within, **self._places(records))
        self._open.pop(scope, None)
        if scope == "batch":
            self._proven |= {(record.topic, record.partition) for record in records}

    async def rest(self) -> None:
        """Say that this process lives and only waits: were it ended now, the records would not be
        to blame.
        """
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
        """Say that this process lives and that somebody else will begin anew."""
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
