"""What follows from a try to deliver: delivered, try again at a certain time, or given up.

The schedule is the one that Standard Webhooks proposes (https://www.standardwebhooks.com,
"Deliverability and reliability"): ten tries in about three days. Mail keeps the same one, which
lies within the four to five days that RFC 5321 §4.5.4.1 has mail wait.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.notifications.channels.rules import (
    TRY_SECONDS_MAX,
    HeldBack,
    Never,
    NotNow,
    Outcome,
    Taken,
    Unwanted,
    bounded_retry_after,
)

WAIT_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Before the second try, the third, and so on."""

TRIES_MAX = len(WAIT_SECONDS) + 1
SPREAD = 0.1
"""Each wait is up to a tenth longer, so that what failed together is not tried again together."""

SLICE_SECONDS = 8.0
"""A sender works so long on one subscription; then only the try that is under way goes on."""

RECORD_SECONDS_MAX = 60.0
"""For reading what a try needs and keeping how it ended, when the database is slow."""

LEASE = timedelta(seconds=SLICE_SECONDS + TRY_SECONDS_MAX + RECORD_SECONDS_MAX)
"""Above the longest time that a sender works on one subscription, or two would send the same at
once. A sender that starts again does not wait for it: it gives back what an earlier run of its name
had taken.
"""


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
                attempts,
                now + timedelta(seconds=max(wait, bounded_retry_after(retry_after))),
                error,
            )


def _fraction(delivery_id: UUID) -> float:
    return (delivery_id.int % 1_000) / 1_000
