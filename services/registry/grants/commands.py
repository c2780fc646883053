"""Awarding and changing grants."""

from collections.abc import Sequence
from datetime import datetime

from services.registry.entries.commands import Put, settle
from services.registry.entries.store import Kind, lock
from services.registry.grants import store
from services.registry.grants.events import grant_event, grant_of
from services.registry.grants.rules import Grant, revised_grant
from services.registry.projects.store import find_project
from shared.errors import RuleBroken
from shared.events import registry as told
from shared.http.preconditions import Guard, unguarded
from shared.postgres.database import Connection


async def put_grant(
    conn: Connection, wanted: Grant, *, now: datetime, guard: Guard = unguarded
) -> Put[Grant]:
    """Award a grant or change it; the same again changes nothing.

    Raises:
        RuleBroken: as `rules.revised_grant`, or `project-unknown`.
        Conflict: what the guard raises.
    """
    await lock(conn, Kind.PROGRAMME)
    present = await store.find_grant(conn, wanted.grant_id)
    guard(present.version if present is not None else None)
    if await find_project(conn, wanted.project_id) is None:
        raise RuleBroken(
            f"no project {wanted.project_id[:80]!r} is registered", code="project-unknown"
        )
    return await settle(
        conn,
        present,
        revised_grant(present, wanted),
        keep=store.put_grant,
        event=lambda grant: grant_event(grant, now),
    )


async def restore(conn: Connection, events: Sequence[told.GrantEvent]) -> None:
    """Keep grants as these events told them."""
    for event in events:
        await store.put_grant(conn, grant_of(event))
