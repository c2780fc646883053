"""Rounds that call for reports, and the forms that they ask by."""

from typing import Annotated, Literal

from pydantic import Field

from shared.events.envelope import Contract, Event, PeriodText, Slug
from shared.moments import Day


class ReminderStep(Contract):
    """One step of a round's ladder of reminders.

    Attributes:
        days: after the due date; below zero before it.
        counts: whether weekends and public holidays of Norway count.
        to: the roles that are reminded.
    """

    step_id: Slug
    days: Annotated[int, Field(ge=-366, le=366)]
    counts: Literal["days", "business-days"] = "days"
    to: Annotated[
        list[Literal["project-manager", "project-owner", "secretariat"]], Field(min_length=1)
    ]


class ExpectedFigures(Contract):
    """Figures that a round expects, `days` days after each of their periods."""

    metric: Slug
    definition_key: str
    grain: Literal["month", "quarter", "half-year", "year"]
    days: Annotated[int, Field(ge=0, le=366)]


class _RoundEvent(Event):
    """A call for reports; empty lists of cohorts and themes mean all.

    Attributes:
        reminders: the ladder; empty for the one that holds where a round has none of its own.
    """

    producer = "reporting"
    aggregate = "round"

    round_id: Slug
    version: int
    programme_id: Slug
    report_kind: Slug
    period: PeriodText
    opens_on: Day
    due_on: Day
    cohort_ids: list[Slug] = []
    theme_ids: list[Slug] = []
    reminders: list[ReminderStep] = []
    expects_figures: list[ExpectedFigures] = []

    @property
    def key(self) -> str:
        return self.round_id


class RoundOpened(_RoundEvent):
    """A round was made."""


class RoundChanged(_RoundEvent):
    """A round was changed: its dates, its ladder, or whom it concerns."""


class FormPublished(Event):
    """A version of a report form was published; what it asks never changes.

    Attributes:
        valid_for: which programme it is for.
        names: by language.
        digest: SHA-256 of the definition, which stands at
            `GET /api/reporting/v1/forms/{form_id}/versions/{version}`.
    """

    producer = "reporting"
    aggregate = "form"

    form_id: Slug
    version: int
    report_kind: Slug
    valid_for: dict[str, str]
    names: dict[str, str]
    digest: str

    @property
    def key(self) -> str:
        return self.form_id


RoundEvent = RoundOpened | RoundChanged
