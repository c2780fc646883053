"""Projects with their members, themes and goals."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from services.registry.entries.store import names_json, read_names
from services.registry.municipalities.rules.membership import Membership
from services.registry.projects.rules import Baseline, Direction, Goal, Project
from shared.errors import NotFound
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class ProjectFilter:
    """What to look for; a field that is none does not narrow."""

    programme: str | None = None
    cohort: str | None = None
    theme: str | None = None
    municipality: str | None = None


async def list_projects(conn: Connection, ids: Iterable[str]) -> dict[str, Project]:
    """Return those of the projects that are known, by id."""
    wanted = list(ids)
    themes: defaultdict[str, list[str]] = defaultdict(list)
    async for row in QUERIES.list_project_themes(conn, project_ids=wanted):
        themes[row["project_id"]].append(row["theme_id"])
    members: defaultdict[str, list[Membership]] = defaultdict(list)
    async for row in QUERIES.list_project_members(conn, project_ids=wanted):
        member = Membership(row["municipality_id"], row["member_from"], row["member_to"])
        members[row["project_id"]].append(member)
    return {
        row["project_id"]: Project(
            row["project_id"],
            row["programme_id"],
            read_names(row["names"]),
            row["cohort_id"],
            tuple(themes[row["project_id"]]),
            tuple(members[row["project_id"]]),
            tuple(_goal(each) for each in json.loads(row["goals"])),
            row["ended_on"],
            row["version"],
        )
        async for row in QUERIES.list_projects(conn, project_ids=wanted)
    }


async def find_project(conn: Connection, project_id: str) -> Project | None:
    """Return a project, or none."""
    return (await list_projects(conn, [project_id])).get(project_id)


async def get_project(conn: Connection, project_id: str) -> Project:
    """Return a project.

    Raises:
        NotFound: `project-unknown`.
    """
    found = await find_project(conn, project_id)
    if found is None:
        raise NotFound(f"no project {project_id[:80]!r} is registered", code="project-unknown")
    return found


async def seek_projects(
    conn: Connection, wanted: ProjectFilter, *, after: str, count: int
) -> list[Project]:
    """Return projects that fit, in the order of their ids, those behind `after` only."""
    rows = QUERIES.seek_project_ids(
        conn,
        programme=wanted.programme,
        cohort=wanted.cohort,
        theme=wanted.theme,
        municipality=wanted.municipality,
        after=after,
        count=count,
    )
    return list((await list_projects(conn, [row["project_id"] async for row in rows])).values())


async def put_project(conn: Connection, project: Project) -> None:
    """Keep a project's state in place of what was kept of it."""
    await QUERIES.put_project(
        conn,
        project_id=project.project_id,
        version=project.version,
        programme_id=project.programme_id,
        names=names_json(project.names),
        cohort_id=project.cohort_id,
        goals=json.dumps([_goal_dict(goal) for goal in project.goals]),
        ended_on=project.ended_on,
    )
    await QUERIES.remove_project_themes(conn, project_id=project.project_id)
    await QUERIES.add_project_themes(
        conn,
        programme_id=project.programme_id,
        project_id=project.project_id,
        theme_ids=list(project.theme_ids),
    )
    await QUERIES.remove_project_members(conn, project_id=project.project_id)
    await QUERIES.add_project_members(
        conn,
        project_id=project.project_id,
        municipality_ids=[member.municipality_id for member in project.members],
        member_from=[member.from_ for member in project.members],
        member_to=[member.to for member in project.members],
    )


def _goal(content: Mapping[str, Any]) -> Goal:
    points = content["persons_per_point"]
    return Goal(
        content["goal_id"],
        content["metric"],
        content["window"],
        content["definition"],
        Direction(content["direction"]),
        Baseline(Decimal(content["baseline_value"]), content["baseline_period"]),
        Decimal(content["target"]),
        date.fromisoformat(content["due_on"]),
        Decimal(points) if points is not None else None,
    )


def _goal_dict(goal: Goal) -> dict[str, Any]:
    return {
        "goal_id": goal.goal_id,
        "metric": goal.metric,
        "window": goal.window,
        "definition": dict(goal.definition),
        "direction": goal.direction.value,
        "baseline_value": format(goal.baseline.value, "f"),
        "baseline_period": goal.baseline.period,
        "target": format(goal.target, "f"),
        "due_on": goal.due_on.isoformat(),
        "persons_per_point": (
            format(goal.persons_per_point, "f") if goal.persons_per_point is not None else None
        ),
    }
