"""Reading what reporting published: from contracts to rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from shared.errors import RuleBroken
from shared.events.registry import DefinitionContract
from shared.events.reporting import AbsenceFigure, AbsenceFigurePosted, FigureEvent, FigureWithdrawn
from shared.values import Period

ABSENCE = "absence"

_WINDOWS = {
    "period": PostedWindow.PERIOD,
    "year-to-date": PostedWindow.YEAR_TO_DATE,
    "rolling-12": PostedWindow.ROLLING_12,
}
_WEIGHINGS = {
    "working-days": Weighing.WORKING_DAYS,
    "agreed-days": Weighing.AGREED_DAYS,
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
        if isinstance(event, AbsenceFigurePosted):
            arrivals.append(_posted(event, event.figure_id))
        elif isinstance(event, FigureWithdrawn) and event.metric == ABSENCE:
            arrivals += _withdrawn(event)
    return arrivals


def _posted(figure: AbsenceFigure, moved_by: UUID) -> Arrival:
    last_month, months = _place(figure.period)
    return Arrival(
        _key(figure.municipality_id, figure.unit, figure.definition_key),
        None if figure.unit else figure.municipality_id,
        NewFigure(
            last_month,
            months,
            _WINDOWS[figure.window],
            figure.vintage,
            figure.figure_id,
            *_amounts(figure),
            figure.persons,
            figure.generated,
        ),
        moved_by,
    )


def _amounts(figure: AbsenceFigure) -> tuple[Weighing, int, int | None]:
    """Return what the figure is, its amount and its weight.

    Raises:
        RuleBroken: `figure-incomplete`; neither two day counts nor a rate with the weight that its
            kind needs.
    """
    if figure.lost_days is not None and figure.agreed_days is not None:
        return Weighing.DAY_COUNTS, micro(figure.lost_days), micro(figure.agreed_days)
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


def _withdrawn(event: FigureWithdrawn) -> Sequence[Arrival]:
    last_month, months = _place(event.period)
    gone = Arrival(
        _key(event.municipality_id, event.unit, event.definition_key),
        None if event.unit else event.municipality_id,
        Withdrawal(last_month, months, _WINDOWS[event.window], event.figure_id),
        event.figure_id,
    )
    if not isinstance(event.in_force, AbsenceFigure):
        return [gone]
    return [gone, _posted(event.in_force, event.figure_id)]


def _key(municipality_id: str, unit: str | None, definition_key: str) -> SeriesKey:
    subject = f"unit/{municipality_id}/{unit}" if unit else f"municipality/{municipality_id}"
    return subject, definition_key


def definition_key(definition: DefinitionContract) -> str:
    """Join the four parts of a goal's definition as `shared.values.Definition.key` does, without
    making the value.
    """
    corrected = "corrected" if definition.holiday_corrected else "uncorrected"
    return f"{definition.certification}.{definition.denominator}.{corrected}.{definition.source}"


@lru_cache(maxsize=4096)
def _place(period: str) -> tuple[int, int]:
    held = Period.parse(period)
    return last_month_of(held), held.grain.months
