"""Reading what reporting published: from contracts to rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from services.metrics.series.rules.amounts import micro
from services.metrics.series.rules.figures import (
    PostedWindow,
    SeriesKey,
    Weighing,
    last_month_of,
)
from services.metrics.series.rules.rows import NewFigure, Withdrawal
from services.metrics.workforce.rules import METRIC as WORKFORCE
from services.metrics.workforce.rules import Workforce, derived, places
from shared.errors import RuleBroken
from shared.events.reporting import (
    AbsenceFigure,
    FigureEvent,
    FigureWithdrawn,
    IndicatorFigure,
    WorkforceFigure,
)
from shared.values import Period

ABSENCE = "absence"
"""The metric of `AbsenceFigurePosted`."""

_WINDOWS = {
    "period": PostedWindow.PERIOD,
    "year-to-date": PostedWindow.YEAR_TO_DATE,
    "rolling-12": PostedWindow.ROLLING_12,
}
_WEIGHINGS = {
    "working-days": Weighing.WORKING_DAYS,
    "agreed-days": Weighing.WEIGHTED,
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """A figure or a withdrawal, and the series that it belongs to.

    Attributes:
        municipality_id: None for a unit's series, which is in no group.
        change: what is to be kept.
        moved_by: the id of the figure that causes it.
    """

    key: SeriesKey
    municipality_id: str | None
    change: NewFigure | Withdrawal
    moved_by: UUID

    @property
    def period(self) -> tuple[int, int]:
        """Last month and length of its period."""
        return self.change.last_month, self.change.months

    @property
    def is_correction(self) -> bool:
        """Whether it replaces a figure or takes one back."""
        return isinstance(self.change, Withdrawal) or self.change.vintage > 1

    @property
    def touches_groups(self) -> bool:
        """Whether it is a municipality's figure for one period, the only ones that groups are made
        of.
        """
        return self.municipality_id is not None and self.change.window is PostedWindow.PERIOD


def read(events: Iterable[FigureEvent]) -> list[Arrival]:
    """Return what the events bring; a withdrawal also brings the figure that is in force again."""
    arrivals: list[Arrival] = []
    for event in events:
        if isinstance(event, FigureWithdrawn):
            arrivals += _withdrawn(event)
        else:
            arrivals += _posted(event, event.figure_id)
    return arrivals


_Figure = AbsenceFigure | IndicatorFigure | WorkforceFigure


def _posted(figure: _Figure, moved_by: UUID) -> Sequence[Arrival]:
    if isinstance(figure, WorkforceFigure):
        return _of_workforce(figure, moved_by)
    if isinstance(figure, IndicatorFigure):
        return [
            _arrival(figure, figure.metric, PostedWindow.PERIOD, _of_indicator(figure), moved_by)
        ]
    return [_arrival(figure, ABSENCE, _WINDOWS[figure.window], _of_absence(figure), moved_by)]


_Amounts = tuple[Weighing, int, int | None]
"""What a figure is, its amount and its weight."""


def _arrival(
    figure: AbsenceFigure | IndicatorFigure,
    metric: str,
    window: PostedWindow,
    amounts: _Amounts,
    moved_by: UUID,
) -> Arrival:
    last_month, months = _place(figure.period)
    return Arrival(
        SeriesKey(_subject(figure.municipality_id, figure.unit), metric, figure.definition_key),
        None if figure.unit else figure.municipality_id,
        NewFigure(
            last_month,
            months,
            window,
            figure.vintage,
            figure.figure_id,
            *amounts,
            figure.persons,
            figure.generated,
        ),
        moved_by,
    )


def _of_absence(figure: AbsenceFigure) -> _Amounts:
    """Return the days, or the rate with its weight.

    Raises:
        RuleBroken: `figure-incomplete`; neither two day counts nor a rate with the weight that its
            kind needs.
    """
    if figure.lost_days is not None and figure.agreed_days is not None:
        return Weighing.PARTS, micro(figure.lost_days), micro(figure.agreed_days)
    # A window that the publisher computed is shown as it was posted and never summed: it needs no
    # weight.
    if figure.rate_percent is not None and (
        figure.weight_kind == "equal" or figure.window != "period"
    ):
        return Weighing.EQUAL, micro(figure.rate_percent), None
    if (
        figure.rate_percent is not None
        and figure.weight_kind is not None
        and figure.weight is not None
    ):
        return _WEIGHINGS[figure.weight_kind], micro(figure.rate_percent), micro(figure.weight)
    raise RuleBroken(
        f"figure {figure.figure_id} has neither two day counts nor a rate with its weight",
        code="figure-incomplete",
    )


def _of_indicator(figure: IndicatorFigure) -> _Amounts:
    """Return numerator and denominator, a count, or a score with its weight.

    Raises:
        RuleBroken: `figure-incomplete`; neither a numerator nor a value.
    """
    if figure.numerator is not None:
        return Weighing.PARTS, micro(figure.numerator), _micro(figure.denominator)
    if figure.value is not None and figure.weight is not None:
        return Weighing.WEIGHTED, micro(figure.value), micro(figure.weight)
    if figure.value is not None:
        return Weighing.EQUAL, micro(figure.value), None
    raise RuleBroken(
        f"figure {figure.figure_id} has neither a numerator nor a value", code="figure-incomplete"
    )


def _micro(value: Decimal | None) -> int | None:
    return None if value is None else micro(value)


def _of_workforce(figure: WorkforceFigure, moved_by: UUID) -> list[Arrival]:
    """Return what a count says of each metric. It is one place, replaced as a whole: where it says
    nothing of a metric, what the one before said of it holds no more.
    """
    count = Workforce(
        figure.employees,
        figure.full_time_equivalents,
        figure.positions,
        figure.part_time_employees,
        figure.full_time_employees,
        figure.asked,
        figure.wanting_larger_position,
    )
    last_month, months = _place(figure.period)
    arrivals = []
    for one in derived(count, figure.definition_key):
        amounts: _Amounts = (Weighing.NOTHING, 0, None)
        if one.numerator is not None:
            amounts = (Weighing.PARTS, micro(one.numerator), _micro(one.denominator))
        elif figure.vintage == 1:
            continue
        change = NewFigure(
            last_month,
            months,
            PostedWindow.PERIOD,
            figure.vintage,
            figure.figure_id,
            *amounts,
            one.persons,
            figure.generated,
        )
        key = SeriesKey(
            _subject(figure.municipality_id, figure.unit), one.metric, one.definition_key
        )
        municipality_id = None if figure.unit else figure.municipality_id
        arrivals.append(Arrival(key, municipality_id, change, moved_by))
    return arrivals


def _withdrawn(event: FigureWithdrawn) -> Sequence[Arrival]:
    last_month, months = _place(event.period)
    subject = _subject(event.municipality_id, event.unit)
    where = [(event.metric, event.definition_key)]
    if event.metric == WORKFORCE:
        where = places(event.definition_key)
    gone = [
        Arrival(
            SeriesKey(subject, metric, definition_key),
            None if event.unit else event.municipality_id,
            Withdrawal(last_month, months, _WINDOWS[event.window], event.figure_id),
            event.figure_id,
        )
        for metric, definition_key in where
    ]
    again = () if event.in_force is None else _posted(event.in_force, event.figure_id)
    return [*gone, *again]


def _subject(municipality_id: str, unit: str | None) -> str:
    return f"unit/{municipality_id}/{unit}" if unit else f"municipality/{municipality_id}"


@lru_cache(maxsize=4096)
def _place(period: str) -> tuple[int, int]:
    held = Period.parse(period)
    return last_month_of(held), held.grain.months
