"""Who is reminded of which report on a day. No clock, no database: all is passed in.

The ladder of a round is data: each step has a day, counted from the due date, and the roles that it
goes to. Later steps go to people higher up (project manager, project owner, secretariat).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from services.notifications.heard.rules import Holder

ROLES = ("project-manager", "project-owner", "secretariat")
"""Who is reminded; where nobody holds a role, the next one is reminded in their place."""

_SATURDAY = 5

IsHoliday = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a ladder.

    Attributes:
        days: after the due date; below zero before it.
        is_business_days: whether weekends and holidays are left out of the count.
        to: roles.
    """

    step_id: str
    days: int
    to: tuple[str, ...]
    is_business_days: bool = False


DEFAULT_LADDER = (
    Step("two-weeks-before", -14, ("project-manager",)),
    Step("three-working-days-before", -3, ("project-manager",), is_business_days=True),
    Step("the-day-after", 1, ("project-manager", "project-owner"), is_business_days=True),
    Step("a-week-after", 7, ("project-owner",)),
    Step("two-weeks-after", 14, ("project-owner", "secretariat")),
)
"""The ladder of a round that has none of its own."""


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is still owed; see `shared.events.reporting.Missing`."""

    part: str
    party: str | None = None
    code: str | None = None
    period: str | None = None


@dataclass(frozen=True, slots=True)
class Obligation:
    """A report that is owed and has not come."""

    obligation_id: UUID
    project_id: str
    round_id: str
    report_kind: str
    period: str
    due_on: date
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Reminder:
    """A step of an obligation's ladder that somebody is reminded by."""

    obligation_id: UUID
    step_id: str
    person_id: UUID


def day_of(step: Step, due_on: date, is_holiday: IsHoliday) -> date:
    """Return the day of a step."""
    if not step.is_business_days:
        return due_on + timedelta(days=step.days)
    day, left = due_on, abs(step.days)
    towards = timedelta(days=1 if step.days > 0 else -1)
    while left:
        day += towards
        left -= day.weekday() < _SATURDAY and not is_holiday(day)
    return day


def recipients(
    to: Iterable[str], project_id: str, programme_id: str, holders: Sequence[Holder], today: date
) -> set[UUID]:
    """Return who holds the roles of a step for a project.

    Nobody's turn passes unseen: where nobody holds a role, whoever holds the next one higher up is
    reminded.

    Args:
        holders: of any role in any project of any programme.
    """
    found: set[UUID] = set()
    for role in to:
        for above in ROLES[ROLES.index(role) :]:
            holding = {
                holder.person_id
                for holder in holders
                if holder.role == above
                and holder.programme_id == programme_id
                and (above == "secretariat" or holder.project_id == project_id)
                and holder.holds_on(today)
            }
            if holding:
                found |= holding
                break
    return found


def reminders_on(
    today: date,
    obligation: Obligation,
    ladder: Sequence[Step],
    holders: Sequence[Holder],
    programme_id: str,
    done: Collection[Reminder],
    is_holiday: IsHoliday,
) -> Iterator[Reminder]:
    """Yield who is to be reminded of an obligation on a day.

    Of the steps that have come, each person gets the last one that goes to them, once. Earlier ones
    that were missed, as when a report is owed on short notice, are not made up for.
    """
    come = sorted(
        (day_of(step, obligation.due_on, is_holiday), place, step)
        for place, step in enumerate(ladder)
        if day_of(step, obligation.due_on, is_holiday) <= today
    )
    last: dict[UUID, Reminder] = {}
    for _, _, step in come:
        for person_id in recipients(step.to, obligation.project_id, programme_id, holders, today):
            last[person_id] = Reminder(obligation.obligation_id, step.step_id, person_id)
    yield from (reminder for reminder in last.values() if reminder not in done)
