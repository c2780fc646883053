"""What the front page compares: the one definition that most participants have a figure of, and
what each has by it.

Unlike definitions are never mixed (FORMULAS 1.2): who has only another one keeps its figures, and
they say so.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from services.metrics.boards.rules import goal_of_board
from services.metrics.goals.rules import Goal
from services.metrics.publishing.rules.published import Cell, PublishedState, unrounded
from services.metrics.series.rules.amounts import from_micro
from services.metrics.series.rules.figures import Window
from shared.values import Metric, Period


@dataclass(frozen=True, slots=True)
class Compared:
    """What one participant has to compare.

    Attributes:
        definition_key: what its figures mean.
        is_otherwise: that is not what the page compares.
        has_more: it has figures of other definitions too.
        level: the rate of the last twelve months, else of the year so far.
        level_window: which of the two.
        change: points from its goal's baseline to the goal's shown value.
        change_window: the goal's window.
        period: the period that the figures reach to.
        suppressed: the level must not be shown, in none of its windows.
        present: on how many figures the level rests, where it is computed.
        expected: how many periods its window has.
    """

    definition_key: str
    is_otherwise: bool
    has_more: bool
    level: Decimal | None
    level_window: Window | None
    change: Decimal | None
    change_window: Window | None
    period: Period
    generated: bool
    suppressed: bool
    present: int
    expected: int


class Comparison:
    """The newest figures of a programme's participants, compared by one definition."""

    def __init__(
        self,
        states: Mapping[str, Mapping[str, PublishedState]],
        goals: Collection[Goal],
        project_ids: Collection[str],
        metric: Metric,
    ) -> None:
        """Choose the definition.

        Args:
            states: the newest state of each series of the participants, by municipality id and
                definition key.
            goals: all that are known; a municipality may have one of another programme.
            project_ids: the programme's projects, whose goals decide between definitions that as
                many have.
            metric: what is compared.
        """
        self._states = states
        self._goals: dict[str, list[Goal]] = {}
        ours = [goal for goal in goals if goal.metric == metric.metric_id]
        for goal in ours:
            self._goals.setdefault(goal.subject, []).append(goal)
        sought = Counter(goal.definition_key for goal in ours if goal.project_id in project_ids)
        self._ranking = _ranking(states.values(), sought, metric)

    @property
    def definition_key(self) -> str | None:
        """What is compared; None where nobody has figures."""
        return self._ranking[0] if self._ranking else None

    def of(self, municipality_id: str) -> Compared | None:
        """Return what a participant has; None when it has no figures.

        Its figures are of the definition that is compared, else of the one that most others have.
        The change is that of a goal of the same definition, so that all that stands beside a
        municipality means one thing.
        """
        held = self._states.get(municipality_id, {})
        key = next((key for key in self._ranking if key in held), None)
        if key is None:
            return None
        goals = self._goals.get(f"municipality/{municipality_id}", [])
        goal = goal_of_board(goal for goal in goals if goal.definition_key == key)
        state = held[key]
        window, level = _level(state) or (None, None)
        is_computed = level is not None and level.reported is None
        return Compared(
            definition_key=key,
            is_otherwise=key != self._ranking[0],
            has_more=len(held) > 1,
            level=unrounded(level.shown) if level else None,
            level_window=window,
            change=None if goal is None else _change(state, goal),
            change_window=None if goal is None else goal.window,
            period=state.period,
            generated=state.generated,
            suppressed=state.suppressed and level is None,
            present=level.present if level and is_computed else 0,
            expected=level.expected if level and is_computed else 0,
        )


def _ranking(
    held: Iterable[Mapping[str, PublishedState]], sought: Mapping[str, int], metric: Metric
) -> list[str]:
    """Return the definition keys of all figures, the one to compare first.

    Args:
        sought: how many of the programme's goals are of a definition.
    """
    keys = [(key, _level(state) is not None) for states in held for key, state in states.items()]
    figures = Counter(key for key, has_figure in keys if has_figure)

    def rank(key: str) -> tuple[int, int, tuple[tuple[int, ...], str]]:
        return -figures[key], -sought.get(key, 0), metric.order_of(key)

    return sorted({key for key, _ in keys}, key=rank)


def _level(state: PublishedState) -> tuple[Window, Cell] | None:
    """Return the rate of the last twelve months, else of the year so far, so that the season does
    not show.
    """
    for window in (Window.ROLLING_12, Window.YEAR_TO_DATE):
        cell = state.cells.get(window)
        if cell is not None and cell.shown is not None:
            return window, cell
    return None


def _change(state: PublishedState, goal: Goal) -> Decimal | None:
    """Return how many percentage points the goal's rate lies from its baseline, unrounded; None if
    figures lack.
    """
    cell = state.cells.get(goal.window)
    rate = None if cell is None else unrounded(cell.whole)
    return None if rate is None else rate - from_micro(goal.baseline)
