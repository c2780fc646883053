"""How a try to deliver may end, and how an address has been answering."""

from dataclasses import dataclass
from datetime import datetime, timedelta

TRY_SECONDS_MAX = 61.0
"""The longest that a try may be set to take over any channel, from the first word to the last."""

RETRY_AFTER_SECONDS_MAX = 86_400
"""A receiver that asks for more is asked again after a day."""

FAILURES_BEFORE_PAUSE = 5
PAUSE_SECONDS_MIN = 60
PAUSE_SECONDS_MAX = 3_600
SUSPEND_AFTER = timedelta(days=5)
"""A webhook where nothing arrived for so long is switched off, or what waits for it would grow
without end.
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """The receiver took it."""


@dataclass(frozen=True, slots=True)
class NotNow:
    """It may succeed later: no answer, an answer that says so, or nobody can tell whether it
    arrived.

    Attributes:
        error: a sentence without the address and without what the receiver wrote.
        retry_after_seconds: when the receiver wants to be asked again, if it said so.
    """

    error: str
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class HeldBack:
    """We did not try, because the receiver has got as much as one may get for now."""

    error: str
    wait_seconds: int


@dataclass(frozen=True, slots=True)
class Never:
    """The same again would be refused again."""

    error: str


@dataclass(frozen=True, slots=True)
class Unwanted:
    """The receiver wants nothing more of this subscription (410 Gone)."""

    error: str


Outcome = Taken | NotNow | HeldBack | Never | Unwanted


@dataclass(frozen=True, slots=True)
class Health:
    """How a subscription's address has been answering.

    Attributes:
        failures: tries in a row that failed for now.
        failing_since: the first of them.
        paused_until: nothing is tried before, so that a dead address does not take the time of the
            living.
    """

    failures: int = 0
    failing_since: datetime | None = None
    paused_until: datetime | None = None


def health_after(health: Health, outcome: Outcome, *, now: datetime) -> Health:
    """Return an address' health after a try; only a transient failure makes it worse.

    A receiver that names a time (`Retry-After`) means all deliveries to it, so they all wait; so do
    those that we hold back, which tells nothing of the address.
    """
    if isinstance(outcome, HeldBack):
        return Health(
            health.failures, health.failing_since, now + timedelta(seconds=outcome.wait_seconds)
        )
    if not isinstance(outcome, NotNow):
        return Health()
    failures = health.failures + 1
    pause = bounded_retry_after(outcome.retry_after_seconds)
    if failures >= FAILURES_BEFORE_PAUSE:
        doublings = min(failures - FAILURES_BEFORE_PAUSE, 10)
        pause = max(pause, min(PAUSE_SECONDS_MIN * 2**doublings, PAUSE_SECONDS_MAX))
    return Health(
        failures, health.failing_since or now, now + timedelta(seconds=pause) if pause else None
    )


def is_dead(health: Health, *, now: datetime) -> bool:
    """Tell whether a webhook's address has failed for so long that it is to be switched off."""
    return health.failing_since is not None and now - health.failing_since >= SUSPEND_AFTER


def bounded_retry_after(retry_after_seconds: int | None) -> int:
    """Return how long a receiver is left alone that asked for it, at most a day."""
    return max(0, min(retry_after_seconds or 0, RETRY_AFTER_SECONDS_MAX))
