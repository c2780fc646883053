"""The deadline of a request: set once at the door, and kept by every wait behind it.

Time-outs of single steps add up: a request that looks up its key, waits for a connection and then
meets a silent database would be held for their sum. So the door sets a deadline, and each step
waits no longer than until then. Work without a caller, such as a consumer's, has no deadline; there
the steps keep their own time-outs.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_end: ContextVar[float | None] = ContextVar("end", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Set a deadline for the block, so many seconds from now; an earlier one goes on to hold."""
    token = _end.set(time.monotonic() + at_most(seconds))
    try:
        yield
    finally:
        _end.reset(token)


def start_anew(seconds: float) -> None:
    """Set the deadline of the block around this again, counted from now, because the time until now
    was taken by the client and not by us.
    """
    _end.set(time.monotonic() + seconds)


def seconds_left() -> float | None:
    """Return the seconds until the deadline, at least 0; None where there is no deadline."""
    end = _end.get()
    return None if end is None else max(0.0, end - time.monotonic())


def at_most(seconds: float) -> float:
    """Return a step's own time-out, or the time until the deadline if that is shorter."""
    left = seconds_left()
    return seconds if left is None else min(seconds, left)
