"""Hearing the registry: who belongs where now, and which goals there are; what that touches is
worked out anew.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from services.metrics.commands.groups import regrain, sum_groups
from services.metrics.commands.publishing import publish
from services.metrics.commands.settling import Job, work_out_groups, work_out_own
from services.metrics.domain import (
    Goal,
    GoalKey,
    GoalState,
    SeriesKey,
    Window,
    is_member,
    life_of,
    micro,
    next_turn,
)
from services.metrics.store import roster as store
from services.metrics.store import series as series_store
from services.metrics.store.roster import HeardMunicipality, HeardProject
from shared.clock import local_date
from shared.events import registry as told
from shared.postgres.database import Connection
from shared.values import version_on

_ABSENCE_AXES = ("certification", "denominator", "holiday", "source")


async def hear_municipalities(
    conn: Connection, events: Sequence[told.MunicipalityEvent], *, now: datetime
) -> None:
    """Keep municipalities, and work out anew the groups of those that moved to another county,
    began or ended.
    """
    await store.turn_roster(conn)
    today = local_date(now)
    groups: set[str] = set()
    for event in events:
        versions = sorted(event.versions, key=lambda version: version.valid_from)
        if not versions:
            continue
        current = version_on(versions, today)
        heard = HeardMunicipality(
            event.municipality_id,
            current.number,
            current.name,
            current.county_number,
            current.county_name,
            [version.model_dump(mode="json") for version in versions],
            [successor.model_dump(mode="json") for successor in event.successors],
        )
        life = life_of(versions[0].valid_from, versions[-1].valid_to)
        before = await store.list_groups_of_municipality(conn, event.municipality_id)
        if await store.put_municipality(conn, heard, version=event.version, life=life):
            groups |= before | {f"county/{current.county_number}"}
            turns_on = next_turn(((version.valid_from, None) for version in versions), today)
            await store.put_coming(
                conn, f"municipality/{event.municipality_id}", turns_on, event.payload()
            )
    await work_out_anew(conn, groups, (), now=now)


async def hear_programmes(conn: Connection, events: Sequence[told.ProgrammeEvent]) -> None:
    """Keep programmes' names, cohorts and themes; pages show them."""
    for event in events:
        await store.put_programme(
            conn, event.programme_id, event.version, event.model_dump(mode="json")
        )


async def hear_projects(
    conn: Connection, events: Sequence[told.ProjectEvent], *, now: datetime
) -> None:
    """Keep projects with members and goals, and work out anew the groups and goals that they
    touch.
    """
    await store.turn_roster(conn)
    today = local_date(now)
    groups: set[str] = set()
    goals: list[Goal] = []
    for event in events:
        heard = HeardProject(
            event.project_id,
            event.programme_id,
            event.names.model_dump(mode="json"),
            event.cohort_id,
            tuple(event.theme_ids),
            event.ended_on,
        )
        if not await store.put_project(conn, heard, event.version):
            continue
        members = _members(event, today)
        subjects = _groups_of_project(heard)
        pairs = {(subject, one) for subject in subjects for one in members}
        groups |= await store.replace_members(conn, event.project_id, pairs)
        goals += await store.replace_goals(conn, event.project_id, _goals(event, members))
        turns_on = next_turn(((one.from_, one.to) for one in event.members), today)
        await store.put_coming(conn, f"project/{event.project_id}", turns_on, event.payload())
    await work_out_anew(conn, groups, goals, now=now)


async def begin_day(conn: Connection, *, now: datetime) -> int:
    """Let names, counties and memberships that begin or end by today take effect; return of how
    many it was the day.
    """
    today = local_date(now)
    if not await store.list_come(conn, today):
        return 0
    await store.turn_roster(conn)
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


def _members(event: told.ProjectEvent, today: date) -> list[str]:
    """Return the municipalities that take part now; a project that has ended keeps the members that
    it had.
    """
    return sorted(
        {one.municipality_id for one in event.members if is_member(one.from_, one.to, today)}
    )


def _groups_of_project(project: HeardProject) -> list[str]:
    cohort = [f"cohort/{project.cohort_id}"] if project.cohort_id else []
    themes = [f"theme/{theme_id}" for theme_id in project.theme_ids]
    return [f"project/{project.project_id}", f"programme/{project.programme_id}", *cohort, *themes]


def _goals(event: told.ProjectEvent, members: Sequence[str]) -> list[Goal]:
    """Return the goals, judged on the one member's own series, or on the project's where several
    share it.
    """
    subject = f"municipality/{members[0]}" if len(members) == 1 else f"project/{event.project_id}"
    return [
        Goal(
            project_id=event.project_id,
            goal_id=goal.goal_id,
            subject=subject,
            definition_key=".".join(goal.definition[axis] for axis in _ABSENCE_AXES),
            window=Window(goal.window),
            falling=goal.direction == "falling",
            baseline=micro(goal.baseline.value),
            baseline_period=goal.baseline.period,
            target=micro(goal.target),
            due_on=goal.due_on,
            persons_per_point=(
                None if goal.persons_per_point is None else micro(goal.persons_per_point)
            ),
        )
        for goal in event.goals
        if goal.metric == "absence"
    ]


async def go_on_from(conn: Connection, last: Mapping[GoalKey, GoalState], *, now: datetime) -> None:
    """Let goals go on from what was last told of them, and tell of those that stand otherwise.

    A rebuild works figures out together that once came one after the other; so it may never see a
    target reached that was, and is not any more.
    """
    await store.turn_roster(conn)
    goals = [goal for goal in await store.list_goals(conn) if goal.key in last]
    standings = await store.list_standings(conn, sorted({goal.subject for goal in goals}))
    await store.put_standings(
        conn, {goal.key: standings[goal.key]._replace(state=last[goal.key]) for goal in goals}
    )
    await work_out_anew(conn, (), goals, now=now, goal_changed=False)


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
    roster, has_small = await store.hold_roster(conn)
    small = (
        await series_store.list_small_municipalities(conn, None) if has_small and groups else set()
    )
    subjects = {*groups, *(group for one in small for group in roster.groups_of.get(one, ()))}
    group_keys = set(await series_store.list_group_keys(conn, subjects)) if subjects else set()
    goal_keys = {(goal.subject, goal.definition_key) for goal in goals}
    kept = await series_store.lock_series(
        conn, {**dict.fromkeys(group_keys), **_owners(goal_keys - group_keys)}
    )
    group_jobs = {key: Job(kept[key], None, everything=True) for key in kept if _is_group(key)}
    await regrain(conn, group_jobs, group_jobs.keys())
    await sum_groups(conn, roster, list(group_jobs.values()), with_small=bool(small))
    own_jobs = [
        Job(one, one.months, everything=True) for key, one in kept.items() if not _is_group(key)
    ]
    worked = await work_out_groups(conn, roster, list(group_jobs.values()))
    worked += await work_out_own(conn, roster, own_jobs)
    await publish(conn, worked, {}, now=now, goal_changed=goal_changed)


def _is_group(key: SeriesKey) -> bool:
    return not key[0].startswith(("municipality/", "unit/"))


def _owners(keys: Collection[SeriesKey]) -> dict[SeriesKey, str | None]:
    """Return the municipality that each series is of, where it is one's."""
    return {
        key: key[0].partition("/")[2] if key[0].startswith("municipality/") else None
        for key in keys
    }
