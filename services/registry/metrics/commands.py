"""Defining metrics, and loading the built-in ones."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.registry.entries.commands import Put, settle
from services.registry.entries.store import Kind, lock
from services.registry.metrics import store
from services.registry.metrics.events import metric_event, metric_of
from services.registry.metrics.rules import DefinedMetric, revised_metric
from shared.errors import RuleBroken
from shared.events import registry as told
from shared.http.preconditions import Guard, unguarded
from shared.postgres.database import Connection
from shared.values import Metric


async def put_metric(
    conn: Connection, wanted: Metric, *, now: datetime, guard: Guard = unguarded
) -> Put[DefinedMetric]:
    """Define a metric, or change what does not touch its meaning; the same again changes nothing.

    Raises:
        RuleBroken: as `rules.revised_metric`.
        Conflict: `metric-meaning-fixed`, or what the guard raises.
    """
    await lock(conn, Kind.METRIC)
    present = await store.find_metric(conn, wanted.metric_id)
    guard(present.version if present is not None else None)
    new = revised_metric(present, wanted)
    return await settle(
        conn,
        present,
        new,
        keep=store.put_metric,
        event=lambda defined: metric_event(defined, now),
    )


async def load_builtin(
    conn: Connection, builtin: Mapping[str, Metric], *, now: datetime
) -> tuple[str, ...]:
    """Define the built-in metrics whose files are new or changed since they were loaded last.

    What an operator changed meanwhile stays until the file itself changes.

    Args:
        builtin: the metrics by the digest of their file's content.

    Returns:
        Ids of the metrics whose state changed.

    Raises:
        Conflict: `metric-meaning-fixed`; a file gives another meaning to a metric that is kept.
    """
    await lock(conn, Kind.METRIC)
    loaded = await store.list_builtin_digests(conn)
    changed = []
    for digest, metric in builtin.items():
        if loaded.get(metric.metric_id) == digest:
            continue
        put = await put_metric(conn, metric, now=now)
        await store.put_builtin_digest(conn, metric.metric_id, digest)
        if put.changed:
            changed.append(metric.metric_id)
    return tuple(changed)


async def get_metrics(conn: Connection, ids: Sequence[str]) -> dict[str, Metric]:
    """Return metrics by id.

    Raises:
        RuleBroken: `metric-unknown`; one of them is not defined.
    """
    found = await store.list_metrics(conn, ids)
    for metric_id in ids:
        if metric_id not in found:
            raise RuleBroken(
                f"no metric {metric_id[:80]!r} is defined; those that are stand at"
                " /api/registry/v1/metrics",
                code="metric-unknown",
            )
    return {metric_id: defined.metric for metric_id, defined in found.items()}


async def restore(conn: Connection, events: Sequence[told.MetricEvent]) -> None:
    """Keep metrics as these events told them."""
    for event in events:
        await store.put_metric(conn, metric_of(event))
