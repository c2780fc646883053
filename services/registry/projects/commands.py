"""Putting projects."""

from collections.abc import Sequence
from datetime import datetime

from services.registry.entries.commands import Put, tell
from services.registry.entries.store import Kind, lock
from services.registry.metrics.commands import get_metrics
from services.registry.municipalities.commands import check_registered
from services.registry.programmes.store import find_programme
from services.registry.projects import store
from services.registry.projects.events import project_event, project_of
from services.registry.projects.rules import Project, has_just_ended, revised_project
from shared.errors import RuleBroken
from shared.events import registry as told
from shared.http.preconditions import Guard, unguarded
from shared.postgres.database import Connection


async def put_project(
    conn: Connection, wanted: Project, *, now: datetime, guard: Guard = unguarded
) -> Put[Project]:
    """Register a project or change it; the same again changes nothing.

    Raises:
        RuleBroken: as `rules.revised_project`, `programme-unknown`,
            `metric-unknown` or `municipality-unknown`.
        Conflict: what the guard raises.
    """
    await lock(conn, Kind.PROGRAMME)
    present = await store.find_project(conn, wanted.project_id)
    guard(present.version if present is not None else None)
    programme = await find_programme(conn, wanted.programme_id)
    if programme is None:
        raise RuleBroken(
            f"no programme {wanted.programme_id[:80]!r} is registered", code="programme-unknown"
        )
    metrics = await get_metrics(conn, [goal.metric for goal in wanted.goals])
    new = revised_project(present, wanted, programme, metrics)
    if new is None:
        assert present is not None
        return Put(present, created=False, changed=False)
    await check_registered(conn, new.members)
    await store.put_project(conn, new)
    await tell(conn, [project_event(new, now, has_just_ended=has_just_ended(present, new))])
    return Put(new, created=present is None, changed=True)


async def restore(conn: Connection, events: Sequence[told.ProjectEvent]) -> None:
    """Keep projects as these events told them."""
    for event in events:
        await store.put_project(conn, project_of(event))
