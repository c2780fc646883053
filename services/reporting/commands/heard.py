"""Keeping what the registry says: numbers of municipalities, and the projects that owe reports."""

from collections.abc import Sequence
from datetime import datetime

from services.reporting.commands.reports import oblige
from services.reporting.domain import Project
from services.reporting.store import figures as store
from services.reporting.store import reports as store_reports
from shared.events.registry import MunicipalityEvent, ProjectEvent
from shared.postgres.database import Connection


async def hear_municipalities(conn: Connection, events: Sequence[MunicipalityEvent]) -> None:
    """Keep each municipality's dated numbers and names; an older state never overwrites a newer
    one.
    """
    for event in events:
        holders = [(v.number, v.name, v.valid_from, v.valid_to) for v in event.versions]
        await store.put_municipality(conn, event.municipality_id, event.version, holders)


async def hear_projects(conn: Connection, events: Sequence[ProjectEvent], *, now: datetime) -> None:
    """Keep each project and its members, and let it owe what the rounds of its programme ask
    for.
    """
    new = {}
    for event in events:
        project = Project(
            event.project_id,
            event.programme_id,
            event.cohort_id,
            tuple(event.theme_ids),
            event.ended_on,
        )
        members = [(m.municipality_id, m.from_, m.to) for m in event.members]
        if await store_reports.put_project(conn, project, event.version, members):
            new[project.project_id] = project
    await oblige(conn, list(new.values()), now=now)
