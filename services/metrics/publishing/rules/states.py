"""The state of a series at one period: all that is true of it there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.metrics.goals.rules import Goal, GoalKey, GoalState, Judgement, Progress
from services.metrics.series.rules.amounts import divided
from services.metrics.series.rules.figures import GRAIN_WINDOWS, Window
from services.metrics.series.rules.windows import Series, WindowValue


class State(NamedTuple):
    """What is true of a series at one period. A tuple, because metrics makes some thousands per
    second.

    Attributes:
        last_month: the last month of the period, counted from year 0.
        months: months per period.
        windows: the value of every window that ends with the period.
        change_hundredths: the change since the same period last year, in hundredths of a per cent.
        goals: where the goals stand that are judged on one of the windows.
        generated: whether any figure in it was made for demonstration.
    """

    last_month: int
    months: int
    windows: Mapping[Window, WindowValue]
    change_hundredths: int | None = None
    goals: Sequence[Progress] = ()
    generated: bool = False

    @property
    def suppressed(self) -> bool:
        """Whether anything in it must not be shown."""
        return any(held.suppressed for held in self.windows.values())


@dataclass(frozen=True, slots=True)
class Settled:
    """The states of a series that may have changed, and its goals' judgements from just before them
    on.
    """

    states: Sequence[State]
    judgements: Mapping[GoalKey, Sequence[Judgement]]


class HistoryMissing(Exception):
    """A goal's state rests on a period before the loaded figures: an answer, not a fault. Load more
    and ask again.
    """


def settle(
    series: Series,
    ordinals: Iterable[int],
    goals: Sequence[Goal] = (),
    *,
    loaded_from: int | None = None,
) -> Settled:
    """Work out a series' states at some of its periods.

    Args:
        ordinals: the periods, in order of time.
        goals: those that are judged on the series.
        loaded_from: the ordinal that figures were loaded from, when the series has earlier ones.

    Raises:
        HistoryMissing: the figures do not reach back to the last period that a goal can be judged
            on.
    """
    wanted = list(ordinals)
    judged: dict[GoalKey, list[Judgement]] = {}
    for goal in goals:
        before = _judged_before(series, goal, wanted[0], loaded_from) if wanted else None
        judged[goal.key] = [] if before is None else [before]
    return Settled([_state(series, ordinal, goals, judged) for ordinal in wanted], judged)


def _judged_before(
    series: Series, goal: Goal, ordinal: int, loaded_from: int | None
) -> Judgement | None:
    """Return the last judgement before a period."""
    earliest = (
        series.first if loaded_from is None else max(series.first, loaded_from + series.per_year)
    )
    for earlier in range(ordinal - 1, earliest - 1, -1):
        held = series.value_of(goal.window, earlier)
        judgement = held and _judge(series, goal, held, earlier)
        if judgement:
            return judgement
    if earliest > series.first:
        raise HistoryMissing
    return None


def _judge(series: Series, goal: Goal, held: WindowValue, ordinal: int) -> Judgement | None:
    shown = held.judged
    if shown is None:
        return None
    state = GoalState.REACHED if goal.is_reached(shown) else GoalState.OPEN
    return Judgement(
        (ordinal + 1) * series.months - 1, shown, state, series.is_generated_at(ordinal)
    )


def _state(
    series: Series,
    ordinal: int,
    goals: Sequence[Goal],
    judged: dict[GoalKey, list[Judgement]],
) -> State:
    windows = series.values_at(ordinal)
    return State(
        (ordinal + 1) * series.months - 1,
        series.months,
        windows,
        _year_on_year(series, windows, ordinal),
        _progress(series, windows, ordinal, goals, judged) if goals else (),
        series.is_generated_at(ordinal),
    )


def _progress(
    series: Series,
    windows: Mapping[Window, WindowValue],
    ordinal: int,
    goals: Sequence[Goal],
    judged: dict[GoalKey, list[Judgement]],
) -> list[Progress]:
    """Judge the goals whose window ends with the period, and say where they stand."""
    found = []
    for goal in goals:
        held = windows.get(goal.window)
        if held is None or held.suppressed:
            continue
        judgements = judged[goal.key]
        judgement = _judge(series, goal, held, ordinal)
        if judgement is not None:
            judgements.append(judgement)
        state = judgements[-1].state if judgements else GoalState.OPEN
        found.append(goal.progress(judgement.shown if judgement else None, state))
    return found


def _year_on_year(
    series: Series, windows: Mapping[Window, WindowValue], ordinal: int
) -> int | None:
    """Return the change since the same period last year in hundredths of a per cent, the cheap way
    to take out the season.
    """
    now, then = (
        windows[GRAIN_WINDOWS[series.months]].value,
        series.period_value(ordinal - series.per_year),
    )
    if now is None or then is None or then.numerator <= 0:
        return None
    ours, theirs = now.numerator * then.denominator, then.numerator * now.denominator
    return divided((ours - theirs) * 10_000, theirs)


def emptied(last_month: int, months: int) -> State:
    """Return the state of a period that its series no longer has, because its grain or its members
    are others now.

    It was published, so it is told about once more: nothing is known there. A tombstone would take
    away the version.
    """
    nothing = WindowValue(None, None, None, None, 0, 0, "no-data", False)
    return State(last_month, months, {GRAIN_WINDOWS[months]: nothing})
