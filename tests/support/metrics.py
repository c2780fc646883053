"""The built-in metrics, as the registry tells of them at its start."""

from datetime import UTC, datetime

from services.registry.metrics.builtin.files import read_builtin
from services.registry.metrics.events import metric_event
from services.registry.metrics.rules import DefinedMetric
from shared.events.registry import MetricEvent
from shared.values import Metric

BUILT_IN: dict[str, Metric] = {metric.metric_id: metric for metric in read_builtin().values()}
"""By id."""

DEFINED: tuple[MetricEvent, ...] = tuple(
    metric_event(DefinedMetric(metric), datetime(2011, 1, 1, tzinfo=UTC))
    for metric in BUILT_IN.values()
)
"""That the broker which all tests share holds from the beginning, and command tests hear first."""
