"""What the HTTP bodies of rounds and obligations look like."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.reporting.rounds.rules import AskedForm, ReminderStep, Round
from services.reporting.rounds.store import KeptRound, Obligation
from shared.events.envelope import PeriodText, Slug
from shared.http import inputs, lists
from shared.moments import Day


class FormBody(inputs.RequestModel):
    """A published version of a form."""

    form_id: Slug
    version: int = Field(ge=1, le=1_000_000, strict=True)


class ReminderBody(inputs.RequestModel):
    """One step of a round's ladder of reminders."""

    step_id: Slug
    days: int = Field(
        ge=-366, le=366, strict=True, description="After the due date; below zero before it."
    )
    counts: Literal["days", "business-days"] = "days"
    to: list[Literal["project-manager", "project-owner", "secretariat"]] = Field(
        min_length=1, max_length=3
    )

    def value(self) -> ReminderStep:
        """Return the domain's value."""
        return ReminderStep(self.step_id, self.days, self.counts, tuple(dict.fromkeys(self.to)))


class RoundBody(inputs.RequestModel):
    """A call for reports. Empty lists of cohorts or themes mean all; without a form any answers are
    taken.
    """

    programme_id: Slug
    report_kind: Slug
    period: PeriodText
    opens_on: Day
    due_on: Day
    cohort_ids: list[Slug] = Field(default=[], max_length=100)
    theme_ids: list[Slug] = Field(default=[], max_length=100)
    form: FormBody | None = None
    reminders: list[ReminderBody] = Field(
        default=[], max_length=20, description="Empty for the usual ladder."
    )

    def value(self, round_id: str) -> Round:
        """Return the domain's value.

        Raises:
            RuleBroken: `round-dates`; it would be due before it opens. `round-reminders`; two steps
                have one id.
        """
        return Round(
            round_id,
            self.programme_id,
            self.report_kind,
            self.period,
            self.opens_on,
            self.due_on,
            tuple(self.cohort_ids),
            tuple(self.theme_ids),
            None if self.form is None else AskedForm(self.form.form_id, self.form.version),
            tuple(step.value() for step in self.reminders),
        )


class RoundAnswer(RoundBody):
    """A kept round; `version` rises with every change."""

    round_id: Slug
    version: int


class ObligationQuery(lists.ListQuery):
    """Which obligations to list."""

    state: Literal["not_due", "due", "overdue", "submitted", "sent_back", "accepted"] | None = None
    cohort: Slug | None = None
    theme: Slug | None = None
    round_id: Slug | None = None
    project_id: Slug | None = None


class ObligationAnswer(BaseModel):
    """What one project owes in one round."""

    obligation_id: UUID
    round_id: str
    project_id: str
    report_kind: str
    period: str
    opens_on: date
    due_on: date
    state: str
    historical: bool
    first_submitted_at: datetime | None
    days_late: int | None
    extended_to: date | None


class ObligationList(BaseModel):
    """Obligations."""

    items: list[ObligationAnswer]
    next: str | None


PUT_ROUND: dict[int | str, dict[str, Any]] = {
    200: {"description": "Kept before, and changed if it differed."},
    201: {"description": "New.", "model": RoundAnswer},
}


def round_of(kept: KeptRound) -> RoundAnswer:
    """Write a round out."""
    return RoundAnswer.model_validate({**asdict(kept.round), "version": kept.version})


def obligation_of(obligation: Obligation) -> ObligationAnswer:
    """Write an obligation out."""
    return ObligationAnswer.model_validate(obligation, from_attributes=True)
