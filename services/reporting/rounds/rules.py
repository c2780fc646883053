"""Who owes a report, from when until when, and how late it came. No clock, no database."""

from dataclasses import dataclass
from datetime import date

from services.reporting.heard.rules import Project
from shared.errors import RuleBroken


@dataclass(frozen=True, slots=True)
class AskedForm:
    """Which version of which form a round asks by."""

    form_id: str
    version: int


@dataclass(frozen=True, slots=True)
class ReminderStep:
    """One step of a ladder of reminders.

    Attributes:
        days: after the due date; below zero before it.
        counts: `days`, or `business-days` without weekends and public holidays of Norway.
        to: the roles that are reminded.
    """

    step_id: str
    days: int
    counts: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """One call for reports: who owes which kind for which period, from when until when.

    Attributes:
        form: by which the answers are judged; without one any answers are taken.
        reminders: the ladder; empty where the usual one holds.
    """

    round_id: str
    programme_id: str
    report_kind: str
    period: str
    opens_on: date
    due_on: date
    cohort_ids: tuple[str, ...] = ()
    theme_ids: tuple[str, ...] = ()
    form: AskedForm | None = None
    reminders: tuple[ReminderStep, ...] = ()

    def __post_init__(self) -> None:
        step_ids = [step.step_id for step in self.reminders]
        if repeated := sorted({one for one in step_ids if step_ids.count(one) > 1}):
            raise RuleBroken(
                f"each step of the reminders needs an id of its own, {repeated[0]} stands twice",
                code="round-reminders",
            )
        if self.due_on < self.opens_on:
            raise RuleBroken(
                f"due_on {self.due_on.isoformat()} lies before opens_on"
                f" {self.opens_on.isoformat()}",
                code="round-dates",
            )

    def concerns(self, project: "Project") -> bool:
        """Tell whether a project owes this report; empty lists of cohorts or themes mean all."""
        return (
            project.programme_id == self.programme_id
            and (not self.cohort_ids or project.cohort_id in self.cohort_ids)
            and (not self.theme_ids or bool(set(self.theme_ids) & set(project.theme_ids)))
            and (project.ended_on is None or project.ended_on >= self.opens_on)
        )


def state_on(round_: Round, today: date) -> str:
    """Return the state of an obligation without a report: due to the end of the due day, overdue
    from midnight.
    """
    if today < round_.opens_on:
        return "not_due"
    return "due" if today <= round_.due_on else "overdue"


def days_late(due_on: date, submitted_on: date) -> int:
    """Return how many days after the due date the first submission came; 0 when in time."""
    return max(0, (submitted_on - due_on).days)
