"""What was heard of the registry: municipalities, programmes, projects, and what is to be heard
again on a day.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from services.metrics.heard.rules import (
    HeardCohort,
    HeardMunicipality,
    HeardProgramme,
    HeardProject,
    HeardTheme,
    Life,
    MunicipalityVersion,
    Names,
)
from shared.postgres.database import Connection, load_queries
from shared.values import Axis, Better, Metric, MetricKind, OverTime, Quantity

QUERIES = load_queries(__file__)


async def put_municipality(
    conn: Connection, municipality: HeardMunicipality, *, version: int, life: Life
) -> bool:
    """Keep a municipality; False if a newer state is already kept."""
    kept = await QUERIES.put_municipality(
        conn,
        municipality_id=municipality.municipality_id,
        version=version,
        versions=json.dumps([_version_row(held) for held in municipality.versions]),
        number=municipality.number,
        name=municipality.name,
        county_number=municipality.county_number,
        county_name=municipality.county_name,
        born_month=life.born,
        ended_month=life.ended,
        successors=json.dumps([{"municipality_id": one} for one in municipality.successor_ids]),
    )
    return kept is not None


def _version_row(version: MunicipalityVersion) -> dict[str, str]:
    return {
        "valid_from": version.valid_from.isoformat(),
        "number": version.number,
        "name": version.name,
        "county_number": version.county_number,
        "county_name": version.county_name,
    }


async def list_lives(conn: Connection) -> dict[str, Life]:
    """Return when municipalities existed, of those that did not always."""
    return {
        row["municipality_id"]: Life(row["born_month"], row["ended_month"])
        async for row in QUERIES.list_lives(conn)
    }


async def put_programme(conn: Connection, programme: HeardProgramme, version: int) -> None:
    """Keep a programme's names, cohorts and themes, unless a newer state is kept."""
    cohorts = [
        {"id": one.cohort_id, "names": asdict(one.names), "starts_on": one.starts_on.isoformat()}
        for one in programme.cohorts
    ]
    themes = [{"id": one.theme_id, "names": asdict(one.names)} for one in programme.themes]
    await QUERIES.put_programme(
        conn,
        programme_id=programme.programme_id,
        version=version,
        names=json.dumps(asdict(programme.names)),
        cohorts=json.dumps(cohorts),
        themes=json.dumps(themes),
    )


async def put_project(conn: Connection, project: HeardProject, version: int) -> bool:
    """Keep a project without its members; False if a newer state is already kept."""
    kept = await QUERIES.put_project(
        conn,
        project_id=project.project_id,
        version=version,
        programme_id=project.programme_id,
        names=json.dumps(asdict(project.names)),
        cohort_id=project.cohort_id,
        theme_ids=list(project.theme_ids),
        ended_on=project.ended_on,
    )
    return kept is not None


async def put_coming(conn: Connection, subject: str, turns_on: date | None, content: bytes) -> None:
    """Keep what was heard of a municipality or a project, word for word, to be heard again on a
    day; None when no day will change it.
    """
    if turns_on is None:
        await QUERIES.remove_coming(conn, subject=subject)
    else:
        await QUERIES.put_coming(conn, subject=subject, turns_on=turns_on, content=content.decode())


async def list_come(conn: Connection, today: date) -> dict[str, str]:
    """Return what is to be heard again by today, by subject."""
    return {row["subject"]: row["content"] async for row in QUERIES.list_come(conn, today=today)}


async def list_waiting(conn: Connection, metrics: Sequence[str]) -> list[str]:
    """Return what is to be heard again of projects that have goals of some metrics."""
    return [row["content"] async for row in QUERIES.list_waiting(conn, metrics=list(metrics))]


async def put_metric(conn: Connection, metric: Metric, version: int) -> bool:
    """Keep a metric; False if this state or a newer one is already kept."""
    kept = await QUERIES.put_metric(
        conn,
        metric_id=metric.metric_id,
        version=version,
        names=json.dumps(dict(metric.names)),
        unit=metric.unit,
        kind=metric.kind,
        numerator=_quantity_row(metric.numerator),
        denominator=_quantity_row(metric.denominator),
        over_time=metric.over_time,
        axes=json.dumps([{"id": axis.axis_id, "values": axis.values} for axis in metric.axes]),
        better=metric.better,
        decimals=metric.decimals,
        minimum=metric.minimum,
        maximum=metric.maximum,
        small_persons=metric.small_persons,
    )
    return kept is not None


def _quantity_row(quantity: Quantity | None) -> str | None:
    if quantity is None:
        return None
    return json.dumps({"names": dict(quantity.names), "unit": quantity.unit})


async def list_metrics(conn: Connection) -> list[Metric]:
    """Return all metrics, by id."""
    return [
        Metric(
            metric_id=row["metric_id"],
            names=json.loads(row["names"]),
            unit=row["unit"],
            kind=MetricKind(row["kind"]),
            numerator=_quantity(row["numerator"]),
            denominator=_quantity(row["denominator"]),
            over_time=OverTime(row["over_time"]),
            axes=tuple(Axis(one["id"], tuple(one["values"])) for one in json.loads(row["axes"])),
            better=Better(row["better"]),
            decimals=row["decimals"],
            minimum=row["minimum"],
            maximum=row["maximum"],
            small_persons=row["small_persons"],
        )
        async for row in QUERIES.list_metrics(conn)
    ]


def _quantity(text: str | None) -> Quantity | None:
    if text is None:
        return None
    held = json.loads(text)
    return Quantity(held["names"], held["unit"])


async def find_municipality(conn: Connection, municipality_id: str) -> HeardMunicipality | None:
    """Return a municipality, or None when the registry has not told of it."""
    row = await QUERIES.find_municipality(conn, municipality_id=municipality_id)
    return None if row is None else _municipality(row)


async def list_number_bearers(conn: Connection, number: str) -> list[str]:
    """Return the ids of the municipalities that bear a number or ever bore it."""
    return [
        row["municipality_id"] async for row in QUERIES.list_number_bearers(conn, number=number)
    ]


async def list_municipalities(conn: Connection) -> list[HeardMunicipality]:
    """Return all municipalities."""
    return [_municipality(row) async for row in QUERIES.list_municipalities(conn)]


def _municipality(row: Any) -> HeardMunicipality:
    return HeardMunicipality(
        row["municipality_id"],
        row["number"],
        row["name"],
        row["county_number"],
        row["county_name"],
        [
            MunicipalityVersion(
                date.fromisoformat(held["valid_from"]),
                held["number"],
                held["name"],
                held["county_number"],
                held["county_name"],
            )
            for held in json.loads(row["versions"])
        ],
        [held["municipality_id"] for held in json.loads(row["successors"])],
    )


async def list_programmes(conn: Connection) -> dict[str, HeardProgramme]:
    """Return the programmes, by id."""
    return {
        row["programme_id"]: HeardProgramme(
            row["programme_id"],
            Names(**json.loads(row["names"])),
            [
                HeardCohort(
                    held["id"], Names(**held["names"]), date.fromisoformat(held["starts_on"])
                )
                for held in json.loads(row["cohorts"])
            ],
            [HeardTheme(held["id"], Names(**held["names"])) for held in json.loads(row["themes"])],
        )
        async for row in QUERIES.list_programmes(conn)
    }


async def list_projects(conn: Connection) -> list[HeardProject]:
    """Return all projects."""
    return [
        HeardProject(
            row["project_id"],
            row["programme_id"],
            Names(**json.loads(row["names"])),
            row["cohort_id"],
            row["theme_ids"],
            row["ended_on"],
            row["municipality_ids"],
        )
        async for row in QUERIES.list_projects(conn)
    ]
