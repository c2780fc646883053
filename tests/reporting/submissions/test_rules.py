"""The order of what comes in."""

from datetime import datetime, timedelta

import pytest

from services.reporting.submissions.rules import TICK, moment_after
from tests.reporting.factories import NOW


@pytest.mark.parametrize(
    ("decided_at", "moment"),
    [
        (None, NOW),
        (NOW - TICK, NOW),
        (NOW, NOW + TICK),
        (NOW + timedelta(hours=1), NOW + timedelta(hours=1) + TICK),
    ],
)
def test_a_decision_has_a_moment_after_those_before_it_at_its_place(
    decided_at: datetime | None, moment: datetime
) -> None:
    assert moment_after(decided_at, now=NOW) == moment
