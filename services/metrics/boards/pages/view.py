"""What the scoreboard page shows, free of language: the template writes it out in the reader's
language.

The look is that of Vefsn's board on the programme's slide of 29 October 2013: a row per month and a
SUM row per year, a place for each person that the goal wants back at work, and three columns of
rates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from services.metrics.boards.pages.chart import Chart, Line, draw
from services.metrics.boards.rules import Row
from services.metrics.goals.rules import Goal
from services.metrics.publishing.rules.published import Cell, unrounded
from services.metrics.series.rules.amounts import from_micro
from services.metrics.series.rules.figures import GRAIN_WINDOWS, Meaning, Window
from shared.values import Grain, Period

_WIDE, _NARROW = (760.0, 340.0), (340.0, 260.0)


@dataclass(frozen=True, slots=True)
class Board:
    """A municipality's scoreboard.

    Attributes:
        county: the county that it lay in.
        rows: in order of time, each SUM row after its year's periods.
        goal: the goal that the places are for, if there is one.
        goal_row: the newest rate of the goal's own window.
        is_reached: whether the goal is.
        meaning: what the values mean; None where there are no figures and no goal.
        others: what else the municipality has figures of; unlike ones are never mixed.
        smileys_in_source: what the municipality's own board shows, by the row's period, where the
            rule gives another.
    """

    municipality_id: str
    name: str
    county: str
    rows: Sequence[Row] = ()
    goal: Goal | None = None
    goal_row: Row | None = None
    is_reached: bool = False
    meaning: Meaning | None = None
    others: Sequence[Meaning] = ()
    smileys_in_source: Mapping[Period, int] = field(default_factory=dict)

    @property
    def is_percent(self) -> bool:
        """Whether the values are in per cent."""
        return self.meaning is None or self.meaning.is_percent

    @property
    def places(self) -> int | None:
        """The places for smileys; None where there is no goal that is counted in persons."""
        return self.goal.places if self.goal else None

    @property
    def baseline(self) -> Decimal:
        """The goal's baseline."""
        return from_micro(self._goal.baseline)

    @property
    def target(self) -> Decimal:
        """The goal's target."""
        return from_micro(self._goal.target)

    @property
    def way_percent(self) -> Decimal | None:
        """How far the target lies from the baseline, in per cent of the baseline; None for a
        baseline of zero.
        """
        return 100 * abs(self.target - self.baseline) / self.baseline if self.baseline else None

    @property
    def periods(self) -> list[Row]:
        """The rows without the SUM rows."""
        return [row for row in self.rows if not row.is_sum]

    @property
    def grain(self) -> Grain:
        """How long the periods are that it has rows of."""
        return self.periods[0].period.grain if self.periods else Grain.MONTH

    @property
    def columns(self) -> list[Window]:
        """The windows that the board has a column for, the periods' own first."""
        wanted = [GRAIN_WINDOWS[self.grain.months], Window.YEAR_TO_DATE, Window.ROLLING_12]
        return [window for window in wanted if any(window in row.cells for row in self.rows)]

    @property
    def marked_columns(self) -> set[Window]:
        """The columns where some reported figure differs from the computed one."""
        return {window for row in self.rows for window, cell in row.cells.items() if cell.differs}

    @property
    def first(self) -> Row | None:
        """The first period that has a figure."""
        return next((row for row in self.periods if self.counted(row) is not None), None)

    @property
    def latest(self) -> Row | None:
        """The last period that has a figure."""
        return next((row for row in reversed(self.periods) if self.counted(row) is not None), None)

    @property
    def is_generated(self) -> bool:
        """Whether any figure on the board is made up for demonstration."""
        return any(row.generated for row in self.rows)

    @property
    def is_suppressed(self) -> bool:
        """Whether there are figures that must not be shown, because too few persons stand behind
        them.
        """
        return any(row.suppressed for row in self.rows)

    @staticmethod
    def counted(row: Row) -> Decimal | None:
        """Return the shown rate that the row's smileys count from."""
        return unrounded(row.cells[row.counted].shown)

    @staticmethod
    def shown(cell: Cell) -> Decimal | None:
        """Return a cell's shown rate."""
        return unrounded(cell.shown)

    @staticmethod
    def computed(cell: Cell) -> Decimal | None:
        """Return a cell's computed rate."""
        return unrounded(cell.computed)

    @staticmethod
    def is_partial(cell: Cell) -> bool:
        """Tell whether the computed rate rests on fewer figures than its window has periods."""
        return cell.computed is not None and cell.present < cell.expected

    @property
    def has_partial(self) -> bool:
        """Whether any computed rate that the board shows needs the explanation of its mark."""
        rows = [*self.rows, *([self.goal_row] if self.goal_row else [])]
        cells = [cell for row in rows for cell in row.cells.values()]
        return any(
            self.is_partial(cell) and (cell.reported is None or cell.differs) for cell in cells
        )

    @staticmethod
    def persons(row: Row) -> Decimal | None:
        """Return how many persons more are at work, not clamped."""
        return None if row.persons_tenths is None else Decimal(row.persons_tenths).scaleb(-1)

    @property
    def levels(self) -> dict[str, Decimal]:
        """The horizontal lines of the chart."""
        return {"baseline": self.baseline, "target": self.target} if self.goal else {}

    @property
    def lines(self) -> list[Line]:
        """The lines of the chart, one for each column."""
        return [
            Line(
                f"line-{number}",
                {
                    row.period: rate
                    for row in self.periods
                    if (rate := unrounded(row.cells[window].shown)) is not None
                },
            )
            for number, window in enumerate(self.columns)
        ]

    @property
    def charts(self) -> dict[str, Chart]:
        """The line chart for wide and for narrow screens; none before some period has a rate of its
        own.
        """
        if self.first is None:
            return {}
        drawn = {
            "wide": draw(self.lines, self.levels, width=_WIDE[0], height=_WIDE[1]),
            "narrow": draw(self.lines, self.levels, width=_NARROW[0], height=_NARROW[1]),
        }
        return {size: chart for size, chart in drawn.items() if chart is not None}

    @property
    def drawing_values(self) -> dict[str, Any]:
        """The shown rates for the script that makes the chart answer to the pointer; text is never
        made of these.
        """
        return {
            "days": [row.period.first_day.isoformat() for row in self.periods],
            "lines": [
                [_pixels(unrounded(row.cells[window].shown)) for row in self.periods]
                for window in self.columns
            ],
            "levels": {name: float(level) for name, level in self.levels.items()},
        }

    @property
    def _goal(self) -> Goal:
        if self.goal is None:
            raise ValueError(
                f"{self.municipality_id} has no goal; the template asks for it only where there"
                " is one"
            )
        return self.goal


def _pixels(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
