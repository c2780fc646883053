"""How a receiver stands after tries, and how many places it may hold."""

from datetime import UTC, datetime, timedelta

import pytest

from services.notifications.channels.rules import (
    HeldBack,
    Never,
    NotNow,
    Outcome,
    Receiver,
    Taken,
    places_for_one,
    places_for_unproven,
    receiver_after,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SILENT = NotNow("no answer", is_silent=True)


def later(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("before", "outcome", "after"),
    [
        (Receiver(), Taken(), Receiver(answers=True)),
        (Receiver(silences=7, paused_until=NOW), NotNow("500"), Receiver(answers=True)),
        (Receiver(silences=7, paused_until=NOW), Never("404"), Receiver(answers=True)),
        (Receiver(answers=True), SILENT, Receiver(silences=1)),
        (Receiver(silences=1), SILENT, Receiver(silences=2)),
        (Receiver(silences=2), SILENT, Receiver(silences=3, paused_until=later(60))),
        (Receiver(silences=3), SILENT, Receiver(silences=4, paused_until=later(120))),
        (Receiver(silences=50), SILENT, Receiver(silences=51, paused_until=later(3_600))),
        (Receiver(silences=2), HeldBack("full", 60), Receiver(silences=2)),
    ],
)
def test_only_silence_makes_a_receiver_rest(
    before: Receiver, outcome: Outcome, after: Receiver
) -> None:
    assert receiver_after(before, outcome, now=NOW) == after


@pytest.mark.parametrize(
    ("places", "for_one", "for_unproven"),
    [(1, 1, 1), (2, 1, 1), (4, 1, 2), (16, 4, 8), (50, 12, 25)],
)
def test_one_receiver_holds_a_quarter_and_the_unproven_together_half(
    places: int, for_one: int, for_unproven: int
) -> None:
    assert places_for_one(places) == for_one
    assert places_for_unproven(places) == for_unproven
