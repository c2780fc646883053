"""Putting projects."""

from collections.abc import Sequence
from datetime import datetime

from services.registry.entries.commands import Put, settle
from services.registry.entries.store import Kind, lock
from services.registry.metrics.commands import get_metrics
from services.registry.municipalities.commands import check_registered
from services.registry.programmes.commands import get_known_programme
from services.registry.projects import store
from services.registry.projects.events import project_event, project_of
from services.registry.projects.rules import Project, has_just_ended, revised_project
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
    programme = await get_known_programme(conn, wanted.programme_id)
    metrics = await get_metrics(conn, [goal.metric for goal in wanted.goals])
    new = revised_project(present, wanted, programme, metrics)
    await check_registered(conn, wanted.members)
    return await settle(
        conn,
        present,
        new,
        keep=store.put_project,
        event=lambda state: project_event(
            state, now, has_just_ended=has_just_ended(present, state)
        ),
    )


async def restore(conn: Connection, events: Sequence[told.ProjectEvent]) -> None:
    """Keep projects as these events told them."""
    for event in events:
        await store.put_project(conn, project_of(event))
