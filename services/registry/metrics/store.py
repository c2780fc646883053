"""Metrics, and which files of built-in ones were loaded."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from services.registry.metrics.rules import DefinedMetric
from shared.errors import NotFound
from shared.postgres.database import Connection, load_queries
from shared.values import Axis, Better, Metric, MetricKind, OverTime, Quantity

QUERIES = load_queries(__file__)


async def list_metrics(conn: Connection, ids: Iterable[str]) -> dict[str, DefinedMetric]:
    """Return those of the metrics that are defined, by id."""
    rows = QUERIES.list_metrics(conn, metric_ids=list(ids))
    return {row["metric_id"]: _metric(row) async for row in rows}


async def find_metric(conn: Connection, metric_id: str) -> DefinedMetric | None:
    """Return a metric, or none."""
    return (await list_metrics(conn, [metric_id])).get(metric_id)


async def get_metric(conn: Connection, metric_id: str) -> DefinedMetric:
    """Return a metric.

    Raises:
        NotFound: `metric-unknown`.
    """
    found = await find_metric(conn, metric_id)
    if found is None:
        raise NotFound(f"no metric {metric_id[:80]!r} is defined", code="metric-unknown")
    return found


async def seek_metrics(conn: Connection, *, after: str, count: int) -> list[DefinedMetric]:
    """Return metrics in the order of their ids, those behind `after` only."""
    rows = QUERIES.seek_metric_ids(conn, after=after, count=count)
    return list((await list_metrics(conn, [row["metric_id"] async for row in rows])).values())


async def put_metric(conn: Connection, defined: DefinedMetric) -> None:
    """Keep a metric's state in place of what was kept of it."""
    metric = defined.metric
    await QUERIES.put_metric(
        conn,
        metric_id=metric.metric_id,
        version=defined.version,
        names=json.dumps(dict(metric.names)),
        unit=metric.unit,
        kind=metric.kind.value,
        numerator=_quantity_json(metric.numerator),
        denominator=_quantity_json(metric.denominator),
        over_time=metric.over_time.value,
        axes=json.dumps([{"id": a.axis_id, "values": list(a.values)} for a in metric.axes]),
        better=metric.better.value,
        decimals=metric.decimals,
        minimum=metric.minimum,
        maximum=metric.maximum,
        small_persons=metric.small_persons,
    )


async def list_builtin_digests(conn: Connection) -> dict[str, str]:
    """Return the digest of each built-in metric's file as it was loaded last, by metric id."""
    return {row["metric_id"]: row["digest"] async for row in QUERIES.list_builtin_digests(conn)}


async def put_builtin_digest(conn: Connection, metric_id: str, digest: str) -> None:
    """Remember which content of a built-in metric's file was loaded."""
    await QUERIES.put_builtin_digest(conn, metric_id=metric_id, digest=digest)


def _metric(row: Mapping[str, Any]) -> DefinedMetric:
    return DefinedMetric(
        Metric(
            metric_id=row["metric_id"],
            names=json.loads(row["names"]),
            unit=row["unit"],
            kind=MetricKind(row["kind"]),
            numerator=_quantity(row["numerator"]),
            denominator=_quantity(row["denominator"]),
            over_time=OverTime(row["over_time"]),
            axes=tuple(Axis(a["id"], tuple(a["values"])) for a in json.loads(row["axes"])),
            better=Better(row["better"]),
            decimals=row["decimals"],
            minimum=row["minimum"],
            maximum=row["maximum"],
            small_persons=row["small_persons"],
        ),
        row["version"],
    )


def _quantity(text: str | None) -> Quantity | None:
    if text is None:
        return None
    content = json.loads(text)
    return Quantity(content["names"], content["unit"])


def _quantity_json(quantity: Quantity | None) -> str | None:
    if quantity is None:
        return None
    return json.dumps({"names": dict(quantity.names), "unit": quantity.unit})
