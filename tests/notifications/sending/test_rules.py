"""What follows from a try to deliver."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.notifications.channels.rules import (
    FAILURES_BEFORE_PAUSE,
    Health,
    HeldBack,
    Never,
    NotNow,
    Outcome,
    Taken,
    Unwanted,
    health_after,
    is_dead,
)
from services.notifications.sending.rules import TRIES_MAX, Delivered, Failed, Waiting, after_try

NOW = datetime(2013, 5, 7, 6, 0, tzinfo=UTC)
PROMPT = UUID(int=0)
LATE = UUID(int=999)


def test_ten_tries_are_spread_over_three_days() -> None:
    now, attempts, waits = NOW, 0, []
    while isinstance(after := after_try(PROMPT, attempts, NotNow("no answer"), now=now), Waiting):
        waits.append(int((after.next_try_at - now).total_seconds()))
        now, attempts = after.next_try_at, after.attempts
    assert waits == [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert isinstance(after, Failed)
    assert after.attempts == TRIES_MAX == 10
    assert "10 tries" in after.last_error
    assert timedelta(hours=75, minutes=35) <= now - NOW <= timedelta(hours=75, minutes=36)


def test_waits_differ_by_up_to_a_tenth_so_that_what_failed_together_is_not_tried_together() -> None:
    after = after_try(LATE, 1, NotNow("no answer"), now=NOW)
    assert isinstance(after, Waiting)
    assert timedelta(seconds=300) < after.next_try_at - NOW <= timedelta(seconds=330)


@pytest.mark.parametrize(
    ("asked", "waited"), [(None, 300), (10, 300), (900, 900), (10**9, 86_400), (-5, 300)]
)
def test_a_receiver_that_names_a_time_is_not_asked_before(asked: int | None, waited: int) -> None:
    after = after_try(PROMPT, 1, NotNow("429", retry_after_seconds=asked), now=NOW)
    assert isinstance(after, Waiting)
    assert (after.next_try_at - NOW).total_seconds() == waited


@pytest.mark.parametrize("attempts", [0, TRIES_MAX - 1, TRIES_MAX])
def test_what_we_hold_back_ourselves_is_no_try_and_is_never_given_up(attempts: int) -> None:
    after = after_try(LATE, attempts, HeldBack("the mailbox is full", wait_seconds=40), now=NOW)
    assert after == Waiting(attempts, NOW + timedelta(seconds=40), "the mailbox is full")


def test_an_address_that_is_held_back_waits_as_well_or_badly_as_it_was() -> None:
    health = health_after(
        Health(4, NOW - timedelta(days=1)), HeldBack("full", wait_seconds=40), now=NOW
    )
    assert health == Health(4, NOW - timedelta(days=1), NOW + timedelta(seconds=40))


@pytest.mark.parametrize(
    ("outcome", "after"),
    [
        (Taken(), Delivered(3)),
        (Never("550 no such user"), Failed(3, "550 no such user")),
        (Unwanted("410"), Failed(3, "410")),
    ],
)
def test_a_final_answer_ends_a_delivery_at_once(
    outcome: Outcome, after: Delivered | Failed
) -> None:
    assert after_try(PROMPT, 2, outcome, now=NOW) == after


def test_an_address_that_keeps_failing_rests_longer_and_longer_up_to_an_hour() -> None:
    health, pauses = Health(), []
    for _ in range(14):
        health = health_after(health, NotNow("no answer"), now=NOW)
        pauses.append(
            0 if health.paused_until is None else int((health.paused_until - NOW).total_seconds())
        )
    assert pauses[: FAILURES_BEFORE_PAUSE - 1] == [0, 0, 0, 0]
    assert pauses[FAILURES_BEFORE_PAUSE - 1 :] == [
        60,
        120,
        240,
        480,
        960,
        1_920,
        3_600,
        3_600,
        3_600,
        3_600,
    ]
    assert (health.failures, health.failing_since) == (14, NOW)


@pytest.mark.parametrize("outcome", [Taken(), Never("550"), Unwanted("410")])
def test_an_address_that_answers_is_well_again(outcome: Outcome) -> None:
    assert health_after(Health(7, NOW, NOW), outcome, now=NOW) == Health()


def test_a_receiver_that_names_a_time_is_left_alone_with_everything_until_then() -> None:
    health = health_after(Health(), NotNow("429", retry_after_seconds=120), now=NOW)
    assert health.paused_until == NOW + timedelta(seconds=120)


def test_an_address_is_dead_after_five_days_of_nothing_but_failures() -> None:
    health = Health(failures=90, failing_since=NOW)
    assert not is_dead(health, now=NOW + timedelta(days=4, hours=23))
    assert is_dead(health, now=NOW + timedelta(days=5))
    assert not is_dead(Health(), now=NOW)
