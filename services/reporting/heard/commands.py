"""Keeping what the registry tells."""

from collections.abc import Sequence

from services.reporting.heard import store
from services.reporting.heard.rules import Project
from shared.events.registry import MetricEvent, MunicipalityEvent, ProjectEvent
from shared.postgres.database import Connection


async def hear_municipalities(conn: Connection, events: Sequence[MunicipalityEvent]) -> None:
    """Keep each municipality's dated numbers and names; an older state never overwrites a newer
    one.
    """
    for event in events:
        holders = [(v.number, v.name, v.valid_from, v.valid_to) for v in event.versions]
        await store.put_municipality(conn, event.municipality_id, event.version, holders)


async def keep_projects(conn: Connection, events: Sequence[ProjectEvent]) -> list[Project]:
    """Keep each project and its members; return those that are new or have changed."""
    changed = {}
    for event in events:
        project = Project(
            event.project_id,
            event.programme_id,
            event.cohort_id,
            tuple(event.theme_ids),
            event.ended_on,
        )
        members = [(m.municipality_id, m.from_, m.to) for m in event.members]
        if await store.put_project(conn, project, event.version, members):
            changed[project.project_id] = project
    return list(changed.values())


async def hear_metrics(conn: Connection, events: Sequence[MetricEvent]) -> None:
    """Keep what is measured; an older state never overwrites a newer one."""
    for event in events:
        await store.put_metric(conn, event.value(), event.version)
