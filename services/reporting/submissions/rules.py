"""The order of what comes in: by arrival, not by reading (CONTRACTS 2)."""

from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

TICK = timedelta(microseconds=1)
"""The least step between two moments that the log and the database can tell apart."""


def moment_after(decided_at: datetime | None, *, now: datetime) -> datetime:
    """Return the moment of a decision at a place where the last one was made at `decided_at`: now,
    or just after it.

    Two arrivals may lie in the same millisecond. With moments that rise, the order of decisions can
    be read from them, and what held at each.
    """
    return now if decided_at is None else max(now, decided_at + TICK)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Through(IntEnum):
    """The doors, in the order in which what came in the same millisecond counts."""

    KAFKA = 0
    HTTP = 1


class Arrival(NamedTuple):
    """When something came in, and through which door; what compares less came earlier.

    Attributes:
        millisecond: since 1970 by the clock of the stack: the broker's append time, or the
            request's.
        offset: of the record in its partition; 0 for a request.
    """

    millisecond: int
    door: Through
    offset: int

    @classmethod
    def of(cls, arrived_at: datetime, origin: str) -> "Arrival":
        """Return the arrival of something that came at a moment.

        Args:
            origin: `topic/partition/offset` of a record; anything else came over HTTP.
        """
        millisecond = (arrived_at - _EPOCH) // _MILLISECOND
        offset = origin.rpartition("/")[2]
        if offset.isdigit():
            return cls(millisecond, Through.KAFKA, int(offset))
        return cls(millisecond, Through.HTTP, 0)


def is_overtaken(arrival: Arrival, *, by: Arrival | None) -> bool:
    """Tell whether something that came later was taken already.

    That happens when two doors, or two publishers, are not read in the order of their arrivals, and
    when a record is read again: in a replay, after a restore, from its dead letter.

    Args:
        by: the latest arrival that was taken at the same place; none where nothing was.
    """
    return by is not None and arrival < by
