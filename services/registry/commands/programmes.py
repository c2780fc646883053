"""Putting programmes and projects."""

from datetime import datetime

from services.registry.commands.events import programme_event, project_event
from services.registry.commands.result import Put
from services.registry.domain.programme import Programme, revised_programme
from services.registry.domain.project import Project, has_just_ended, revised_project
from services.registry.store import programmes as store
from services.registry.store.locks import Kind, lock
from shared.audit import log as audit
from shared.errors import RuleBroken
from shared.http.preconditions import Guard, unguarded
from shared.outbox import outbox
from shared.postgres.database import Connection


async def put_programme(
    conn: Connection, wanted: Programme, *, now: datetime, guard: Guard = unguarded
) -> Put[Programme]:
    """Register a programme or change it; the same again changes nothing.

    Raises:
        RuleBroken: as `domain.programme.revised_programme`.
        Conflict: `cohort-in-use`, `theme-in-use`, `cohort-of-another-programme`, or what the guard
            raises.
    """
    await lock(conn, Kind.PROGRAMME)
    present = await store.find_programme(conn, wanted.programme_id)
    guard(present.version if present is not None else None)
    new = revised_programme(present, wanted)
    if new is None:
        assert present is not None
        return Put(present, created=False, changed=False)
    await store.put_programme(conn, new)
    event = programme_event(new, now)
    await audit.note_events(conn, [event])
    await outbox.put(conn, [event])
    return Put(new, created=present is None, changed=True)


async def put_project(
    conn: Connection, wanted: Project, *, now: datetime, guard: Guard = unguarded
) -> Put[Project]:
    """Register a project or change it; the same again changes nothing.

    Raises:
        RuleBroken: as `domain.project.revised_project`, `programme-unknown`, or
            `municipality-unknown`.
        Conflict: what the guard raises.
    """
    await lock(conn, Kind.PROGRAMME)
    present = await store.find_project(conn, wanted.project_id)
    guard(present.version if present is not None else None)
    programme = await store.find_programme(conn, wanted.programme_id)
    if programme is None:
        raise RuleBroken(
            f"no programme {wanted.programme_id[:80]!r} is registered", code="programme-unknown"
        )
    new = revised_project(present, wanted, programme)
    if new is None:
        assert present is not None
        return Put(present, created=False, changed=False)
    await store.put_project(conn, new)
    event = project_event(new, now, has_just_ended=has_just_ended(present, new))
    await audit.note_events(conn, [event])
    await outbox.put(conn, [event])
    return Put(new, created=present is None, changed=True)
