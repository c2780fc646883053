"""What reporting's HTTP bodies look like, written out from the domain's values."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from services.reporting.commands import Judged
from services.reporting.commands.events import contracts_of
from services.reporting.domain import Round
from services.reporting.store.figures import KeptFigure
from services.reporting.store.reports import KeptRound, Obligation
from shared.events.envelope import Exact, OrganisationNumber, PeriodText, Slug
from shared.events.inbound import REASON_LENGTH_MAX, AbsenceFigurePosted, ReportContent
from shared.events.reporting import FindingContract
from shared.http import http
from shared.moments import Day


class OneFigure(AbsenceFigurePosted):
    """One figure with its id. The operator, and only the operator, names the `publisher` it posts
    for.
    """

    figure_id: UUID
    publisher: OrganisationNumber | None = None


class FigureOfMany(AbsenceFigurePosted):
    """One of several figures."""

    figure_id: UUID


class ManyFigures(http.RequestModel):
    """Up to 1,000 figures; each gets its own outcome."""

    figures: list[FigureOfMany] = Field(min_length=1, max_length=1_000)
    publisher: OrganisationNumber | None = None


class Withdrawal(http.RequestModel):
    """Why a figure is taken back."""

    reason: str = Field(min_length=1, max_length=REASON_LENGTH_MAX)
    publisher: OrganisationNumber | None = None


class ReportBody(ReportContent):
    """A report that is handed in; its obligation stands in the address."""

    publisher: OrganisationNumber | None = None


class FigureOutcome(BaseModel):
    """What became of one figure.

    Attributes:
        figure_id: as it was sent; null when there was none, or one that may not be repeated.
        vintage: which vintage of its place it is; none when it was rejected.
        problem: why it was rejected.
    """

    figure_id: str | None
    result: Literal["accepted", "repeated", "rejected"]
    vintage: int | None = None
    findings: list[FindingContract] = []
    problem: http.Problem | None = None


class FigureOutcomes(BaseModel):
    """Outcomes in the order of the figures."""

    outcomes: list[FigureOutcome]


class ReportOutcome(BaseModel):
    """What became of a report that was handed in; `version` counts those of its obligation."""

    submission_id: UUID
    result: Literal["accepted", "repeated"]
    version: int


class FigureAnswer(BaseModel):
    """A kept figure: one vintage of its place."""

    figure_id: UUID
    publisher: str
    municipality_id: str
    municipality_number: str
    unit: str | None
    period: str
    window: str
    definition_key: str
    lost_days: Exact | None
    agreed_days: Exact | None
    rate_percent: Exact | None
    weight_kind: str | None
    weight: Exact | None
    persons: int | None
    note: str | None
    generated: bool
    vintage: int
    replaces: UUID | None
    in_force: bool
    posted_at: datetime
    origin: str
    withdrawn_at: datetime | None
    withdrawal_reason: str | None
    findings: list[FindingContract]


class FigureList(BaseModel):
    """Figures by period."""

    items: list[FigureAnswer]
    next: str | None


class FigureQuery(http.ListQuery):
    """Which figures to list."""

    municipality: str = Field(
        pattern=r"^[a-z0-9-]{1,80}$", description="Municipality id, such as vefsn-1824."
    )
    from_: PeriodText | None = Field(default=None, alias="from")
    to: PeriodText | None = None
    vintages: Literal["current", "all"] = "current"


class RoundBody(http.RequestModel):
    """A call for reports. Empty lists of cohorts or themes mean all."""

    programme_id: Slug
    report_kind: Slug
    period: PeriodText
    opens_on: Day
    due_on: Day
    cohort_ids: list[Slug] = Field(default=[], max_length=100)
    theme_ids: list[Slug] = Field(default=[], max_length=100)

    def value(self, round_id: str) -> Round:
        """Return the domain's value.

        Raises:
            RuleBroken: `round-dates`; it would be due before it opens.
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
        )


class RoundAnswer(RoundBody):
    """A kept round; `version` rises with every change."""

    round_id: Slug
    version: int


class ObligationQuery(http.ListQuery):
    """Which obligations to list."""

    state: Literal["not_due", "due", "overdue", "submitted"] | None = None
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


class ObligationList(BaseModel):
    """Obligations."""

    items: list[ObligationAnswer]
    next: str | None


POSTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Many: an outcome for each. One: accepted before with the same content.",
        "model": FigureOutcomes | FigureOutcome,
    },
    201: {"description": "One: accepted."},
}
HANDED_IN: dict[int | str, dict[str, Any]] = {
    200: {"description": "Accepted before with the same content.", "model": ReportOutcome},
    201: {"description": "Accepted."},
}

PUT_ROUND: dict[int | str, dict[str, Any]] = {
    200: {"description": "Kept before, and changed if it differed."},
    201: {"description": "New.", "model": RoundAnswer},
}


def figure_answer(judged: Judged, *, created: int = 201) -> JSONResponse:
    """Answer one figure: 201, 200 when repeated, or its problem."""
    if judged.error is not None:
        return http.respond(judged.error)
    status = created if judged.result == "accepted" else 200
    return JSONResponse(_outcome(judged).model_dump(mode="json", exclude={"problem"}), status)


def many_answer(outcomes: Sequence[Judged]) -> JSONResponse:
    """Answer several figures, always with 200."""
    body = FigureOutcomes(outcomes=[_outcome(judged) for judged in outcomes])
    return JSONResponse(body.model_dump(mode="json"))


def report_answer(judged: Judged) -> JSONResponse:
    """Answer one report: 201, 200 when repeated, or its problem."""
    if judged.error is not None:
        return http.respond(judged.error)
    body = {
        "submission_id": judged.entry.shown_id,
        "result": judged.result,
        "version": judged.vintage,
    }
    return JSONResponse(
        ReportOutcome.model_validate(body).model_dump(mode="json"),
        201 if judged.result == "accepted" else 200,
    )


def round_of(kept: KeptRound) -> RoundAnswer:
    """Write a round out."""
    return RoundAnswer.model_validate({**asdict(kept.round), "version": kept.version})


def figure_of(figure: KeptFigure) -> FigureAnswer:
    """Write a kept figure out."""
    return FigureAnswer(
        figure_id=figure.figure_id,
        publisher=figure.publisher,
        municipality_id=figure.municipality_id,
        municipality_number=figure.municipality_number,
        unit=figure.unit or None,
        period=figure.period,
        window=figure.window,
        definition_key=figure.definition_key,
        lost_days=figure.lost_days,
        agreed_days=figure.agreed_days,
        rate_percent=figure.rate_percent,
        weight_kind=figure.weight_kind,
        weight=figure.weight,
        persons=figure.persons,
        note=figure.note,
        generated=figure.generated,
        vintage=figure.vintage,
        replaces=figure.replaces,
        in_force=figure.in_force,
        posted_at=figure.posted_at,
        origin=figure.origin,
        withdrawn_at=figure.withdrawn_at,
        withdrawal_reason=figure.withdrawal_reason,
        findings=contracts_of(figure.findings),
    )


def obligation_of(obligation: Obligation) -> ObligationAnswer:
    """Write an obligation out."""
    return ObligationAnswer.model_validate(obligation, from_attributes=True)


def _outcome(judged: Judged) -> FigureOutcome:
    return FigureOutcome.model_validate(
        {
            "figure_id": judged.entry.shown_id,
            "result": judged.result,
            "vintage": judged.vintage,
            "findings": contracts_of(judged.findings),
            "problem": None if judged.error is None else http.problem_of(judged.error),
        }
    )
