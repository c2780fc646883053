"""Municipalities with their numbers and projects with their members, as the registry told them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from services.reporting.heard.rules import NumberHolder, Project
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


async def put_municipality(
    conn: Connection,
    municipality_id: str,
    version: int,
    holders: Sequence[tuple[str, str, date, date | None]],
) -> bool:
    """Keep a municipality's numbers and names; False if a newer state is already kept.

    Args:
        holders: number, name, first day, first day no longer so, of each dated version.
    """
    if (
        await QUERIES.put_municipality(conn, municipality_id=municipality_id, version=version)
        is None
    ):
        return False
    await QUERIES.remove_municipality_versions(conn, municipality_id=municipality_id)
    numbers, names, starts, ends = zip(*holders, strict=True) if holders else ((), (), (), ())
    await QUERIES.add_municipality_versions(
        conn,
        municipality_id=municipality_id,
        numbers=list(numbers),
        names=list(names),
        valid_from=list(starts),
        valid_to=list(ends),
    )
    return True


async def list_number_holders(
    conn: Connection, numbers: Iterable[str]
) -> dict[str, list[NumberHolder]]:
    """Return who bore each number when; a number that nobody bore has no entry."""
    holders: dict[str, list[NumberHolder]] = {}
    async for row in QUERIES.list_number_holders(conn, numbers=list(set(numbers))):
        holders.setdefault(row["number"], []).append(
            NumberHolder(row["municipality_id"], row["valid_from"], row["valid_to"])
        )
    return holders


async def lock_municipalities(conn: Connection, municipality_ids: Collection[str]) -> None:
    """Let no other transaction write figures of these municipalities until this one ends."""
    if municipality_ids:
        await QUERIES.lock_municipalities(conn, municipality_ids=list(municipality_ids))


async def put_project(
    conn: Connection,
    project: Project,
    version: int,
    members: Sequence[tuple[str, date | None, date | None]],
) -> bool:
    """Keep a project and its members; False if a newer state is already kept."""
    kept = await QUERIES.put_project(
        conn,
        project_id=project.project_id,
        version=version,
        programme_id=project.programme_id,
        cohort_id=project.cohort_id,
        theme_ids=list(project.theme_ids),
        ended_on=project.ended_on,
    )
    if kept is None:
        return False
    await QUERIES.remove_project_members(conn, project_id=project.project_id)
    ids, starts, ends = zip(*members, strict=True) if members else ((), (), ())
    await QUERIES.add_project_members(
        conn,
        project_id=project.project_id,
        municipality_ids=list(ids),
        member_from=list(starts),
        member_to=list(ends),
    )
    return True


async def list_projects(conn: Connection, programme_id: str) -> list[Project]:
    """Return a programme's projects."""
    return [
        Project(
            row["project_id"],
            row["programme_id"],
            row["cohort_id"],
            tuple(row["theme_ids"]),
            row["ended_on"],
        )
        async for row in QUERIES.list_projects(conn, programme_id=programme_id)
    ]


async def list_members(conn: Connection, project_id: str, *, on: date) -> list[str]:
    """Return the municipalities that take part in a project on a day."""
    return [
        row["municipality_id"]
        async for row in QUERIES.list_members(conn, project_ids=[project_id])
        if (row["member_from"] is None or row["member_from"] <= on)
        and (row["member_to"] is None or on <= row["member_to"])
    ]
