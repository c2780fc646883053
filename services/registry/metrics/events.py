"""What is told of metrics: values to events, and back after a restore."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.registry.entries.events import event_id_of
from services.registry.metrics.rules import DefinedMetric
from shared.events import registry as told
from shared.values import Quantity


def metric_event(defined: DefinedMetric, now: datetime) -> told.MetricEvent:
    """Tell a metric's new state."""
    kind = told.MetricDefined if defined.version == 1 else told.MetricChanged
    return kind(
        event_id=event_id_of(kind, defined.metric.metric_id, defined.version),
        occurred_at=now,
        **metric_fields(defined),
    )


def metric_fields(defined: DefinedMetric) -> dict[str, Any]:
    """Return a metric's state as contracts carry it."""
    metric = defined.metric
    return {
        "metric_id": metric.metric_id,
        "version": defined.version,
        "names": _names(metric.names),
        "unit": metric.unit,
        "kind": metric.kind.value,
        "numerator": _quantity(metric.numerator),
        "denominator": _quantity(metric.denominator),
        "over_time": metric.over_time.value,
        "axes": [
            told.AxisContract(id=axis.axis_id, values=list(axis.values)) for axis in metric.axes
        ],
        "better": metric.better.value,
        "decimals": metric.decimals,
        "bounds": told.Bounds(min=metric.minimum, max=metric.maximum),
        "small_persons": metric.small_persons,
    }


def metric_of(event: told.MetricEvent) -> DefinedMetric:
    """Return the metric as it was told."""
    return DefinedMetric(event.value(), event.version)


def _names(names: Mapping[str, str]) -> told.Names:
    return told.Names(nb=names.get("nb"), nn=names.get("nn"), en=names.get("en"))


def _quantity(quantity: Quantity | None) -> told.QuantityContract | None:
    if quantity is None:
        return None
    return told.QuantityContract(names=_names(quantity.names), unit=quantity.unit)
