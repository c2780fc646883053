"""What notifications keeps of what the registry told."""

from collections.abc import Sequence

from services.notifications.heard import store
from services.notifications.heard.rules import HeardMetric, MunicipalityVersion, Name
from shared.events.registry import (
    MetricEvent,
    MunicipalityEvent,
    Names,
    PersonErased,
    PersonEvent,
    ProgrammeEvent,
    ProjectEvent,
)
from shared.postgres.database import Connection


async def hear_municipalities(conn: Connection, events: Sequence[MunicipalityEvent]) -> None:
    """Keep what municipalities are called and where they lie, from which day on."""
    for event in events:
        told = sorted(event.versions, key=lambda version: version.valid_from)
        versions = [
            MunicipalityVersion(one.valid_from, one.name, one.county_number) for one in told
        ]
        await store.put_municipality(conn, event.municipality_id, event.version, versions)


async def hear_projects(conn: Connection, events: Sequence[ProjectEvent]) -> None:
    """Keep what projects are called, and what they belong to."""
    await store.put_names(
        conn, {f"project/{e.project_id}": (e.version, _name(e.names)) for e in events}
    )
    for event in events:
        belongs_to = [f"municipality/{member.municipality_id}" for member in event.members]
        belongs_to += [f"cohort/{event.cohort_id}"] if event.cohort_id else []
        belongs_to += [f"theme/{theme_id}" for theme_id in event.theme_ids]
        belongs_to.append(f"programme/{event.programme_id}")
        await store.put_project_subjects(
            conn, event.project_id, event.version, list(dict.fromkeys(belongs_to))
        )


async def hear_programmes(conn: Connection, events: Sequence[ProgrammeEvent]) -> None:
    """Keep what kinds of reports are called."""
    await store.put_names(
        conn,
        {
            f"report-kind/{kind.id}": (e.version, _name(kind.names))
            for e in events
            for kind in e.report_kinds
        },
    )


async def hear_metrics(conn: Connection, events: Sequence[MetricEvent]) -> None:
    """Keep what metrics are called and how their figures are written."""
    await store.put_names(
        conn, {f"metric/{e.metric_id}": (e.version, _name(e.names)) for e in events}
    )
    for event in events:
        axes = tuple(axis.id for axis in event.axes)
        metric = HeardMetric(event.unit, event.decimals, axes)
        await store.put_metric(conn, event.metric_id, event.version, metric)


async def hear_people(conn: Connection, events: Sequence[PersonEvent]) -> None:
    """Keep how to write to people and which roles they hold, and forget who was erased."""
    for event in events:
        if isinstance(event, PersonErased):
            await store.erase_person(conn, event.person_id)
            continue
        await store.put_person(
            conn,
            event.person_id,
            event.version,
            email=event.email,
            language=event.language,
            roles=[role.model_dump(mode="json", by_alias=True) for role in event.roles],
        )


def _name(names: Names) -> Name:
    return Name(names.fallback, names.nn, names.en)
