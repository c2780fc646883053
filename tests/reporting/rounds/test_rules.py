"""The rules by which a report is owed, as tables."""

from datetime import UTC, date, datetime

import pytest

from services.reporting.heard.rules import Project
from services.reporting.rounds.rules import days_late, state_on
from shared.clock import local_date
from shared.errors import RuleBroken
from tests.reporting.factories import annual_round

VEFSN = Project("vefsn-naervaer", "saman-2011", "pulje-1", ("sickness-absence",), None)


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2013, 1, 1), "not_due"),
        (date(2013, 1, 2), "due"),
        (date(2013, 2, 1), "due"),
        (date(2013, 2, 2), "overdue"),
    ],
)
def test_a_report_is_due_to_the_end_of_the_due_day(today: date, state: str) -> None:
    assert state_on(annual_round().opens_on, annual_round().due_on, today) == state


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2013, 2, 1, 22, 59, 59, tzinfo=UTC), date(2013, 2, 1)),
        (datetime(2013, 2, 1, 23, 0, 0, tzinfo=UTC), date(2013, 2, 2)),
        # The night before summer time begins, and the one after it began: midnight moves by an
        # hour.
        (datetime(2013, 3, 30, 22, 59, 59, tzinfo=UTC), date(2013, 3, 30)),
        (datetime(2013, 3, 30, 23, 0, 0, tzinfo=UTC), date(2013, 3, 31)),
        (datetime(2013, 3, 31, 21, 59, 59, tzinfo=UTC), date(2013, 3, 31)),
        (datetime(2013, 3, 31, 22, 0, 0, tzinfo=UTC), date(2013, 4, 1)),
        # And the other way in autumn.
        (datetime(2013, 10, 26, 21, 59, 59, tzinfo=UTC), date(2013, 10, 26)),
        (datetime(2013, 10, 26, 22, 0, 0, tzinfo=UTC), date(2013, 10, 27)),
        (datetime(2013, 10, 27, 22, 59, 59, tzinfo=UTC), date(2013, 10, 27)),
        (datetime(2013, 10, 27, 23, 0, 0, tzinfo=UTC), date(2013, 10, 28)),
    ],
)
def test_a_day_of_the_programme_begins_at_midnight_in_oslo(moment: datetime, day: date) -> None:
    assert local_date(moment) == day


@pytest.mark.parametrize(
    ("submitted_on", "days"),
    [
        (date(2013, 1, 20), 0),
        (date(2013, 2, 1), 0),
        (date(2013, 2, 2), 1),
        (date(2013, 3, 1), 28),
    ],
)
def test_lateness_counts_days_after_the_due_day(submitted_on: date, days: int) -> None:
    assert days_late(date(2013, 2, 1), submitted_on) == days


@pytest.mark.parametrize(
    ("changes", "concerned"),
    [
        ({}, True),
        ({"cohort_ids": ("pulje-1", "pulje-2")}, True),
        ({"cohort_ids": ("pulje-2",)}, False),
        ({"theme_ids": ("reputation", "sickness-absence")}, True),
        ({"theme_ids": ("reputation",)}, False),
        ({"cohort_ids": ("pulje-1",), "theme_ids": ("reputation",)}, False),
        ({"programme_id": "another-programme"}, False),
    ],
)
def test_a_round_concerns_the_projects_of_its_cohorts_and_themes(
    changes: dict[str, object], concerned: bool
) -> None:
    assert annual_round(**changes).concerns(VEFSN) is concerned


def test_a_project_that_ended_before_the_round_opens_owes_nothing() -> None:
    ended = Project("vefsn-naervaer", "saman-2011", "pulje-1", (), date(2013, 1, 1))
    ends_later = Project("vefsn-naervaer", "saman-2011", "pulje-1", (), date(2013, 1, 2))

    assert not annual_round().concerns(ended)
    assert annual_round().concerns(ends_later)


def test_a_round_cannot_be_due_before_it_opens() -> None:
    with pytest.raises(
        RuleBroken, match="due_on 2013-02-01 lies before opens_on 2013-02-02"
    ) as caught:
        annual_round(opens_on=date(2013, 2, 2))

    assert caught.value.code == "round-dates"
