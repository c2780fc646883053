"""Putting programmes."""

from collections.abc import Sequence
from datetime import datetime

from services.registry.entries.commands import Put, settle
from services.registry.entries.store import Kind, lock
from services.registry.programmes import store
from services.registry.programmes.events import programme_event, programme_of
from services.registry.programmes.rules import Programme, revised_programme
from shared.errors import RuleBroken
from shared.events import registry as told
from shared.http.preconditions import Guard, unguarded
from shared.postgres.database import Connection


async def put_programme(
    conn: Connection, wanted: Programme, *, now: datetime, guard: Guard = unguarded
) -> Put[Programme]:
    """Register a programme or change it; the same again changes nothing.

    Raises:
        RuleBroken: as `rules.revised_programme`.
        Conflict: `cohort-in-use`, `theme-in-use`, `cohort-of-another-programme`, or what the guard
            raises.
    """
    await lock(conn, Kind.PROGRAMME)
    present = await store.find_programme(conn, wanted.programme_id)
    guard(present.version if present is not None else None)
    new = revised_programme(present, wanted)
    return await settle(
        conn,
        present,
        new,
        keep=store.put_programme,
        event=lambda programme: programme_event(programme, now),
    )


async def get_known_programme(conn: Connection, programme_id: str) -> Programme:
    """Return the programme that something wants to belong to.

    Raises:
        RuleBroken: `programme-unknown`.
    """
    programme = await store.find_programme(conn, programme_id)
    if programme is None:
        raise RuleBroken(
            f"no programme {programme_id[:80]!r} is registered", code="programme-unknown"
        )
    return programme


async def restore(conn: Connection, events: Sequence[told.ProgrammeEvent]) -> None:
    """Keep programmes as these events told them."""
    for event in events:
        await store.put_programme(conn, programme_of(event))
