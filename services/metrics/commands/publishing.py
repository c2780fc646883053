"""Publishing what changed: states that differ from those that are kept, and milestones of goals."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from services.metrics.commands.settling import Worked
from services.metrics.domain import (
    FORMULA,
    GoalKey,
    GoalState,
    Milestone,
    Standing,
    State,
    changed_paths,
    emptied,
    from_micro,
    milestones,
    period_of,
)
from services.metrics.store import roster as roster_store
from services.metrics.store import series as series_store
from services.metrics.store import states as store
from services.metrics.store.states import KeptState, StatePlace
from shared.events.envelope import cloudevent_headers, derived_id
from shared.events.metrics import MetricUpdated, TargetLost, TargetReached
from shared.events.registry import Baseline
from shared.outbox import outbox
from shared.postgres.database import Connection

MOVED_BY_MAX = 20
"""More ids than this would make a group's event larger than what it says (CONTRACTS 2).

Those of the latest periods are kept; a state's count has all.
"""

_TYPE, _SOURCE, _TOPIC = (
    MetricUpdated.type(),
    f"/saman/{MetricUpdated.producer}",
    MetricUpdated.topic(),
)


class Mover(NamedTuple):
    """A figure that moved a series: its period's last month, its id, and whether it replaced or
    withdrew another.
    """

    last_month: int
    figure_id: str
    is_correction: bool


class Movers:
    """Which figures moved a series."""

    __slots__ = ("_months", "_moved")

    def __init__(self, moved: Iterable[Mover]) -> None:
        self._moved = sorted(moved)
        self._months = [mover.last_month for mover in self._moved]

    def of(self, last_month: int, *, back: int | None) -> list[str]:
        """Return the figures of periods that end at `last_month` or up to `back` months before it;
        None for any.
        """
        start = 0 if back is None else bisect_left(self._months, last_month - back)
        return [
            mover.figure_id for mover in self._moved[start : bisect_right(self._months, last_month)]
        ]

    @property
    def corrected(self) -> list[int]:
        """The last months of periods with figures that were replaced or withdrawn."""
        return [mover.last_month for mover in self._moved if mover.is_correction]


class WrittenMetric(NamedTuple):
    """A `MetricUpdated` already in its written form.

    Writing it from the state's JSON costs a tenth of making the contract's objects, and metrics
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


@dataclass(slots=True)
class Changes:
    """What is to be kept and told of."""

    states: dict[StatePlace, KeptState] = field(default_factory=dict)
    events: list[WrittenMetric | TargetReached | TargetLost] = field(default_factory=list)
    standings: dict[GoalKey, Standing] = field(default_factory=dict)


async def publish(
    conn: Connection,
    worked: Sequence[Worked],
    moved: Mapping[int, Sequence[Mover]],
    *,
    now: datetime,
    goal_changed: bool = False,
) -> None:
    """Keep and publish the states that changed, and tell of goals that were reached or lost.

    Args:
        worked: the series, locked.
        moved: the figures that came, by series id.
        goal_changed: it was not figures that came but goals or members that changed.
    """
    places = {
        StatePlace(one.kept.series_id, state.last_month, state.months): state
        for one in worked
        for state in one.settled.states
    }
    swept = await store.list_state_places(conn, [one.kept.series_id for one in worked if one.sweep])
    for place in sorted(swept - places.keys()):
        places[place] = emptied(place.last_month, place.months)
    kept = await store.list_states_at(conn, places)
    changes = Changes()
    by_id = {one.kept.series_id: one for one in worked}
    movers = {series_id: Movers(moved.get(series_id, ())) for series_id in by_id}
    for place, state in places.items():
        _compare(
            changes,
            by_id[place.series_id],
            place,
            state,
            kept.get(place),
            movers[place.series_id],
            now,
        )
    await _judge(conn, changes, worked, movers, now=now, goal_changed=goal_changed)
    await store.put_states(conn, changes.states, kept.keys(), computed_at=now)
    await series_store.put_extents(conn, [one.now for one in worked if one.now != one.kept])
    await outbox.put(conn, changes.events)


def _compare(
    changes: Changes,
    one: Worked,
    place: StatePlace,
    state: State,
    kept: KeptState | None,
    movers: Movers,
    now: datetime,
) -> None:
    """Keep and tell of a state, if it is another than the one that is kept."""
    if kept is not None and kept.content == state.content and kept.unrounded == state.unrounded:
        return
    paths = changed_paths(None if kept is None else kept.state(place), state)
    version = 1 if kept is None else kept.version + 1
    changes.states[place] = KeptState(version, state.content, state.unrounded)
    ids = movers.of(place.last_month, back=12) or movers.of(place.last_month, back=None)
    changes.events.append(
        _written(
            one, place, changes.states[place], paths, None if state.is_suppressed else ids, now
        )
    )


def _written(
    one: Worked,
    place: StatePlace,
    state: KeptState,
    paths: Sequence[str],
    ids: Sequence[str] | None,
    now: datetime,
) -> WrittenMetric:
    """Write the event out; every text in it but the subject's name is an id, a number or a word of
    the contract.
    """
    grain, period = _period(place.last_month, place.months)
    key = f"{one.kept.subject}|{one.kept.definition_key}|{period}"
    moved_by, count = ("null", "null") if ids is None else (_list(ids[-MOVED_BY_MAX:]), len(ids))
    body = (
        f'{{"subject":{json.dumps(one.kept.subject)},"definition_key":"{one.kept.definition_key}","grain":"{grain}",'
        f'"period":"{period}","version":{state.version},{state.content[1:-1]},"changed":{_list(paths)},'
        f'"formula":"{FORMULA}","moved_by":{moved_by},"moved_by_count":{count},"computed_at":"{_time(now)}"}}'
    )
    return WrittenMetric(derived_id("MetricUpdated", key, state.version), now, key, body.encode())


def _list(words: Sequence[str]) -> str:
    return '["' + '","'.join(words) + '"]' if words else "[]"


@lru_cache(maxsize=4)
def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@lru_cache(maxsize=8192)
def _period(last_month: int, months: int) -> tuple[str, str]:
    period = period_of(last_month, months)
    return period.grain.value, str(period)


async def _judge(
    conn: Connection,
    changes: Changes,
    worked: Sequence[Worked],
    movers: Mapping[int, Movers],
    *,
    now: datetime,
    goal_changed: bool,
) -> None:
    """Find the goals whose state changed, tell of them, and keep where all of them stand."""
    with_goals = [one for one in worked if one.goals]
    if not with_goals:
        return
    standings = await roster_store.list_standings(conn, [one.kept.subject for one in with_goals])
    for one in with_goals:
        for goal in one.goals:
            before = standings.get(goal.key, Standing())
            judgements = one.settled.judgements[goal.key]
            found, after = milestones(
                goal,
                before,
                judgements,
                goal_changed=goal_changed,
                corrected=movers[one.kept.series_id].corrected,
            )
            for milestone in found:
                ids = movers[one.kept.series_id].of(milestone.judgement.last_month, back=None)
                changes.events.append(_told(milestone, one.now.months or 1, ids, now))
            if after != before:
                changes.standings[goal.key] = after
    if changes.standings:
        await roster_store.put_standings(conn, changes.standings)


def _told(
    milestone: Milestone, months: int, ids: Sequence[str], now: datetime
) -> TargetReached | TargetLost:
    goal, judgement = milestone.goal, milestone.judgement
    kind = TargetReached if judgement.state is GoalState.REACHED else TargetLost
    return kind(
        occurred_at=now,
        subject=goal.subject,
        project_id=goal.project_id,
        goal_id=goal.goal_id,
        window=goal.window.value,
        period=str(period_of(judgement.last_month, months)),
        definition_key=goal.definition_key,
        value=Decimal(judgement.shown.hundredths).scaleb(-2),
        target=from_micro(goal.target),
        baseline=Baseline(value=from_micro(goal.baseline), period=goal.baseline_period),
        previous_state=milestone.previous.value,
        state=judgement.state.value,
        cause=milestone.cause.value,
        generated=judgement.generated,
        moved_by=[UUID(one) for one in ids[-MOVED_BY_MAX:]],
    )
