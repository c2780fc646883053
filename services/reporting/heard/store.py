"""Municipalities with their numbers and projects with their members, as the registry told them."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from services.reporting.heard.rules import NumberHolder, Project
from shared.postgres.database import Connection, load_queries
from shared.values import Axis, Better, Metric, MetricKind, OverTime, Quantity

QUERIES = load_queries(__file__)


async def put_municipality(
    conn: Connection,
    municipality_id: str,
    version: int,
    holders: Sequence[tuple[str, str, date, date | None]],
) -> bool:
    """Keep a municipality's numbers and names; False if a newer state is already kept.

    Args:
        holders: number, name, first day, first day no longer so, of each dated version.
    """
    if (
        await QUERIES.put_municipality(conn, municipality_id=municipality_id, version=version)
        is None
    ):
        return False
    await QUERIES.remove_municipality_versions(conn, municipality_id=municipality_id)
    numbers, names, starts, ends = zip(*holders, strict=True) if holders else ((), (), (), ())
    await QUERIES.add_municipality_versions(
        conn,
        municipality_id=municipality_id,
        numbers=list(numbers),
        names=list(names),
        valid_from=list(starts),
        valid_to=list(ends),
    )
    return True


async def list_number_holders(
    conn: Connection, numbers: Iterable[str]
) -> dict[str, list[NumberHolder]]:
    """Return who bore each number when; a number that nobody bore has no entry."""
    holders: dict[str, list[NumberHolder]] = {}
    async for row in QUERIES.list_number_holders(conn, numbers=list(set(numbers))):
        holders.setdefault(row["number"], []).append(
            NumberHolder(row["municipality_id"], row["valid_from"], row["valid_to"])
        )
    return holders


async def lock_municipalities(conn: Connection, municipality_ids: Collection[str]) -> None:
    """Let no other transaction write figures of these municipalities until this one ends."""
    if municipality_ids:
        await QUERIES.lock_municipalities(conn, municipality_ids=list(municipality_ids))


async def put_project(
    conn: Connection,
    project: Project,
    version: int,
    members: Sequence[tuple[str, date | None, date | None]],
) -> bool:
    """Keep a project and its members; False if a newer state is already kept."""
    kept = await QUERIES.put_project(
        conn,
        project_id=project.project_id,
        version=version,
        programme_id=project.programme_id,
        cohort_id=project.cohort_id,
        theme_ids=list(project.theme_ids),
        ended_on=project.ended_on,
    )
    if kept is None:
        return False
    await QUERIES.remove_project_members(conn, project_id=project.project_id)
    ids, starts, ends = zip(*members, strict=True) if members else ((), (), ())
    await QUERIES.add_project_members(
        conn,
        project_id=project.project_id,
        municipality_ids=list(ids),
        member_from=list(starts),
        member_to=list(ends),
    )
    return True


async def list_projects(conn: Connection, programme_id: str) -> list[Project]:
    """Return a programme's projects."""
    return [
        Project(
            row["project_id"],
            row["programme_id"],
            row["cohort_id"],
            tuple(row["theme_ids"]),
            row["ended_on"],
        )
        async for row in QUERIES.list_projects(conn, programme_id=programme_id)
    ]


async def list_members(conn: Connection, project_id: str, *, on: date) -> list[str]:
    """Return the municipalities that take part in a project on a day."""
    return [
        row["municipality_id"]
        async for row in QUERIES.list_members(conn, project_ids=[project_id])
        if (row["member_from"] is None or row["member_from"] <= on)
        and (row["member_to"] is None or on <= row["member_to"])
    ]


async def put_metric(conn: Connection, metric: Metric, version: int) -> None:
    """Keep a metric, unless a newer state of it is already kept."""
    await QUERIES.put_metric(
        conn,
        metric_id=metric.metric_id,
        version=version,
        names=_json(metric.names),
        unit=metric.unit,
        kind=metric.kind,
        numerator=_quantity_json(metric.numerator),
        denominator=_quantity_json(metric.denominator),
        over_time=metric.over_time,
        axes=_json([[axis.axis_id, axis.values] for axis in metric.axes]),
        better=metric.better,
        decimals=metric.decimals,
        minimum=metric.minimum,
        maximum=metric.maximum,
        small_persons=metric.small_persons,
    )


async def list_metrics(conn: Connection, metric_ids: Iterable[str]) -> dict[str, Metric]:
    """Return the metrics of these ids that the registry has defined."""
    rows = QUERIES.list_metrics(conn, metric_ids=sorted(set(metric_ids)))
    return {row["metric_id"]: _metric(row) async for row in rows}


def _metric(row: Any) -> Metric:
    return Metric(
        metric_id=row["metric_id"],
        names=json.loads(row["names"]),
        unit=row["unit"],
        kind=MetricKind(row["kind"]),
        numerator=_quantity(row["numerator"]),
        denominator=_quantity(row["denominator"]),
        over_time=OverTime(row["over_time"]),
        axes=tuple(Axis(axis_id, tuple(values)) for axis_id, values in json.loads(row["axes"])),
        better=Better(row["better"]),
        decimals=row["decimals"],
        minimum=row["minimum"],
        maximum=row["maximum"],
        small_persons=row["small_persons"],
    )


def _quantity(text: str | None) -> Quantity | None:
    if text is None:
        return None
    names, unit = json.loads(text)
    return Quantity(names, unit)


def _quantity_json(quantity: Quantity | None) -> str | None:
    return None if quantity is None else _json([dict(quantity.names), quantity.unit])


def _json(value: Mapping[str, str] | Sequence[object]) -> str:
    return json.dumps(value if isinstance(value, Sequence) else dict(value), ensure_ascii=False)
