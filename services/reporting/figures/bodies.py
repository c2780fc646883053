"""What the HTTP bodies of figures look like."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from services.reporting.figures.places import KeptFigure
from services.reporting.submissions.judging import Judged, contracts_of
from shared.events.envelope import Exact, OrganisationNumber, PeriodText
from shared.events.inbound import REASON_LENGTH_MAX, AbsenceFigurePosted
from shared.events.reporting import FindingContract
from shared.fields import SEVERAL_LINES, Uuid
from shared.http import http


class OneFigure(AbsenceFigurePosted):
    """One figure with its id. The operator, and only the operator, names the `publisher` it posts
    for.
    """

    figure_id: Uuid
    publisher: OrganisationNumber | None = None


class FigureOfMany(AbsenceFigurePosted):
    """One of several figures."""

    figure_id: Uuid


class ManyFigures(http.RequestModel):
    """Up to 1,000 figures; each gets its own outcome."""

    figures: list[FigureOfMany] = Field(min_length=1, max_length=1_000)
    publisher: OrganisationNumber | None = None


class Withdrawal(http.RequestModel):
    """Why a figure is taken back."""

    reason: Annotated[str, Field(min_length=1, max_length=REASON_LENGTH_MAX), SEVERAL_LINES]
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


POSTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Many: an outcome for each. One: accepted before with the same content.",
        "model": FigureOutcomes | FigureOutcome,
    },
    201: {"description": "One: accepted."},
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
