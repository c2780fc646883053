"""What things are called and belong to, as the registry told."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.notifications.heard.rules import HeardMetric, Holder, MunicipalityVersion, Name
from shared.postgres.database import Connection, load_queries
from shared.values import version_on

QUERIES = load_queries(__file__)


async def put_names(conn: Connection, names: Mapping[str, tuple[int, Name]]) -> None:
    """Keep what subjects are called, each with the version of the thing that said so; older ones
    are passed by.
    """
    versions, values = (
        [version for version, _ in names.values()],
        [name for _, name in names.values()],
    )
    await QUERIES.put_names(
        conn,
        subjects=list(names),
        versions=versions,
        nb=[name.nb for name in values],
        nn=[name.nn for name in values],
        en=[name.en for name in values],
    )


async def list_names(conn: Connection, subjects: Collection[str], *, on: date) -> dict[str, Name]:
    """Return the names that are known, by subject; of municipalities those that hold on a day."""
    rows = QUERIES.list_names(conn, subjects=list(subjects))
    names = {row["subject"]: Name(row["nb"], row["nn"], row["en"]) async for row in rows}
    ids = [
        rest
        for kind, _, rest in (subject.partition("/") for subject in subjects)
        if kind == "municipality"
    ]
    for municipality_id, versions in (await list_municipalities(conn, ids)).items():
        names[f"municipality/{municipality_id}"] = Name(version_on(versions, on).name)
    return names


async def put_municipality(
    conn: Connection, municipality_id: str, version: int, versions: Sequence[MunicipalityVersion]
) -> None:
    """Keep what a municipality was, is and will be, in order of time; an older state is passed
    by.
    """
    await QUERIES.put_municipality(
        conn,
        municipality_id=municipality_id,
        version=version,
        valid_from=[one.valid_from for one in versions],
        names=[one.name for one in versions],
        county_numbers=[one.county_number for one in versions],
    )


async def list_municipalities(
    conn: Connection, municipality_ids: Collection[str]
) -> dict[str, list[MunicipalityVersion]]:
    """Return the versions of municipalities, in order of time; those of which none is known are
    left out.
    """
    rows = QUERIES.list_municipalities(conn, municipality_ids=list(municipality_ids))
    return {
        row["municipality_id"]: [
            MunicipalityVersion(*one)
            for one in zip(row["valid_from"], row["names"], row["county_numbers"], strict=True)
        ]
        async for row in rows
    }


async def put_metric(conn: Connection, metric_id: str, version: int, metric: HeardMetric) -> None:
    """Keep how a metric's figures are written; an older state is passed by."""
    await QUERIES.put_metric(
        conn,
        metric_id=metric_id,
        version=version,
        unit=metric.unit,
        decimals=metric.decimals,
        axes=list(metric.axes),
    )


async def list_metrics(conn: Connection, metric_ids: Collection[str]) -> dict[str, HeardMetric]:
    """Return metrics by id; those that nothing was heard of are left out."""
    rows = QUERIES.list_metrics(conn, metric_ids=list(metric_ids))
    return {
        row["metric_id"]: HeardMetric(row["unit"], row["decimals"], tuple(row["axes"]))
        async for row in rows
    }


async def put_person(
    conn: Connection,
    person_id: UUID,
    version: int,
    *,
    email: str,
    language: str,
    roles: Sequence[Mapping[str, Any]],
) -> None:
    """Keep how to write to somebody, and their roles; an older state is passed by."""
    await QUERIES.put_person(
        conn,
        person_id=person_id,
        version=version,
        email=email,
        language=language,
        roles=json.dumps(roles),
    )


async def erase_person(conn: Connection, person_id: UUID) -> None:
    """Forget somebody, for good."""
    await QUERIES.erase_person(conn, person_id=person_id)


async def list_holders(conn: Connection, roles: Collection[str]) -> list[Holder]:
    """Return who holds, held or will hold one of these roles, and where."""
    return [
        Holder(
            row["person_id"],
            row["role"],
            row["programme_id"],
            row["project_id"],
            row["holds_from"],
            row["holds_to"],
        )
        async for row in QUERIES.list_holders(conn, roles=list(roles))
    ]


async def put_project_subjects(
    conn: Connection, project_id: str, version: int, subjects: Sequence[str]
) -> None:
    """Keep what a project belongs to; an older state is passed by."""
    await QUERIES.put_project_subjects(
        conn, project_id=project_id, version=version, subjects=list(subjects)
    )


async def list_projects_of(conn: Connection, subject: str) -> list[str]:
    """Return the projects that belong to a subject."""
    return [row["project_id"] async for row in QUERIES.list_projects_of(conn, subject=subject)]


async def list_project_subjects(
    conn: Connection, project_ids: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Return what projects belong to, by project."""
    rows = QUERIES.list_project_subjects(conn, project_ids=list(project_ids))
    return {row["project_id"]: tuple(row["subjects"]) async for row in rows}
