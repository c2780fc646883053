"""The state of a series at one period: all that is published of it, and what changed since it was
last published.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from services.metrics.domain.amounts import NULL, Ratio, days_text, divided, hundredths_text, quoted
from services.metrics.domain.figures import GRAIN_WINDOWS, Window
from services.metrics.domain.goals import Goal, GoalKey, GoalState, Judgement, progress_text
from services.metrics.domain.series import Rate, Series

FORMULA = "absence/1"
"""The version of these rules; it travels with every state."""

K = TypeVar("K")

_LARGEST_STORED = 2**63
"""The store keeps unrounded rates as 64-bit numbers; a rate above nine million per cent is kept
rounded only.
"""


class State(NamedTuple):
    """What is true of a series at one period. A tuple, because metrics makes some thousands per
    second.

    Attributes:
        last_month: the last month of the period, counted from year 0.
        months: months per period.
        content: what is published: `rates`, `same_month_change_percent`, `goals`, `suppressed`,
            `generated`, written as JSON in the form of the contract (CONTRACTS 2); equal contents
            are equal texts.
        unrounded: value and reported of each rate in the content's order, in trillionths of a per
            cent, for pages that show one decimal. None where the content has none, so suppression
            holds here too.
        is_suppressed: whether anything in it must not be shown.
        paths: what it has, as `changed` names it.
    """

    last_month: int
    months: int
    content: str
    unrounded: tuple[int | None, ...]
    is_suppressed: bool = False
    paths: Sequence[str] = ()


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


def settle(series: Series, ordinals: Iterable[int], *, loaded_from: int | None = None) -> Settled:
    """Work out a series' states at some of its periods.

    Args:
        ordinals: the periods, in order of time.
        loaded_from: the ordinal that figures were loaded from, when the series has earlier ones.

    Raises:
        HistoryMissing: the figures do not reach back to the last period that a goal can be judged
            on.
    """
    wanted = list(ordinals)
    judged: dict[GoalKey, list[Judgement]] = {}
    for goal in series.goals:
        before = _judged_before(series, goal, wanted[0], loaded_from) if wanted else None
        judged[goal.key] = [] if before is None else [before]
    return Settled([_state(series, ordinal, judged) for ordinal in wanted], judged)


def _judged_before(
    series: Series, goal: Goal, ordinal: int, loaded_from: int | None
) -> Judgement | None:
    """Return the last judgement before a period."""
    earliest = (
        series.first if loaded_from is None else max(series.first, loaded_from + series.per_year)
    )
    for earlier in range(ordinal - 1, earliest - 1, -1):
        rate = series.rate_at(goal.window, earlier)
        judgement = rate and _judge(series, goal, rate, earlier)
        if judgement:
            return judgement
    if earliest > series.first:
        raise HistoryMissing
    return None


def _judge(series: Series, goal: Goal, rate: Rate, ordinal: int) -> Judgement | None:
    shown = rate.judged
    if shown is None:
        return None
    state = GoalState.REACHED if goal.is_reached(shown) else GoalState.OPEN
    return Judgement(
        (ordinal + 1) * series.months - 1, shown, state, series.is_generated_at(ordinal)
    )


def _state(series: Series, ordinal: int, judged: dict[GoalKey, list[Judgement]]) -> State:
    rates = series.rates_at(ordinal)
    last_month = (ordinal + 1) * series.months - 1
    change = _year_on_year(series, rates, ordinal)
    goals = _goals(series, rates, ordinal, judged) if series.goals else {}
    generated = series.is_generated_at(ordinal)
    written: list[str] = []
    unrounded: list[int | None] = []
    suppressed = False
    for window, rate in rates.items():
        written.append(f'"{window}":{rate_text(rate)}')
        unrounded += (
            _trillionths(rate.value),
            None if rate.reported is None else _trillionths(rate.reported),
        )
        suppressed |= rate.suppressed
    content = (
        f'{{"rates":{{{",".join(written)}}},"same_month_change_percent":{change},"goals":[{",".join(goals.values())}],'
        f'"suppressed":{_BOOLEANS[suppressed]},"generated":{_BOOLEANS[generated]}}}'
    )
    paths = [_PATHS[window] for window in rates]
    if change is not NULL:
        paths.append("same_month_change_percent")
    if goals:
        paths += dict.fromkeys(f"goals.{goal_id}" for _, goal_id in goals)
    if suppressed or generated:
        paths += [
            flag
            for flag, is_set in (("suppressed", suppressed), ("generated", generated))
            if is_set
        ]
    return State(last_month, series.months, content, tuple(unrounded), suppressed, paths)


def _goals(
    series: Series,
    rates: Mapping[Window, Rate],
    ordinal: int,
    judged: dict[GoalKey, list[Judgement]],
) -> dict[GoalKey, str]:
    """Judge the goals whose window ends with the period, and write out where they stand."""
    written = {}
    for goal in series.goals:
        rate = rates.get(goal.window)
        if rate is None or rate.suppressed:
            continue
        judgements = judged[goal.key]
        judgement = _judge(series, goal, rate, ordinal)
        if judgement is not None:
            judgements.append(judgement)
        state = judgements[-1].state if judgements else GoalState.OPEN
        written[goal.key] = progress_text(goal, judgement.shown if judgement else None, state)
    return written


_PATHS = {window: f"rates.{window}" for window in Window}
_BOOLEANS = {False: "false", True: "true"}


def rate_text(rate: Rate) -> str:
    """Write out what is published of a rate: per cent with two decimals, halves up, days exactly.

    By hand, because `json` takes as long for it as all the arithmetic before; every word in it is
    ours or a number.
    """
    value, reported, numerator, denominator, present, expected, reason, _ = rate
    return (
        f'{{"value":{NULL if value is None else quoted(hundredths_text(value.hundredths))},'
        f'"reported":{NULL if reported is None else quoted(hundredths_text(reported.hundredths))},'
        f'"numerator":{NULL if numerator is None else quoted(days_text(numerator))},'
        f'"denominator":{NULL if denominator is None else quoted(days_text(denominator))},'
        f'"coverage":{{"present":{present},"expected":{expected}}},"reason":{quoted(reason)}}}'
    )


def _trillionths(ratio: Ratio | None) -> int | None:
    if ratio is None:
        return None
    amount = ratio.trillionths
    return amount if amount < _LARGEST_STORED else None


def _year_on_year(series: Series, rates: Mapping[Window, Rate], ordinal: int) -> str:
    """Return the change since the same period last year in per cent, the cheap way to take out the
    season.
    """
    now, then = (
        rates[GRAIN_WINDOWS[series.months]].value,
        series.value_at(ordinal - series.per_year),
    )
    if now is None or then is None or then.numerator <= 0:
        return NULL
    ours, theirs = now.numerator * then.denominator, then.numerator * now.denominator
    return quoted(hundredths_text(divided((ours - theirs) * 10_000, theirs)))


def emptied(last_month: int, months: int) -> State:
    """Return the state of a period that its series no longer has, because its grain or its members
    are others now.

    It was published, so it is told about once more: nothing is known there. A tombstone would take
    away the version.
    """
    rate = Rate(None, None, None, None, 0, 0, "no-data", False)
    content = (
        f'{{"rates":{{"{GRAIN_WINDOWS[months]}":{rate_text(rate)}}},"same_month_change_percent":null,"goals":[],'
        '"suppressed":false,"generated":false}'
    )
    return State(last_month, months, content, (None, None))


def changed_paths(before: State | None, after: State) -> list[str]:
    """Name what differs between two states of a period, such as `rates.month`; all there is, when
    there was none.
    """
    if before is None:
        return list(after.paths)
    was, now = json.loads(before.content), json.loads(after.content)
    paths = [f"rates.{window}" for window in _differing(was["rates"], now["rates"])]
    if not paths and before.unrounded != after.unrounded:
        paths = [f"rates.{window}" for window in now["rates"]]
    if was["same_month_change_percent"] != now["same_month_change_percent"]:
        paths.append("same_month_change_percent")
    goals_before, goals_after = (_goals_in(content) for content in (was, now))
    paths += dict.fromkeys(
        f"goals.{goal_id}" for _, goal_id in _differing(goals_before, goals_after)
    )
    return paths + [flag for flag in ("suppressed", "generated") if was[flag] != now[flag]]


def _goals_in(content: Mapping[str, Any]) -> dict[tuple[str | None, str], Any]:
    """Return what a content says of goals; one of before there were projects in it names none."""
    return {(goal.get("project_id"), goal["goal_id"]): goal for goal in content["goals"]}


def _differing(before: Mapping[K, Any], after: Mapping[K, Any]) -> list[K]:
    names = [*after, *(name for name in before if name not in after)]
    return [name for name in names if before.get(name) != after.get(name)]
