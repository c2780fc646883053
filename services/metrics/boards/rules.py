"""The scoreboard: a municipality's months and years with what was reported, what follows from
months, and smileys.

It is made from published states, so what is suppressed there is missing here. The model is the
board on Vefsn's slide of 29 October 2013 (FORMULAS 1.5): smileys count from the month's rate, in a
SUM row from the year to date.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from services.metrics.goals.rules import Goal, GoalState
from services.metrics.heard.rules import HeardMunicipality
from services.metrics.publishing.rules.published import TRILLION, Cell, PublishedState
from services.metrics.series.rules.amounts import MILLION, Ratio
from services.metrics.series.rules.figures import GRAIN_WINDOWS, Definition, Meaning, Window
from shared.values import Grain, Metric, Period


@dataclass(frozen=True, slots=True)
class Row:
    """A period of the grain, a year's SUM row, or where the goal stands.

    Attributes:
        period: the month, or the year of a SUM row.
        until: the last period of the grain that it counts.
        cells: for a period its own rate, the year to date and the rolling 12; else only the window
            that it counts.
        counted: the window that smileys count from.
        persons_tenths: persons more at work than at the baseline, in tenths, signed and not
            clamped; None where figures are missing.
        smileys: the same in whole persons, from 0 to the goal's places.
    """

    period: Period
    until: Period
    cells: Mapping[Window, Cell]
    counted: Window
    persons_tenths: int | None
    smileys: int | None
    generated: bool
    suppressed: bool

    @property
    def is_sum(self) -> bool:
        """Whether this is a year's row."""
        return self.counted is Window.YEAR_TO_DATE


@dataclass(frozen=True, slots=True)
class Board:
    """A municipality's board.

    Attributes:
        municipality: as the registry told of it; None when it has not yet.
        meaning: of what is shown; None when there are no figures and no goal.
        others: what else it has figures of.
        goal: the goal that smileys count from, and where it stands.
        goal_row: the newest rate of the goal's own window.
    """

    municipality_id: str
    municipality: HeardMunicipality | None
    meaning: Meaning | None
    others: Sequence[Meaning]
    goal: tuple[Goal, GoalState] | None
    rows: Sequence[Row]
    goal_row: Row | None

    @property
    def generated(self) -> bool:
        """Whether any figure on it was made for demonstration."""
        return any(row.generated for row in self.rows)

    @property
    def suppressed(self) -> bool:
        """Whether anything on it must not be shown."""
        return any(row.suppressed for row in self.rows)


def choose(
    goals: Iterable[Goal],
    definitions: Iterable[Definition],
    metrics: Mapping[str, Metric],
    *,
    metric: str | None = None,
    definition_key: str | None = None,
) -> tuple[Definition | None, Goal | None]:
    """Choose what a board shows: what is asked for, else what its goal is about, else what counts
    most; and the goal about it.

    Args:
        goals: of the municipality.
        definitions: by which it has figures.
        metrics: those that were heard of.
        metric: the metric that the reader names.
        definition_key: the definition that the reader names.
    """
    if metric is None and definition_key is not None:
        metric = FIRST_METRIC

    def is_asked(definition: Definition) -> bool:
        return metric in (None, definition.metric) and definition_key in (None, definition.key)

    goal = goal_of_board(goal for goal in goals if is_asked(goal.series.definition))
    if goal is not None:
        return goal.series.definition, goal
    if metric is not None and metric in metrics and definition_key is not None:
        return Definition(metric, definition_key), None
    held = [one for one in definitions if is_asked(one) and one.metric in metrics]
    return min(held, key=lambda one: order_of(one, metrics), default=None), None


FIRST_METRIC = "absence"
"""What a board is about when nothing is asked for and no goal says otherwise: the programme's own
yardstick.
"""

Order = tuple[bool, str, tuple[int, ...], str]


def order_of(definition: Definition, metrics: Mapping[str, Metric]) -> Order:
    """Return where a definition stands when one of several is chosen: what counts most first."""
    places, key = metrics[definition.metric].order_of(definition.key)
    return definition.metric != FIRST_METRIC, definition.metric, places, key


def goal_of_board(goals: Iterable[Goal]) -> Goal | None:
    """Return the goal to show: one that counts persons before others, the first by project and id
    among equals.
    """
    return min(goals, key=lambda goal: (goal.persons_per_point is None, goal.key), default=None)


def published_state(goal: Goal, states: Sequence[PublishedState]) -> GoalState:
    """Return where a goal stands by what was published last of it; open when nothing was.

    Not by its last milestone: when the only period that was judged is withdrawn, nothing takes that
    back.
    """
    names = (goal.key, (None, goal.goal_id))
    stands = (
        state.goals[name] for state in reversed(states) for name in names if name in state.goals
    )
    return next(stands, GoalState.OPEN)


def board_rows(states: Iterable[PublishedState], goal: Goal | None) -> list[Row]:
    """Return the rows in order of time, each SUM row after its year's periods.

    A year has one SUM row: the year to date of its last period; of a metric that takes the last
    period there is none. A period without a figure of its
    own has a row only where its year has others, so that a gap shows; 2011 of Vefsn's board, of
    which only the sum is known, is one row.
    """
    rows: list[Row] = []
    for year, group in groupby(states, key=lambda state: state.period.year):
        held = list(group)
        own = GRAIN_WINDOWS[held[-1].period.grain.months]
        if any(state.cells[own].shown is not None or state.cells[own].present for state in held):
            rows += [_period_row(state, own, goal) for state in held]
        if Window.YEAR_TO_DATE in held[-1].cells:
            rows.append(_sum_row(year, held, goal))
    return rows


def goal_row(states: Sequence[PublishedState], goal: Goal) -> Row | None:
    """Return the newest rate of the goal's own window, which need not be one that the board has a
    column for.
    """
    for state in reversed(states):
        cell = state.cells.get(goal.window)
        if cell is not None and cell.shown is not None:
            persons, smileys = _persons(goal, cell)
            period, cells = _spanned(goal.window, state.period), {goal.window: cell}
            return Row(
                period,
                state.period,
                cells,
                goal.window,
                persons,
                smileys,
                state.generated,
                state.suppressed,
            )
    return None


def _spanned(window: Window, last: Period) -> Period:
    """Return the period that a window is named by: the year of a year to date, the last one of a
    rolling 12.
    """
    match window:
        case Window.YEAR_TO_DATE:
            return Period.of_year(last.year)
        case Window.ROLLING_12:
            return last
    return last.containing(Grain(window.value))


def _period_row(state: PublishedState, own: Window, goal: Goal | None) -> Row:
    columns = (own, Window.YEAR_TO_DATE, Window.ROLLING_12)
    cells = {window: state.cells[window] for window in columns if window in state.cells}
    persons, smileys = _persons(goal, cells[own])
    return Row(
        state.period, state.period, cells, own, persons, smileys, state.generated, state.suppressed
    )


def _sum_row(year: int, states: Sequence[PublishedState], goal: Goal | None) -> Row:
    last = states[-1]
    cell = last.cells[Window.YEAR_TO_DATE]
    if (
        cell.shown is None
    ):  # a year of which only the whole was posted; in December the two windows are one
        cell = last.cells.get(Window.YEAR, cell)
    persons, smileys = _persons(goal, cell)
    cells = {Window.YEAR_TO_DATE: cell}
    counted = Window.YEAR_TO_DATE
    return Row(
        Period.of_year(year),
        last.period,
        cells,
        counted,
        persons,
        smileys,
        last.generated,
        last.suppressed,
    )


def _persons(goal: Goal | None, cell: Cell) -> tuple[int | None, int | None]:
    whole = cell.whole
    if goal is None or whole is None:
        return None, None
    rate = Ratio(whole, TRILLION // MILLION)
    return goal.persons_tenths(rate), goal.smileys(rate)
