"""Publishing what changed: states that differ from those that are kept, and milestones of goals."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from services.metrics.goals import store as goal_store
from services.metrics.goals.rules import GoalKey, GoalState, Milestone, Standing, milestones
from services.metrics.publishing import store
from services.metrics.publishing.commands.wire import (
    Moved,
    WrittenMetric,
    changed_paths,
    event_of,
    write,
)
from services.metrics.publishing.commands.working_out import Worked
from services.metrics.publishing.rules.states import State, emptied
from services.metrics.publishing.store import KeptState, StatePlace
from services.metrics.series import store as series_store
from services.metrics.series.rules.amounts import from_micro
from services.metrics.series.rules.figures import period_of
from shared.events.metrics import TargetLost, TargetReached
from shared.events.registry import Baseline
from shared.outbox import outbox
from shared.postgres.database import Connection

MOVED_BY_MAX = 20
"""More ids than this would make a group's event larger than what it says (CONTRACTS 2).

Those of the latest periods are kept; a state's count has all.
"""


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
        one = by_id[place.series_id]
        _compare(
            changes,
            one,
            place,
            state,
            kept=kept.get(place),
            movers=movers[place.series_id],
            now=now,
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
    *,
    kept: KeptState | None,
    movers: Movers,
    now: datetime,
) -> None:
    """Keep and tell of a state, if it is another than the one that is kept."""
    written = write(state, one.formula)
    content = written.content
    if kept is None:
        version, changed = 1, written.paths
    elif kept.content == content and kept.unrounded == written.unrounded:
        return
    else:
        version = kept.version + 1
        changed = changed_paths(kept.content, kept.unrounded, written)
    changes.states[place] = KeptState(version, content, written.unrounded)
    moved = Moved(None, None)
    if not state.suppressed:
        ids = movers.of(place.last_month, back=12) or movers.of(place.last_month, back=None)
        moved = Moved(ids[-MOVED_BY_MAX:], len(ids))
    changes.events.append(
        event_of(
            one.kept.key,
            one.formula,
            state,
            written=written,
            version=version,
            changed=changed,
            moved=moved,
            now=now,
        )
    )


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
    standings = await goal_store.list_standings(conn, [one.kept.subject for one in with_goals])
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
                changes.events.append(_told(milestone, one, ids, now))
            if after != before:
                changes.standings[goal.key] = after
    if changes.standings:
        await goal_store.put_standings(conn, changes.standings)


def _told(
    milestone: Milestone, one: Worked, ids: Sequence[str], now: datetime
) -> TargetReached | TargetLost:
    goal, judgement, decimals = milestone.goal, milestone.judgement, one.formula.decimals
    kind = TargetReached if judgement.state is GoalState.REACHED else TargetLost
    return kind(
        occurred_at=now,
        subject=goal.subject,
        project_id=goal.project_id,
        goal_id=goal.goal_id,
        metric=goal.metric,
        window=goal.window.value,
        period=str(period_of(judgement.last_month, one.now.months or 1)),
        definition_key=goal.definition_key,
        value=Decimal(judgement.shown.rounded(decimals)).scaleb(-decimals),
        target=from_micro(goal.target),
        baseline=Baseline(value=from_micro(goal.baseline), period=goal.baseline_period),
        previous_state=milestone.previous.value,
        state=judgement.state.value,
        cause=milestone.cause.value,
        generated=judgement.generated,
        moved_by=[UUID(one) for one in ids[-MOVED_BY_MAX:]],
    )
