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
SILENCES_BEFORE_PAUSE = 3
"""Tries in a row that a receiver left without an answer, over all subscriptions to it."""

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
        is_silent: no answer came at all, so the try took its place as long as a try may.
    """

    error: str
    retry_after_seconds: int | None = None
    is_silent: bool = False


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
    pause = max(pause, _pause_seconds(failures, FAILURES_BEFORE_PAUSE))
    return Health(
        failures, health.failing_since or now, now + timedelta(seconds=pause) if pause else None
    )


@dataclass(frozen=True, slots=True)
class Receiver:
    """How a receiver stands, whichever of its subscriptions was tried.

    Attributes:
        answers: the last try was answered, in whatever way. A receiver that has not answered yet
            shares places with all others of its kind.
        silences: tries in a row without an answer.
        paused_until: no subscription to it is tried before.
    """

    answers: bool = False
    silences: int = 0
    paused_until: datetime | None = None


def receiver_after(receiver: Receiver, outcome: Outcome, *, now: datetime) -> Receiver:
    """Return how a receiver stands after a try. What we held back tells nothing of it."""
    if isinstance(outcome, HeldBack):
        return receiver
    if not (isinstance(outcome, NotNow) and outcome.is_silent):
        return Receiver(answers=True)
    silences = receiver.silences + 1
    pause = _pause_seconds(silences, SILENCES_BEFORE_PAUSE)
    return Receiver(False, silences, now + timedelta(seconds=pause) if pause else None)


def places_for_one(places: int) -> int:
    """Return how many of a channel's places one receiver may hold at a time: a quarter."""
    return max(1, places // 4)


def places_for_unproven(places: int) -> int:
    """Return how many places all receivers may hold together that have not answered: half of them,
    so that those who answer are always served.
    """
    return max(1, places // 2)


def is_dead(health: Health, *, now: datetime) -> bool:
    """Tell whether a webhook's address has failed for so long that it is to be switched off."""
    return health.failing_since is not None and now - health.failing_since >= SUSPEND_AFTER


def _pause_seconds(failures: int, failures_before: int) -> int:
    """Return how long to rest after so many failures in a row; each further one doubles it."""
    if failures < failures_before:
        return 0
    doublings = min(failures - failures_before, 10)
    return min(PAUSE_SECONDS_MIN << doublings, PAUSE_SECONDS_MAX)


def bounded_retry_after(retry_after_seconds: int | None) -> int:
    """Return how long a receiver is left alone that asked for it, at most a day."""
    return max(0, min(retry_after_seconds or 0, RETRY_AFTER_SECONDS_MAX))
