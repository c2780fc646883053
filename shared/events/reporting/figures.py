"""Accepted figures, with every vintage."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from shared.events.envelope import Contract, Event, Exact, MunicipalityNumber, PeriodText, Slug

FigureWindow = Literal["period", "year-to-date", "rolling-12"]


WeightKind = Literal["equal", "working-days", "agreed-days"]


class FindingContract(Contract):
    """What a check saw in something that was accepted or refused.

    Attributes:
        severity: `error` refuses, `warning` asks for an explanation, `info` is only told.
        message: a sentence in English; translate by `code` and `message_args`.
        field: JSON pointer, where the finding is about one field.
        message_args: the values that the sentence names.
    """

    code: str
    severity: Literal["error", "warning", "info"]
    message: str
    field: str | None = None
    message_args: dict[str, Any] = {}


class AcceptedFigure(Contract):
    """What every accepted figure says, whatever its kind.

    Attributes:
        figure_id: chosen by the publisher.
        municipality: the number as it was posted, the same as `municipality_number`.
        municipality_number: as valid on the last day of the period.
        unit: a part of the municipality, or none for the whole.
        definition: one value for each axis of the metric.
        definition_key: the values of the definition, joined in the order of the metric's axes.
        vintage: 1 for the first figure of its place, 2 for the one that replaced it, and so on.
        replaces: the figure that was in force before.
        generated: made by a generator for demonstration, not reported by anybody.
        posted_at: when it arrived, just after what was decided at its place before.
    """

    figure_id: UUID
    municipality: MunicipalityNumber
    municipality_id: str
    municipality_number: MunicipalityNumber
    unit: str | None = None
    period: PeriodText
    definition: dict[str, str]
    definition_key: str
    note: str | None = None
    generated: bool = False
    vintage: int
    replaces: UUID | None = None
    publisher: str
    posted_at: datetime
    findings: list[FindingContract] = []


class AbsenceFigure(AcceptedFigure):
    """Absence: either both day counts, or a rate with the weight that it has in sums.

    Attributes:
        window: `period`, or a window that the publisher computed itself, ending with `period`.
        persons: head count behind the figure.
        lost_days: working days lost, in full-time-equivalent days.
        agreed_days: working days agreed (or possible, by the definition), in the same unit.
    """

    window: FigureWindow = "period"
    persons: int | None = None
    lost_days: Exact | None = None
    agreed_days: Exact | None = None
    rate_percent: Exact | None = None
    weight_kind: WeightKind | None = None
    weight: Exact | None = None


class IndicatorFigure(AcceptedFigure):
    """A value of any other metric, by what the metric is.

    Attributes:
        metric: id of the metric in `registry.metric.v1`.
        persons: head count behind the figure.
        numerator: of a share, a mean or a count.
        denominator: of a share or a mean.
        value: of a score.
        weight: the score's weight among others; without it the score cannot be joined with others.
    """

    metric: Slug
    persons: int | None = None
    numerator: Exact | None = None
    denominator: Exact | None = None
    value: Exact | None = None
    weight: Exact | None = None


class WorkforceFigure(AcceptedFigure):
    """Who was employed on the last day of the period.

    Attributes:
        employees: heads; several positions of one employee count once.
        full_time_equivalents: their agreed positions added up, 1 being a full one.
        wanting_larger_position: of those `asked`, where that is given, else of the part-time
            employees.
    """

    employees: int
    positions: int | None = None
    full_time_equivalents: Exact
    part_time_employees: int | None = None
    full_time_employees: int | None = None
    asked: int | None = None
    wanting_larger_position: int | None = None


class AbsenceFigureInForce(AbsenceFigure):
    """An absence figure that is in force again."""

    kind: Literal["absence"] = "absence"


class IndicatorFigureInForce(IndicatorFigure):
    """An indicator figure that is in force again."""

    kind: Literal["indicator"] = "indicator"


class WorkforceFigureInForce(WorkforceFigure):
    """A workforce figure that is in force again."""

    kind: Literal["workforce"] = "workforce"


FigureInForce = Annotated[
    AbsenceFigureInForce | IndicatorFigureInForce | WorkforceFigureInForce,
    Field(discriminator="kind"),
]


class _FigureEvent(Event):
    producer = "reporting"
    aggregate = "figure"

    municipality_id: str

    @property
    def key(self) -> str:
        return self.municipality_id


class AbsenceFigurePosted(AbsenceFigure, _FigureEvent):
    """A figure of absence was accepted and is in force for its place: municipality, unit, period,
    window and definition.
    """


class IndicatorFigurePosted(IndicatorFigure, _FigureEvent):
    """A figure of a metric was accepted and is in force for its place: municipality, unit, metric,
    period and definition.
    """


class WorkforceFigurePosted(WorkforceFigure, _FigureEvent):
    """A workforce figure was accepted and is in force for its place: municipality, unit, period and
    definition.
    """


class FigureWithdrawn(_FigureEvent):
    """A figure was taken back. `in_force` is the earlier figure that holds again, if there is one.

    Attributes:
        metric: of the figure; `absence` and `workforce` for figures that name none.
    """

    figure_id: UUID
    unit: str | None = None
    metric: Slug
    period: PeriodText
    window: FigureWindow = "period"
    definition: dict[str, str]
    definition_key: str
    reason: str
    publisher: str
    withdrawn_at: datetime
    in_force: FigureInForce | None = None


FigurePosted = AbsenceFigurePosted | IndicatorFigurePosted | WorkforceFigurePosted


FigureEvent = FigurePosted | FigureWithdrawn
