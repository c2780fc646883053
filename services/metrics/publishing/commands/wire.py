"""How a state is written: once, as the JSON that its event and its row have in common.

By hand, because `json` takes as long for it as all the arithmetic before; every word in it is ours
or a number.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from services.metrics.goals.rules import Progress
from services.metrics.publishing.rules.states import State
from services.metrics.series.rules.amounts import Ratio, decimal_text, exact_text
from services.metrics.series.rules.figures import SeriesKey, Window, period_of
from services.metrics.series.rules.formulas import Formula
from services.metrics.series.rules.windows import WindowValue
from shared.events.envelope import cloudevent_headers, derived_id
from shared.events.metrics import MetricUpdated

K = TypeVar("K")

_NULL = "null"
_BOOLEANS = {False: "false", True: "true"}
_PATHS = {window: f"windows.{window}" for window in Window}
_TYPE, _SOURCE, _TOPIC = (
    MetricUpdated.type(),
    f"/saman/{MetricUpdated.producer}",
    MetricUpdated.topic(),
)

_LARGEST_STORED = 2**63
"""The store keeps unrounded values as 64-bit numbers; one above nine million is kept rounded only.
"""


class Written(NamedTuple):
    """A state as it is written.

    Attributes:
        fields: what is published of it (CONTRACTS 2), without the braces around; equal states are
            equal texts.
        unrounded: value and reported of each window in the order of the fields, in trillionths, for
            pages that show one decimal. None where the fields have none, so suppression holds here
            too.
        paths: what it has, as `changed` names it.
    """

    fields: str
    unrounded: tuple[int | None, ...]
    paths: Sequence[str]

    @property
    def content(self) -> str:
        """The JSON object that is kept."""
        return f"{{{self.fields}}}"


def write(state: State, formula: Formula) -> Written:
    """Write a state of a metric out."""
    windows: list[str] = []
    unrounded: list[int | None] = []
    for window, held in state.windows.items():
        windows.append(f'"{window}":{_window_text(held, formula)}')
        unrounded += (
            _trillionths(held.value),
            None if held.reported is None else _trillionths(held.reported),
        )
    change = _hundredths(state.change_hundredths)
    suppressed, generated = state.suppressed, state.generated
    goals = ",".join([goal_text(progress) for progress in state.goals])
    fields = (
        f'"windows":{{{",".join(windows)}}},"year_on_year_change_percent":{change},'
        f'"goals":[{goals}],'
        f'"suppressed":{_BOOLEANS[suppressed]},"generated":{_BOOLEANS[generated]}'
    )
    paths = [_PATHS[window] for window in state.windows]
    if change is not _NULL:
        paths.append("year_on_year_change_percent")
    if state.goals:
        paths += dict.fromkeys(f"goals.{progress.goal.goal_id}" for progress in state.goals)
    if suppressed or generated:
        flags = (("suppressed", suppressed), ("generated", generated))
        paths += [flag for flag, is_set in flags if is_set]
    return Written(fields, tuple(unrounded), paths)


def _window_text(held: WindowValue, formula: Formula) -> str:
    """Write out a window: values with the metric's decimals, halves up, and their parts exactly."""
    value, reported, numerator, denominator, present, expected, reason, _ = held
    places, least = formula.decimals, formula.part_decimals
    return (
        f'{{"value":{_NULL if value is None else _decimal(value.rounded(places), places)},'
        f'"reported":{_NULL if reported is None else _decimal(reported.rounded(places), places)},'
        f'"numerator":{_exact(numerator, least)},'
        f'"denominator":{_exact(denominator, least)},'
        f'"coverage":{{"present":{present},"expected":{expected}}},"reason":{_quoted(reason)}}}'
    )


def goal_text(progress: Progress) -> str:
    """Write out where a goal stands; what cannot be given is null."""
    goal, points, change, progressed, persons, state = progress
    return (
        f'{{"project_id":"{goal.project_id}","goal_id":"{goal.goal_id}","window":"{goal.window}",'
        f'"change_points":{_hundredths(points)},"change_percent":{_hundredths(change)},'
        f'"progress_percent":{_hundredths(progressed)},'
        f'"persons_at_work":{_NULL if persons is None else _decimal(persons, 1)},'
        f'"state":"{state}"}}'
    )


def _quoted(text: str | None) -> str:
    return _NULL if text is None else f'"{text}"'


def _decimal(amount: int, places: int) -> str:
    return _quoted(decimal_text(amount, places))


def _exact(amount: int | None, places: int) -> str:
    return _NULL if amount is None else _quoted(exact_text(amount, places))


def _hundredths(hundredths: int | None) -> str:
    return _NULL if hundredths is None else _quoted(decimal_text(hundredths, 2))


def _trillionths(ratio: Ratio | None) -> int | None:
    if ratio is None:
        return None
    amount = ratio.trillionths
    return amount if amount < _LARGEST_STORED else None


def changed_paths(content: str, unrounded: Sequence[int | None], after: Written) -> list[str]:
    """Name what differs between the state that is kept of a period and a new one, such as
    `windows.month`.

    Args:
        content: of the state that is kept.
        unrounded: likewise.
    """
    was, now = json.loads(content), json.loads(after.content)
    paths = [f"windows.{window}" for window in _differing(was["windows"], now["windows"])]
    if not paths and tuple(unrounded) != after.unrounded:
        paths = [f"windows.{window}" for window in now["windows"]]
    if was["year_on_year_change_percent"] != now["year_on_year_change_percent"]:
        paths.append("year_on_year_change_percent")
    goals_before, goals_after = (_goals_in(held) for held in (was, now))
    paths += dict.fromkeys(
        f"goals.{goal_id}" for _, goal_id in _differing(goals_before, goals_after)
    )
    return paths + [flag for flag in ("suppressed", "generated") if was[flag] != now[flag]]


def _goals_in(content: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    return {(goal["project_id"], goal["goal_id"]): goal for goal in content["goals"]}


def _differing(before: Mapping[K, Any], after: Mapping[K, Any]) -> list[K]:
    names = [*after, *(name for name in before if name not in after)]
    return [name for name in names if before.get(name) != after.get(name)]


class WrittenMetric(NamedTuple):
    """A `MetricUpdated` already in its written form.

    Writing it from the state's fields costs a tenth of making the contract's objects, and metrics
    writes some thousands per second; a test reads it back through the contract.
    """

    event_id: UUID
    occurred_at: datetime
    key: str
    body: bytes

    def topic(self) -> str:
        """The topic of all states."""
        return _TOPIC

    def headers(self) -> dict[str, str]:
        """The record headers."""
        return cloudevent_headers(self.event_id, _TYPE, _SOURCE, _time(self.occurred_at), self.key)

    def payload(self) -> bytes:
        """The record value."""
        return self.body


class Moved(NamedTuple):
    """What moved a state: the ids to be named, and how many there were. None: it is withheld."""

    ids: Sequence[str] | None
    number: int | None


def event_of(
    series: SeriesKey,
    formula: Formula,
    state: State,
    *,
    written: Written,
    version: int,
    changed: Sequence[str],
    moved: Moved,
    now: datetime,
) -> WrittenMetric:
    """Write the event of a state; every text in it but the subject's name is an id, a number or a
    word of the contract.
    """
    subject, metric, definition_key = series
    grain, period = _period(state.last_month, state.months)
    key = f"{subject}|{metric}|{definition_key}|{period}"
    moved_by = _NULL if moved.ids is None else _list(moved.ids)
    count = _NULL if moved.number is None else moved.number
    body = (
        f'{{"subject":{json.dumps(subject)},"metric":"{metric}","definition_key":"{definition_key}",'
        f'"grain":"{grain}","period":"{period}","version":{version},{written.fields},"changed":{_list(changed)},'
        f'"formula":"{formula.name}","moved_by":{moved_by},"moved_by_count":{count},'
        f'"computed_at":"{_time(now)}"}}'
    )
    return WrittenMetric(derived_id("MetricUpdated", key, version), now, key, body.encode())


def _list(words: Sequence[str]) -> str:
    return '["' + '","'.join(words) + '"]' if words else "[]"


@lru_cache(maxsize=4)
def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=8192)
def _period(last_month: int, months: int) -> tuple[str, str]:
    period = period_of(last_month, months)
    return period.grain.value, str(period)
