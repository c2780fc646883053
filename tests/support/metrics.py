"""The built-in metrics: as the registry tells of them at its start, and as services that heard of
them keep them, so that tests need not tell of them.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from services.metrics.heard import store as metrics_store
from services.registry.metrics.builtin.files import read_builtin
from services.registry.metrics.events import metric_event
from services.registry.metrics.rules import DefinedMetric
from services.reporting.heard import store as reporting_store
from shared.events.registry import MetricEvent
from shared.postgres.database import Connection
from shared.values import Metric

BUILT_IN: dict[str, Metric] = {metric.metric_id: metric for metric in read_builtin().values()}
"""By id."""

DEFINED: tuple[MetricEvent, ...] = tuple(
    metric_event(DefinedMetric(metric), datetime(2011, 1, 1, tzinfo=UTC))
    for metric in BUILT_IN.values()
)
"""What the broker that all tests share holds from the beginning."""


async def _seed_metrics(conn: Connection) -> None:
    for metric in BUILT_IN.values():
        await metrics_store.put_metric(conn, metric, 1)


async def _seed_reporting(conn: Connection) -> None:
    for metric in BUILT_IN.values():
        await reporting_store.put_metric(conn, metric, 1)


SEEDS: dict[str, Callable[[Connection], Awaitable[None]]] = {
    "metrics": _seed_metrics,
    "reporting": _seed_reporting,
}
"""What is put into the template of a service's databases."""
