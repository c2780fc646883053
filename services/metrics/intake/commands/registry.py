"""Hearing the registry: who belongs where now, and which goals there are; what that touches is
worked out anew.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from services.metrics.goals import store as goal_store
from services.metrics.goals.rules import Goal, GoalKey, GoalState
from services.metrics.groups import store as group_store
from services.metrics.groups.commands import plan_groups, sum_groups
from services.metrics.groups.rules import Roster
from services.metrics.heard import store
from services.metrics.heard.rules import life_of, next_turn
from services.metrics.intake.commands.told import (
    goals_of,
    members_of,
    municipality_of,
    programme_of,
    project_of,
)
from services.metrics.publishing.commands.publish import publish
from services.metrics.publishing.commands.working_out import Worked, work_out
from services.metrics.series import store as series_store
from services.metrics.series.rules.figures import SeriesKey
from services.metrics.series.rules.plans import Plan, Wholly
from services.metrics.series.rules.rows import KeptSeries
from services.metrics.units.commands import watch_all, withhold_beside
from shared.clock import local_date
from shared.events import registry as told
from shared.postgres.database import Connection


async def hear_municipalities(
    conn: Connection, events: Sequence[told.MunicipalityEvent], *, now: datetime
) -> None:
    """Keep municipalities, and work out anew the groups of those that moved to another county,
    began or ended.
    """
    await group_store.turn_roster(conn)
    today = local_date(now)
    groups: set[str] = set()
    for event in events:
        if not event.versions:
            continue
        heard = municipality_of(event, today)
        starts = [version.valid_from for version in heard.versions]
        life = life_of(starts[0], max(event.versions, key=lambda v: v.valid_from).valid_to)
        before = await group_store.list_groups_of_municipality(conn, event.municipality_id)
        if await store.put_municipality(conn, heard, version=event.version, life=life):
            await group_store.put_county(conn, event.municipality_id, heard.county_number)
            groups |= before | {f"county/{heard.county_number}"}
            turns_on = next_turn(((start, None) for start in starts), today)
            await store.put_coming(
                conn, f"municipality/{event.municipality_id}", turns_on, event.payload()
            )
    await work_out_anew(conn, groups, (), now=now)


async def hear_programmes(conn: Connection, events: Sequence[told.ProgrammeEvent]) -> None:
    """Keep programmes' names, cohorts and themes; pages show them."""
    for event in events:
        await store.put_programme(conn, programme_of(event), event.version)


async def hear_projects(
    conn: Connection, events: Sequence[told.ProjectEvent], *, now: datetime
) -> None:
    """Keep projects with members and goals, and work out anew the groups and goals that they
    touch.

    A goal of a metric that was not heard of yet waits: the project is heard again when it is.
    """
    await group_store.turn_roster(conn)
    today = local_date(now)
    groups: set[str] = set()
    goals: list[Goal] = []
    metrics = {metric.metric_id: metric for metric in await store.list_metrics(conn)}
    for event in events:
        heard = project_of(event)
        if not await store.put_project(conn, heard, event.version):
            continue
        members = members_of(event, today)
        pairs = {(subject, one) for subject in heard.groups for one in members}
        groups |= await group_store.replace_members(conn, event.project_id, pairs)
        goals += await goal_store.replace_goals(
            conn, event.project_id, goals_of(event, members, metrics)
        )
        turns_on = next_turn(((one.from_, one.to) for one in event.members), today)
        if turns_on is None and any(goal.metric not in metrics for goal in event.goals):
            turns_on = date.max
        await store.put_coming(conn, f"project/{event.project_id}", turns_on, event.payload())
    await work_out_anew(conn, groups, goals, now=now)


async def hear_metrics(
    conn: Connection, events: Sequence[told.MetricEvent], *, now: datetime
) -> None:
    """Keep metrics, and work out everything of those that are new or are to be shown otherwise now:
    their figures may have come before them, and their goals too.
    """
    await group_store.turn_roster(conn)
    heard = [
        event.metric_id
        for event in events
        if await store.put_metric(conn, event.value(), event.version)
    ]
    projects = [
        told.ProjectChanged.model_validate_json(content)
        for content in await store.list_waiting(conn, heard)
    ]
    await hear_projects(conn, projects, now=now)
    for metric in heard:
        await _work_out_metric(conn, metric, now=now)


async def begin_day(conn: Connection, *, now: datetime) -> int:
    """Let names, counties and memberships that begin or end by today take effect; return of how
    many it was the day.
    """
    today = local_date(now)
    if not await store.list_come(conn, today):
        return 0
    await group_store.turn_roster(conn)
    come = await store.list_come(conn, today)
    municipalities = [
        told.MunicipalityChanged.model_validate_json(content)
        for subject, content in come.items()
        if subject.startswith("municipality/")
    ]
    projects = [
        told.ProjectChanged.model_validate_json(content)
        for subject, content in come.items()
        if subject.startswith("project/")
    ]
    await hear_municipalities(conn, municipalities, now=now)
    await hear_projects(conn, projects, now=now)
    return len(come)


async def go_on_from(conn: Connection, last: Mapping[GoalKey, GoalState], *, now: datetime) -> None:
    """Let goals go on from what was last told of them, and tell of those that stand otherwise.

    A rebuild works figures out together that once came one after the other; so it may never see a
    target reached that was, and is not any more.
    """
    await group_store.turn_roster(conn)
    goals = [goal for goal in await goal_store.list_goals(conn) if goal.key in last]
    standings = await goal_store.list_standings(conn, sorted({goal.subject for goal in goals}))
    await goal_store.put_standings(
        conn, {goal.key: standings[goal.key]._replace(state=last[goal.key]) for goal in goals}
    )
    await work_out_anew(conn, (), goals, now=now, goal_changed=False)


async def _work_out_metric(conn: Connection, metric: str, *, now: datetime) -> None:
    """Work out all states of a metric anew, those of groups after what their members' are. The
    roster was turned before.
    """
    roster = await group_store.hold_roster(conn)
    await withhold_beside(conn, await watch_all(conn, metric), roster.formulas)
    keys = await series_store.list_series_of_metric(conn, metric)
    own = await series_store.lock_series(conn, {k: v for k, v in keys.items() if not k.is_group})
    worked = await _work_out_own(conn, roster, own)
    await series_store.put_extents(conn, [one.now for one in worked])
    groups = await group_store.list_group_keys(conn, roster.members_of.keys())
    ours = {key: None for key in groups if key.metric == metric}
    worked += await _work_out_groups(conn, roster, await series_store.lock_series(conn, ours))
    await publish(conn, worked, {}, now=now)


async def work_out_anew(
    conn: Connection,
    groups: Collection[str],
    goals: Iterable[Goal],
    *,
    now: datetime,
    goal_changed: bool = True,
) -> None:
    """Work out all states of groups whose members changed and of series whose goals did. The roster
    was turned before.

    Args:
        groups: subjects.
        goals: goals that are new, changed or gone, as they were and as they are.
        goal_changed: whether that is why; see `milestones`.
    """
    roster = await group_store.hold_roster(conn)
    group_keys = set(await group_store.list_group_keys(conn, groups)) if groups else set()
    goal_keys = {goal.series for goal in goals}
    keys = {**dict.fromkeys(group_keys), **_owners(goal_keys - group_keys)}
    kept = await series_store.lock_series(conn, keys)
    worked = await _work_out_groups(conn, roster, {k: v for k, v in kept.items() if k.is_group})
    own = {key: one for key, one in kept.items() if not key.is_group}
    worked += await _work_out_own(conn, roster, own)
    await publish(conn, worked, {}, now=now, goal_changed=goal_changed)


async def _work_out_groups(
    conn: Connection, roster: Roster, kept: Mapping[SeriesKey, KeptSeries]
) -> list[Worked]:
    """Work out all states of groups, summed anew from what their members have."""
    known = {key: one for key, one in kept.items() if key.metric in roster.formulas}
    plans = await plan_groups(conn, known, dict.fromkeys(known, Wholly()), known)
    await sum_groups(conn, roster, plans)
    return await work_out(conn, roster, plans)


async def _work_out_own(
    conn: Connection, roster: Roster, kept: Mapping[SeriesKey, KeptSeries]
) -> list[Worked]:
    """Work out all states of municipalities' and units' series."""
    return await work_out(conn, roster, [Plan(one, None, Wholly()) for one in kept.values()])


def _owners(keys: Collection[SeriesKey]) -> dict[SeriesKey, str | None]:
    """Return the municipality that each series is of, where it is one's."""
    return {
        key: key.subject.removeprefix("municipality/")
        if key.subject.startswith("municipality/")
        else None
        for key in keys
    }
