"""Who is reminded of which report on a day."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.notifications.heard.rules import Holder
from services.notifications.reminders.rules import (
    DEFAULT_LADDER,
    Obligation,
    Reminder,
    Step,
    day_of,
    recipients,
    reminders_on,
)

MANAGER, OWNER, OFFICE, OTHER = (UUID(int=number) for number in (1, 2, 3, 4))
DUE = date(2013, 2, 1)
OWED = Obligation(UUID(int=9), "vefsn-naervaer", "annual-2012", "annual", "2012", DUE)
HOLDERS = [
    Holder(MANAGER, "project-manager", "saman-2011", "vefsn-naervaer"),
    Holder(OWNER, "project-owner", "saman-2011", "vefsn-naervaer"),
    Holder(OFFICE, "secretariat", "saman-2011"),
    Holder(OTHER, "project-manager", "saman-2011", "another-project"),
]
MAY_17 = date(2013, 5, 17)


def no_holiday(_: date) -> bool:
    return False


@pytest.mark.parametrize(
    ("days", "is_business_days", "due_on", "day"),
    [
        (-14, False, DUE, date(2013, 1, 18)),
        (7, False, DUE, date(2013, 2, 8)),
        (0, False, DUE, DUE),
        (-3, True, DUE, date(2013, 1, 29)),
        (-5, True, DUE, date(2013, 1, 25)),
        (1, True, DUE, date(2013, 2, 4)),
        (1, True, date(2013, 5, 16), date(2013, 5, 20)),
        (-1, True, date(2013, 5, 20), date(2013, 5, 16)),
        (0, True, date(2013, 5, 18), date(2013, 5, 18)),
    ],
)
def test_a_step_has_a_day_and_business_days_pass_over_weekends_and_holidays(
    days: int, is_business_days: bool, due_on: date, day: date
) -> None:
    step = Step("step", days, ("project-manager",), is_business_days)
    assert day_of(step, due_on, lambda each: each == MAY_17) == day


@pytest.mark.parametrize(
    ("to", "holders", "found"),
    [
        (["project-manager"], HOLDERS, {MANAGER}),
        (["project-manager", "secretariat"], HOLDERS, {MANAGER, OFFICE}),
        (["project-manager"], HOLDERS[1:], {OWNER}),
        (["project-manager"], HOLDERS[2:], {OFFICE}),
        (["project-owner"], [], set()),
        (["secretariat"], [Holder(OFFICE, "secretariat", "another-programme")], set()),
        (
            ["project-manager"],
            [Holder(MANAGER, "project-manager", "saman-2011", "vefsn-naervaer", None, DUE)],
            {MANAGER},
        ),
        (
            ["project-owner"],
            [Holder(OWNER, "project-owner", "saman-2011", "vefsn-naervaer", date(2013, 2, 2))],
            set(),
        ),
    ],
)
def test_who_holds_the_role_is_reminded_or_else_whoever_is_next_higher_up(
    to: list[str], holders: list[Holder], found: set[UUID]
) -> None:
    assert recipients(to, "vefsn-naervaer", "saman-2011", holders, DUE) == found


def on(day: date, done: set[Reminder], owed: Obligation = OWED) -> set[tuple[str, UUID]]:
    found = set(reminders_on(day, owed, DEFAULT_LADDER, HOLDERS, "saman-2011", done, no_holiday))
    done |= found
    return {(reminder.step_id, reminder.person_id) for reminder in found}


def test_the_ladder_goes_up_step_by_step_and_each_step_comes_once() -> None:
    done: set[Reminder] = set()
    sent = {
        day: reminders
        for day in (date.fromordinal(DUE.toordinal() + offset) for offset in range(-30, 60))
        if (reminders := on(day, done))
    }
    assert sent == {
        date(2013, 1, 18): {("two-weeks-before", MANAGER)},
        date(2013, 1, 29): {("three-working-days-before", MANAGER)},
        date(2013, 2, 4): {("the-day-after", MANAGER), ("the-day-after", OWNER)},
        date(2013, 2, 8): {("a-week-after", OWNER)},
        date(2013, 2, 15): {("two-weeks-after", OWNER), ("two-weeks-after", OFFICE)},
    }


def test_steps_that_were_missed_are_not_made_up_for() -> None:
    assert on(date(2013, 2, 9), set()) == {("the-day-after", MANAGER), ("a-week-after", OWNER)}


def test_a_due_date_that_moves_back_and_forth_brings_no_step_twice() -> None:
    done: set[Reminder] = set()
    on(date(2013, 2, 8), done)
    later = replace(OWED, due_on=date(2013, 3, 1))
    assert on(date(2013, 2, 9), done, later) == set()
    assert on(date(2013, 2, 15), done, later) == {("two-weeks-before", MANAGER)}
    assert on(date(2013, 2, 20), done, OWED) == {
        ("two-weeks-after", OWNER),
        ("two-weeks-after", OFFICE),
    }
    assert on(date(2013, 3, 2), done, later) == {("three-working-days-before", MANAGER)}
    assert on(date(2013, 3, 30), done, later) == set()
