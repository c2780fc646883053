"""Programmes with cohorts and themes, and projects with members and goals."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import asyncpg

from services.registry.domain.programme import Cohort, Names, Programme, ReportKind, Theme
from services.registry.domain.project import Baseline, Direction, Goal, Membership, Project
from shared.errors import Conflict, NotFound, RuleBroken
from shared.postgres.database import Connection, load_queries
from shared.values import Definition

QUERIES = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class Participants:
    """What the data give, beside what the sources claim.

    Attributes:
        memberships: municipalities counted once per project.
    """

    projects: int = 0
    municipalities: int = 0
    memberships: int = 0


@dataclass(frozen=True, slots=True)
class ProjectFilter:
    """What to look for; a field that is none does not narrow."""

    programme: str | None = None
    cohort: str | None = None
    theme: str | None = None
    municipality: str | None = None


async def find_programme(conn: Connection, programme_id: str) -> Programme | None:
    """Return a programme with its cohorts and themes, or none."""
    row = await QUERIES.find_programme(conn, programme_id=programme_id)
    if row is None:
        return None
    cohorts = [
        Cohort(
            each["cohort_id"], _names(each["names"]), each["starts_on"], json.loads(each["claimed"])
        )
        async for each in QUERIES.list_cohorts(conn, programme_id=programme_id)
    ]
    themes = [
        Theme(each["theme_id"], _names(each["names"]))
        async for each in QUERIES.list_themes(conn, programme_id=programme_id)
    ]
    kinds = [
        ReportKind(each["id"], Names(**each["names"])) for each in json.loads(row["report_kinds"])
    ]
    return Programme(
        programme_id,
        _names(row["names"]),
        tuple(cohorts),
        tuple(themes),
        tuple(kinds),
        json.loads(row["claimed"]),
        row["version"],
    )


async def get_programme(conn: Connection, programme_id: str) -> Programme:
    """Return a programme.

    Raises:
        NotFound: `programme-unknown`.
    """
    found = await find_programme(conn, programme_id)
    if found is None:
        raise NotFound(
            f"no programme {programme_id[:80]!r} is registered", code="programme-unknown"
        )
    return found


async def seek_programmes(conn: Connection, *, after: str, count: int) -> list[Programme]:
    """Return programmes in the order of their ids, those behind `after` only."""
    ids = [
        row["programme_id"] async for row in QUERIES.list_programmes(conn, after=after, count=count)
    ]
    return [await get_programme(conn, each) for each in ids]


async def count_participants(
    conn: Connection, programme_id: str
) -> tuple[Participants, dict[str, Participants]]:
    """Return what is counted in a programme as a whole, and by cohort."""
    total, by_cohort = Participants(), {}
    async for row in QUERIES.count_participants(conn, programme_id=programme_id):
        counted = Participants(row["projects"], row["municipalities"], row["memberships"])
        if row["is_total"]:
            total = counted
        elif row["cohort_id"] is not None:
            by_cohort[row["cohort_id"]] = counted
    return total, by_cohort


async def put_programme(conn: Connection, programme: Programme) -> None:
    """Keep a programme's state in place of what was kept of it.

    Raises:
        Conflict: `cohort-in-use`, `theme-in-use`, or `cohort-of-another-programme`.
    """
    await QUERIES.put_programme(
        conn,
        programme_id=programme.programme_id,
        version=programme.version,
        names=_json(programme.names),
        claimed=json.dumps(dict(programme.claimed)),
        report_kinds=json.dumps(
            [
                {"id": kind.report_kind_id, "names": _names_dict(kind.names)}
                for kind in programme.report_kinds
            ]
        ),
    )
    try:
        await _put_parts(conn, programme)
    except asyncpg.ForeignKeyViolationError as error:
        part = {"project_cohort": "cohort", "project_theme_known": "theme"}.get(
            error.constraint_name
        )
        if part is None:
            raise
        raise Conflict(
            f"a {part} that projects of {programme.programme_id} bear cannot be taken away; change"
            " the projects first",
            code=f"{part}-in-use",
        ) from error


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
            _names(row["names"]),
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
    """Keep a project's state in place of what was kept of it.

    Raises:
        RuleBroken: `municipality-unknown`; a member is not registered.
    """
    await QUERIES.put_project(
        conn,
        project_id=project.project_id,
        version=project.version,
        programme_id=project.programme_id,
        names=_json(project.names),
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
    try:
        await QUERIES.add_project_members(
            conn,
            project_id=project.project_id,
            municipality_ids=[member.municipality_id for member in project.members],
            member_from=[member.from_ for member in project.members],
            member_to=[member.to for member in project.members],
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise unknown_municipality(error) from error


def unknown_municipality(error: asyncpg.ForeignKeyViolationError) -> RuleBroken:
    """Say which municipality a member or mandate names that is not registered."""
    return RuleBroken(
        f"a municipality is not registered: {(error.detail or '')[:200]}",
        code="municipality-unknown",
    )


async def _put_parts(conn: Connection, programme: Programme) -> None:
    cohort_ids = [cohort.cohort_id for cohort in programme.cohorts]
    theme_ids = [theme.theme_id for theme in programme.themes]
    await QUERIES.remove_cohorts_but(
        conn, programme_id=programme.programme_id, cohort_ids=cohort_ids
    )
    rows = QUERIES.put_cohorts(
        conn,
        programme_id=programme.programme_id,
        cohort_ids=cohort_ids,
        names=[_json(cohort.names) for cohort in programme.cohorts],
        starts_on=[cohort.starts_on for cohort in programme.cohorts],
        claimed=[json.dumps(dict(cohort.claimed)) for cohort in programme.cohorts],
    )
    foreign = set(cohort_ids) - {row["cohort_id"] async for row in rows}
    if foreign:
        raise Conflict(
            f"cohort {min(foreign)} belongs to another programme; choose another id",
            code="cohort-of-another-programme",
        )
    await QUERIES.remove_themes_but(conn, programme_id=programme.programme_id, theme_ids=theme_ids)
    await QUERIES.put_themes(
        conn,
        programme_id=programme.programme_id,
        theme_ids=theme_ids,
        names=[_json(theme.names) for theme in programme.themes],
    )


def _names(text: str) -> Names:
    return Names(**json.loads(text))


def _names_dict(names: Names) -> dict[str, str | None]:
    return {"nb": names.nb, "nn": names.nn, "en": names.en}


def _json(names: Names) -> str:
    return json.dumps(_names_dict(names))


def _goal(content: Mapping[str, Any]) -> Goal:
    points = content["persons_per_point"]
    return Goal(
        content["goal_id"],
        content["metric"],
        content["window"],
        Definition.from_key(content["definition_key"]),
        Direction(content["direction"]),
        Baseline(Decimal(content["baseline_value"]), content["baseline_period"]),
        Decimal(content["target"]),
        date.fromisoformat(content["due_on"]),
        Decimal(points) if points is not None else None,
    )


def _goal_dict(goal: Goal) -> dict[str, str | None]:
    return {
        "goal_id": goal.goal_id,
        "metric": goal.metric,
        "window": goal.window,
        "definition_key": goal.definition.key,
        "direction": goal.direction.value,
        "baseline_value": format(goal.baseline.value, "f"),
        "baseline_period": goal.baseline.period,
        "target": format(goal.target, "f"),
        "due_on": goal.due_on.isoformat(),
        "persons_per_point": (
            format(goal.persons_per_point, "f") if goal.persons_per_point is not None else None
        ),
    }
