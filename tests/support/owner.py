"""Doing to a test's database what only its owner may."""

from typing import Any

import asyncpg

from tests.support.infrastructure import DatabaseHandle


async def as_owner(handle: DatabaseHandle, sql: str, *arguments: object) -> list[Any]:
    """Run a statement (or, without arguments, several) with the role that migrates; return the
    rows.
    """
    conn = await asyncpg.connect(handle.owner_dsn)
    try:
        if not arguments:
            await conn.execute(sql)
            return []
        rows: list[Any] = await conn.fetch(sql, *arguments)
        return rows
    finally:
        await conn.close()
