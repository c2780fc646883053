"""Links that were asked for, as hashes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.registry.sign_in.rules import Link
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


async def count_links(conn: Connection, person_id: UUID, *, since: datetime) -> int:
    """Return how often links were asked for a person."""
    count: int = await QUERIES.count_links(conn, person_id=person_id, since=since)
    return count


async def add_link(conn: Connection, link: Link, *, asked_at: datetime) -> None:
    """Keep a link that is about to be mailed."""
    await QUERIES.add_link(
        conn,
        link_hash=link.link_hash,
        code_hash=link.code_hash,
        browser_hash=link.browser_hash,
        person_id=link.person_id,
        asked_at=asked_at,
        expires_at=link.expires_at,
    )


async def hold_link(conn: Connection, link_hash: bytes) -> Link | None:
    """Return a link, locked; none of an unknown one."""
    row = await QUERIES.hold_link(conn, link_hash=link_hash)
    return None if row is None else _link(row)


async def hold_last_link(conn: Connection, browser_hash: bytes) -> Link | None:
    """Return the last link that a browser asked for, locked."""
    row = await QUERIES.hold_last_link(conn, browser_hash=browser_hash)
    return None if row is None else _link(row)


async def use_link(conn: Connection, link: Link, *, now: datetime) -> None:
    """Note that a link was used up."""
    await QUERIES.use_link(conn, link_hash=link.link_hash, used_at=now)


async def count_try(conn: Connection, link: Link) -> None:
    """Count a code that was wrong."""
    await QUERIES.count_try(conn, link_hash=link.link_hash)


async def remove_links(conn: Connection, *, before: datetime) -> None:
    """Forget links that are long over."""
    await QUERIES.remove_links(conn, before=before)


def _link(row: Any) -> Link:
    return Link(
        bytes(row["link_hash"]),
        bytes(row["code_hash"]),
        bytes(row["browser_hash"]),
        row["person_id"],
        row["expires_at"],
        row["used_at"],
        row["tries"],
    )
