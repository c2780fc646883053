"""How long the one who asked still waits: set once at the door, heeded wherever something may not
answer.

Time-outs of single steps add up; a request that looks up its key, waits for a connection and then
meets a silent database would be held for the sum of them. So the door sets the end, and each wait
takes what is left until then. Work that nobody waits for, such as a consumer's, has no end set and
keeps the steps' own time-outs.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_end: ContextVar[float | None] = ContextVar("end", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let what is done in the block end after so many seconds, or sooner where an end was set
    around it.
    """
    token = _end.set(time.monotonic() + at_most(seconds))
    try:
        yield
    finally:
        _end.reset(token)


def start_anew(seconds: float) -> None:
    """Set the end of the block around this anew, counted from now: what took the time until now was
    not ours.
    """
    _end.set(time.monotonic() + seconds)


def seconds_left() -> float | None:
    """Return how long may still be waited; None where nobody waits, never below zero."""
    end = _end.get()
    return None if end is None else max(0.0, end - time.monotonic())


def at_most(seconds: float) -> float:
    """Return a step's own time-out, or what is left where that is less."""
    left = seconds_left()
    return seconds if left is None else min(seconds, left)
