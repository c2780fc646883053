"""Grants: rows to values and back, and their sums."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from services.registry.grants.rules import Grant
from shared.errors import NotFound
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class GrantFilter:
    """What to look for; a field that is none does not narrow."""

    programme: str | None = None
    project: str | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class GrantSum:
    """What was given, in kroner.

    Attributes:
        by: `project`, `cohort`, `theme`, `year` or `all`.
        value: which of them.
        conditional: how much of it is conditional.
    """

    by: str
    value: str
    amount: Decimal
    conditional: Decimal


async def list_grants(conn: Connection, ids: Iterable[str]) -> dict[str, Grant]:
    """Return those of the grants that are known, by id."""
    rows = QUERIES.list_grants(conn, grant_ids=list(ids))
    return {
        row["grant_id"]: Grant(
            row["grant_id"],
            row["project_id"],
            row["year"],
            row["amount"],
            row["is_conditional"],
            row["letter"],
            row["version"],
        )
        async for row in rows
    }


async def find_grant(conn: Connection, grant_id: str) -> Grant | None:
    """Return a grant, or none."""
    return (await list_grants(conn, [grant_id])).get(grant_id)


async def get_grant(conn: Connection, grant_id: str) -> Grant:
    """Return a grant.

    Raises:
        NotFound: `grant-unknown`.
    """
    found = await find_grant(conn, grant_id)
    if found is None:
        raise NotFound(f"no grant {grant_id[:80]!r} is registered", code="grant-unknown")
    return found


async def seek_grants(
    conn: Connection, wanted: GrantFilter, *, after: str, count: int
) -> list[Grant]:
    """Return grants that fit, in the order of their ids, those behind `after` only."""
    rows = QUERIES.seek_grant_ids(
        conn,
        programme=wanted.programme,
        project=wanted.project,
        year=wanted.year,
        after=after,
        count=count,
    )
    return list((await list_grants(conn, [row["grant_id"] async for row in rows])).values())


async def sum_grants(conn: Connection, programme_id: str) -> list[GrantSum]:
    """Return what a programme gave, by project, cohort, theme and year, and in all."""
    rows = QUERIES.sum_grants(conn, programme_id=programme_id)
    return [
        GrantSum(row["by"], row["value"], row["amount"], row["conditional"]) async for row in rows
    ]


async def put_grant(conn: Connection, grant: Grant) -> None:
    """Keep a grant's state in place of what was kept of it."""
    await QUERIES.put_grant(
        conn,
        grant_id=grant.grant_id,
        version=grant.version,
        project_id=grant.project_id,
        year=grant.year,
        amount=grant.amount,
        is_conditional=grant.is_conditional,
        letter=grant.letter,
    )
