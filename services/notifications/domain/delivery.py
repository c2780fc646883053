"""What follows from a try to deliver: delivered, try again at a certain time, or given up.

The schedule is the one that Standard Webhooks proposes (https://www.standardwebhooks.com,
"Deliverability and reliability"): ten tries in about three days. Mail keeps the same one, which
lies within the four to five days that RFC 5321 §4.5.4.1 has mail wait.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

WAIT_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Before the second try, the third, and so on."""

TRIES_MAX = len(WAIT_SECONDS) + 1
SPREAD = 0.1
"""Each wait is up to a tenth longer, so that what failed together is not tried again together."""

RETRY_AFTER_SECONDS_MAX = 86_400
"""A receiver that asks for more is asked again after a day."""

SLICE_SECONDS = 8.0
"""A sender works so long on one subscription; then only the try that is under way goes on."""

TRY_SECONDS_MAX = 61.0
"""The longest that a try may be set to take over any channel, from the first word to the last."""

RECORD_SECONDS_MAX = 60.0
"""For reading what a try needs and keeping how it ended, when the database is slow."""

LEASE = timedelta(seconds=SLICE_SECONDS + TRY_SECONDS_MAX + RECORD_SECONDS_MAX)
"""Above the longest time that a sender works on one subscription, or two would send the same at
once. A sender that starts again does not wait for it: it gives back what an earlier run of its name
had taken.
"""

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
class Waiting:
    """A delivery that is tried (again) from `next_try_at` on."""

    attempts: int
    next_try_at: datetime
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery that arrived, as far as the receiver's word goes."""

    attempts: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A delivery that was given up."""

    attempts: int
    last_error: str


def after_try(
    delivery_id: UUID, attempts: int, outcome: Outcome, *, now: datetime
) -> Waiting | Delivered | Failed:
    """Return what becomes of a delivery. What was held back was not tried, so it uses up no try.

    Args:
        delivery_id: spreads the waits.
        attempts: tries before this one.
        outcome: how this one ended.
        now: when it ended.
    """
    if isinstance(outcome, HeldBack):
        return Waiting(attempts, now + timedelta(seconds=outcome.wait_seconds), outcome.error)
    attempts += 1
    match outcome:
        case Taken():
            return Delivered(attempts)
        case Never(error) | Unwanted(error):
            return Failed(attempts, error)
        case NotNow(error) if attempts >= TRIES_MAX:
            return Failed(attempts, f"given up after {attempts} tries; last: {error}")
        case NotNow(error, retry_after):
            wait = WAIT_SECONDS[attempts - 1] * (1 + SPREAD * _fraction(delivery_id))
            return Waiting(
                attempts, now + timedelta(seconds=max(wait, _bounded(retry_after))), error
            )


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
    pause = _bounded(outcome.retry_after_seconds)
    if failures >= FAILURES_BEFORE_PAUSE:
        doublings = min(failures - FAILURES_BEFORE_PAUSE, 10)
        pause = max(pause, min(PAUSE_SECONDS_MIN * 2**doublings, PAUSE_SECONDS_MAX))
    return Health(
        failures, health.failing_since or now, now + timedelta(seconds=pause) if pause else None
    )


def is_dead(health: Health, *, now: datetime) -> bool:
    """Tell whether a webhook's address has failed for so long that it is to be switched off."""
    return health.failing_since is not None and now - health.failing_since >= SUSPEND_AFTER


def _fraction(delivery_id: UUID) -> float:
    return (delivery_id.int % 1_000) / 1_000


def _bounded(retry_after_seconds: int | None) -> int:
    return max(0, min(retry_after_seconds or 0, RETRY_AFTER_SECONDS_MAX))
