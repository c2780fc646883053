"""The order of what comes in."""

from datetime import datetime, timedelta
from typing import NamedTuple

TICK = timedelta(microseconds=1)
"""The least step between two moments that the log and the database can tell apart."""


def moment_after(decided_at: datetime | None, *, now: datetime) -> datetime:
    """Return the moment of a decision at a place where the last one was made at `decided_at`: now,
    or just after it.

    The clocks of two processes differ, one may be put back, and who waited for another looked at
    its own before. With moments that rise the order of decisions can be read from them, and what
    held at each.
    """
    return now if decided_at is None else max(now, decided_at + TICK)


class Arrival(NamedTuple):
    """Where something that was taken came from - `http` or its record's place in the log - and when
    it was taken.
    """

    origin: str
    taken_at: datetime


def is_overtaken(origin: str, timestamp: int | None, *, by: Arrival | None) -> bool:
    """Tell whether a record is read again behind one that came after it and was taken.

    A record that was refused leaves nothing by which it is known. Read again - in a replay, after a
    restore, from its dead letter - it may be good, and would replace what came later. Its offset
    alone does not tell: a log that was put back gives the same ones out anew.

    Args:
        origin: the place of the record in the log, or `http`.
        timestamp: when it came to the log, in milliseconds since 1970.
        by: what was taken; None where nothing was.
    """
    if by is None or timestamp is None or timestamp >= by.taken_at.timestamp() * 1000:
        return False
    (place, _, offset), (other, _, taken) = origin.rpartition("/"), by.origin.rpartition("/")
    return place == other != "" and int(offset) < int(taken)
