"""What the HTTP bodies of figures look like."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, create_model

from services.reporting.figures.places import KeptFigure
from services.reporting.submissions.judging import Judged, contracts_of
from shared.events.envelope import Exact, OrganisationNumber, PeriodText, Slug
from shared.events.inbound import REASON_LENGTH_MAX, SubmittedFigure
from shared.events.reporting import FindingContract
from shared.fields import SEVERAL_LINES, Uuid
from shared.http import inputs, lists, problems


class _One(BaseModel):
    figure_id: Uuid
    publisher: OrganisationNumber | None = None


class _OneOfMany(BaseModel):
    figure_id: Uuid


def posted_of(contract: type[SubmittedFigure]) -> tuple[type[BaseModel], type[BaseModel]]:
    """Return what may be posted of a kind of figures: one with its id, or up to 1,000.

    The operator, and only the operator, names the `publisher` it posts for.
    """
    name = contract.__name__.removesuffix("Posted")
    of_many = create_model(
        f"{name}OfMany",
        __base__=(contract, _OneOfMany),
        __doc__="One of several figures.",
    )
    return (
        create_model(f"One{name}", __base__=(contract, _One), __doc__="One figure with its id."),
        create_model(
            f"Many{name}s",
            __base__=inputs.RequestModel,
            __doc__="Up to 1,000 figures; each gets its own outcome.",
            figures=(list[of_many], Field(min_length=1, max_length=1_000)),
            publisher=(OrganisationNumber | None, None),
        ),
    )


class Withdrawal(inputs.RequestModel):
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
    problem: problems.Problem | None = None


class FigureOutcomes(BaseModel):
    """Outcomes in the order of the figures."""

    outcomes: list[FigureOutcome]


class FigureAnswer(BaseModel):
    """A kept figure: one vintage of its place.

    Attributes:
        numerator: of absence, the days lost; likewise `denominator` is the days agreed and `value`
            the rate.
        parts: the further numbers of a figure that is more than one measure.
        arrived_at: when it came in.
    """

    figure_id: UUID
    publisher: str
    municipality_id: str
    municipality_number: str
    unit: str | None
    metric: str
    period: str
    window: str
    definition: dict[str, str]
    definition_key: str
    numerator: Exact | None
    denominator: Exact | None
    value: Exact | None
    weight_kind: str | None
    weight: Exact | None
    parts: dict[str, str] | None
    persons: int | None
    note: str | None
    generated: bool
    vintage: int
    replaces: UUID | None
    in_force: bool
    arrived_at: datetime
    posted_at: datetime
    origin: str
    withdrawn_at: datetime | None
    withdrawal_reason: str | None
    findings: list[FindingContract]


class FigureList(BaseModel):
    """Figures by period."""

    items: list[FigureAnswer]
    next: str | None


class FigureQuery(lists.ListQuery):
    """Which figures to list."""

    municipality: inputs.MunicipalityWanted
    metric: Slug | None = None
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
        return problems.respond(judged.error)
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
        metric=figure.metric,
        period=figure.period,
        window=figure.window,
        definition=dict(figure.definition),
        definition_key=figure.definition_key,
        numerator=figure.measure.numerator,
        denominator=figure.measure.denominator,
        value=figure.measure.value,
        weight_kind=figure.measure.weight_kind,
        weight=figure.measure.weight,
        parts=None if figure.parts is None else dict(figure.parts),
        persons=figure.persons,
        note=figure.note,
        generated=figure.generated,
        vintage=figure.vintage,
        replaces=figure.replaces,
        in_force=figure.in_force,
        arrived_at=figure.arrived_at,
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
            "problem": None if judged.error is None else problems.problem_of(judged.error),
        }
    )
