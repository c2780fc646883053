"""Programmes with cohorts, themes and kinds of report."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import asyncpg

from services.registry.entries.rules import Names
from services.registry.entries.store import JsonColumn, names_json, names_object, read_names
from services.registry.programmes.rules import (
    ClaimedTable,
    Cohort,
    Option,
    Programme,
    ReportKind,
    Theme,
)
from shared.errors import Conflict, NotFound
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)
TABLES = JsonColumn[tuple[ClaimedTable, ...]](tuple[ClaimedTable, ...])
OPTIONS = JsonColumn[tuple[Option, ...]](tuple[Option, ...])


@dataclass(frozen=True, slots=True)
class Participants:
    """What the data give, beside what the sources claim.

    Attributes:
        memberships: municipalities counted once per project.
    """

    projects: int = 0
    municipalities: int = 0
    memberships: int = 0


async def find_programme(conn: Connection, programme_id: str) -> Programme | None:
    """Return a programme with its cohorts and themes, or none."""
    row = await QUERIES.find_programme(conn, programme_id=programme_id)
    if row is None:
        return None
    cohorts = [
        Cohort(
            each["cohort_id"],
            read_names(each["names"]),
            each["starts_on"],
            json.loads(each["claimed"]),
        )
        async for each in QUERIES.list_cohorts(conn, programme_id=programme_id)
    ]
    themes = [
        Theme(each["theme_id"], read_names(each["names"]), OPTIONS.read(each["options"]))
        async for each in QUERIES.list_themes(conn, programme_id=programme_id)
    ]
    kinds = [
        ReportKind(each["id"], Names(**each["names"])) for each in json.loads(row["report_kinds"])
    ]
    return Programme(
        programme_id,
        read_names(row["names"]),
        tuple(cohorts),
        tuple(themes),
        tuple(kinds),
        json.loads(row["claimed"]),
        TABLES.read(row["claimed_tables"]),
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


async def list_programmes(conn: Connection, ids: Iterable[str]) -> dict[str, Programme]:
    """Return those of the programmes that are known, by id."""
    found = [(each, await find_programme(conn, each)) for each in ids]
    return {each: programme for each, programme in found if programme is not None}


async def seek_programmes(conn: Connection, *, after: str, count: int) -> list[Programme]:
    """Return programmes in the order of their ids, those behind `after` only."""
    ids = [
        row["programme_id"]
        async for row in QUERIES.seek_programme_ids(conn, after=after, count=count)
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
        names=names_json(programme.names),
        claimed=json.dumps(dict(programme.claimed)),
        claimed_tables=TABLES.write(programme.claimed_tables),
        report_kinds=json.dumps(
            [
                {"id": kind.report_kind_id, "names": names_object(kind.names)}
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
        names=[names_json(cohort.names) for cohort in programme.cohorts],
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
        names=[names_json(theme.names) for theme in programme.themes],
        options=[OPTIONS.write(theme.options) for theme in programme.themes],
    )
