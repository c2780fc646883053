"""What was heard of the registry: municipalities, programmes, projects, members and goals."""

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.metrics.domain import (
    Goal,
    GoalKey,
    GoalState,
    Life,
    Roster,
    Standing,
    Window,
    from_micro,
    micro,
)
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)

_ROSTERS: OrderedDict[UUID, Roster] = OrderedDict()
"""Rosters by their stamp. Right with any number of replicas and after a rollback, because a stamp
names one content for
ever: it is new whenever members or goals change, and it is read under a lock that keeps them from
changing.
"""

_ROSTERS_MAX = 4


@dataclass(frozen=True, slots=True)
class HeardMunicipality:
    """A municipality as it is known now; `versions` and `successors` as the registry's event has
    them.
    """

    municipality_id: str
    number: str
    name: str
    county_number: str
    county_name: str
    versions: Sequence[Mapping[str, Any]]
    successors: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class HeardProject:
    """A project with its names, and its members as of the last event."""

    project_id: str
    programme_id: str
    names: Mapping[str, str | None]
    cohort_id: str | None
    theme_ids: Sequence[str]
    ended_on: date | None
    municipality_ids: Sequence[str] = ()


async def hold_roster(conn: Connection) -> tuple[Roster, bool]:
    """Return the roster, and whether any small cell is kept; nobody changes the roster until this
    transaction ends.
    """
    row = await QUERIES.hold_roster(conn)
    return await _roster(conn, row["stamp"]), row["has_small"]


async def turn_roster(conn: Connection) -> None:
    """Hold the roster alone, to change members or goals, until this transaction ends. Comes before
    any change.
    """
    await QUERIES.turn_roster(conn)


async def _roster(conn: Connection, stamp: UUID) -> Roster:
    roster = _ROSTERS.get(stamp)
    if roster is None:
        members = [
            (row["group_subject"], row["municipality_id"])
            async for row in QUERIES.list_members(conn)
        ]
        lives = {
            row["municipality_id"]: Life(row["born_month"], row["ended_month"])
            async for row in QUERIES.list_lives(conn)
        }
        goals = [_goal(row) async for row in QUERIES.list_goals(conn)]
        roster = Roster.of(members, lives, goals)
        _ROSTERS[stamp] = roster
        while len(_ROSTERS) > _ROSTERS_MAX:
            _ROSTERS.popitem(last=False)
    return roster


async def put_municipality(
    conn: Connection, municipality: HeardMunicipality, *, version: int, life: Life
) -> bool:
    """Keep a municipality and the county that it belongs to now; False if a newer state is already
    kept.
    """
    kept = await QUERIES.put_municipality(
        conn,
        municipality_id=municipality.municipality_id,
        version=version,
        versions=json.dumps(municipality.versions),
        number=municipality.number,
        name=municipality.name,
        county_number=municipality.county_number,
        county_name=municipality.county_name,
        born_month=life.born,
        ended_month=life.ended,
        successors=json.dumps(municipality.successors),
    )
    if kept is None:
        return False
    await QUERIES.remove_county_of_municipality(conn, municipality_id=municipality.municipality_id)
    await QUERIES.add_members(
        conn,
        group_subjects=[f"county/{municipality.county_number}"],
        municipality_ids=[municipality.municipality_id],
        project_id="",
    )
    return True


async def put_programme(
    conn: Connection, programme_id: str, version: int, content: Mapping[str, Any]
) -> None:
    """Keep a programme's names, cohorts and themes, unless a newer state is kept."""
    await QUERIES.put_programme(
        conn, programme_id=programme_id, version=version, content=json.dumps(content)
    )


async def put_project(conn: Connection, project: HeardProject, version: int) -> bool:
    """Keep a project without its members; False if a newer state is already kept."""
    kept = await QUERIES.put_project(
        conn,
        project_id=project.project_id,
        version=version,
        programme_id=project.programme_id,
        names=json.dumps(project.names),
        cohort_id=project.cohort_id,
        theme_ids=list(project.theme_ids),
        ended_on=project.ended_on,
    )
    return kept is not None


async def put_coming(conn: Connection, subject: str, turns_on: date | None, content: bytes) -> None:
    """Keep what was heard of a municipality or a project, to be heard again on a day; None when
    none will change it.
    """
    if turns_on is None:
        await QUERIES.remove_coming(conn, subject=subject)
    else:
        await QUERIES.put_coming(conn, subject=subject, turns_on=turns_on, content=content.decode())


async def list_come(conn: Connection, today: date) -> dict[str, str]:
    """Return what is to be heard again by today, by subject."""
    return {row["subject"]: row["content"] async for row in QUERIES.list_come(conn, today=today)}


async def list_groups_of_municipality(conn: Connection, municipality_id: str) -> set[str]:
    """Return the groups that a municipality belongs to now."""
    rows = QUERIES.list_groups_of_municipality(conn, municipality_id=municipality_id)
    return {row["group_subject"] async for row in rows}


async def replace_members(
    conn: Connection, project_id: str, members: set[tuple[str, str]]
) -> set[str]:
    """Keep who belongs to which group through a project; return the groups whose members changed.

    Args:
        members: (group, municipality) pairs.
    """
    rows = QUERIES.list_members_of_project(conn, project_id=project_id)
    before = {(row["group_subject"], row["municipality_id"]) async for row in rows}
    if before == members:
        return set()
    await QUERIES.remove_members_of_project(conn, project_id=project_id)
    pairs = sorted(members)
    await QUERIES.add_members(
        conn,
        group_subjects=[group for group, _ in pairs],
        municipality_ids=[municipality_id for _, municipality_id in pairs],
        project_id=project_id,
    )
    return {group for group, _ in before ^ members}


async def replace_goals(conn: Connection, project_id: str, goals: Sequence[Goal]) -> list[Goal]:
    """Keep a project's goals; return those that changed, as they were and as they are."""
    rows = QUERIES.list_goals_of_project(conn, project_id=project_id)
    before = {goal.goal_id: goal async for goal in _goals(rows)}
    after = {goal.goal_id: goal for goal in goals}
    await QUERIES.remove_goals(
        conn, project_id=project_id, goal_ids=[one for one in before if one not in after]
    )
    for goal_id, goal in after.items():
        if before.get(goal_id) != goal:
            await _put_goal(conn, goal)
    differing = [one for one in {**before, **after} if before.get(one) != after.get(one)]
    return [
        goal for one in differing for goal in (before.get(one), after.get(one)) if goal is not None
    ]


async def _put_goal(conn: Connection, goal: Goal) -> None:
    await QUERIES.put_goal(
        conn,
        project_id=goal.project_id,
        goal_id=goal.goal_id,
        subject=goal.subject,
        definition_key=goal.definition_key,
        goal_window=goal.window,
        falling=goal.falling,
        baseline=from_micro(goal.baseline),
        baseline_period=goal.baseline_period,
        target=from_micro(goal.target),
        due_on=goal.due_on,
        persons_per_point=None
        if goal.persons_per_point is None
        else from_micro(goal.persons_per_point),
    )


async def list_standings(conn: Connection, subjects: Sequence[str]) -> dict[GoalKey, Standing]:
    """Return what was last said of the goals of these subjects, by project and goal."""
    rows = QUERIES.list_standings(conn, subjects=list(subjects))
    return {
        (row["project_id"], row["goal_id"]): Standing(GoalState(row["state"]), row["judged_month"])
        async for row in rows
    }


async def put_standings(conn: Connection, standings: Mapping[GoalKey, Standing]) -> None:
    """Keep what was last said of goals."""
    await QUERIES.put_standings(
        conn,
        project_ids=[project_id for project_id, _ in standings],
        goal_ids=[goal_id for _, goal_id in standings],
        states=[standing.state for standing in standings.values()],
        judged_months=[standing.last_month for standing in standings.values()],
    )


async def list_goals(conn: Connection) -> list[Goal]:
    """Return all goals."""
    return [_goal(row) async for row in QUERIES.list_goals(conn)]


async def list_goals_of(conn: Connection, subject: str) -> list[Goal]:
    """Return the goals judged on a subject's series."""
    return [_goal(row) async for row in QUERIES.list_goals_of(conn, subject=subject)]


async def find_municipality(conn: Connection, municipality_id: str) -> HeardMunicipality | None:
    """Return a municipality, or None when the registry has not told of it."""
    row = await QUERIES.find_municipality(conn, municipality_id=municipality_id)
    return None if row is None else _municipality(row)


async def list_municipalities(conn: Connection) -> list[HeardMunicipality]:
    """Return all municipalities."""
    return [_municipality(row) async for row in QUERIES.list_municipalities(conn)]


async def list_programmes(conn: Connection) -> dict[str, Any]:
    """Return the programmes' contents, by id, as the registry's event has them."""
    return {
        row["programme_id"]: json.loads(row["content"])
        async for row in QUERIES.list_programmes(conn)
    }


async def list_projects(conn: Connection) -> list[HeardProject]:
    """Return all projects."""
    return [
        HeardProject(
            row["project_id"],
            row["programme_id"],
            json.loads(row["names"]),
            row["cohort_id"],
            row["theme_ids"],
            row["ended_on"],
            row["municipality_ids"],
        )
        async for row in QUERIES.list_projects(conn)
    ]


def _municipality(row: Any) -> HeardMunicipality:
    return HeardMunicipality(
        row["municipality_id"],
        row["number"],
        row["name"],
        row["county_number"],
        row["county_name"],
        json.loads(row["versions"]),
        json.loads(row["successors"]),
    )


async def _goals(rows: Any) -> Any:
    async for row in rows:
        yield _goal(row)


def _goal(row: Any) -> Goal:
    return Goal(
        project_id=row["project_id"],
        goal_id=row["goal_id"],
        subject=row["subject"],
        definition_key=row["definition_key"],
        window=Window(row["goal_window"]),
        falling=row["falling"],
        baseline=micro(row["baseline"]),
        baseline_period=row["baseline_period"],
        target=micro(row["target"]),
        due_on=row["due_on"],
        persons_per_point=None
        if row["persons_per_point"] is None
        else micro(row["persons_per_point"]),
    )
