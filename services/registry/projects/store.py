"""Projects with their members, themes and goals."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from services.registry.entries.store import JsonColumn, names_json, read_names
from services.registry.municipalities.rules.membership import Membership
from services.registry.projects.rules import Goal, JointUnit, Measure, Profile, Project
from shared.errors import NotFound
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)
GOALS = JsonColumn[tuple[Goal, ...]](tuple[Goal, ...])
MEASURES = JsonColumn[tuple[Measure, ...]](tuple[Measure, ...])
PROFILE = JsonColumn[Profile](Profile)
JOINT_UNIT = JsonColumn[JointUnit | None](JointUnit | None)


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
            project_id=row["project_id"],
            programme_id=row["programme_id"],
            names=read_names(row["names"]),
            cohort_id=row["cohort_id"],
            theme_ids=tuple(themes[row["project_id"]]),
            members=tuple(members[row["project_id"]]),
            goals=GOALS.read(row["goals"]),
            ended_on=row["ended_on"],
            planned_end_year=row["planned_end_year"],
            joint_unit=JOINT_UNIT.read(row["joint_unit"] or "null"),
            profile=PROFILE.read(row["profile"]),
            measures=MEASURES.read(row["measures"]),
            success_factors=json.loads(row["success_factors"]),
            handed_over_on=row["handed_over_on"],
            follow_up_on=row["follow_up_on"],
            version=row["version"],
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
        goals=GOALS.write(project.goals),
        ended_on=project.ended_on,
        planned_end_year=project.planned_end_year,
        joint_unit=JOINT_UNIT.write(project.joint_unit),
        profile=PROFILE.write(project.profile),
        measures=MEASURES.write(project.measures),
        success_factors=json.dumps(dict(project.success_factors)),
        handed_over_on=project.handed_over_on,
        follow_up_on=project.follow_up_on,
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
