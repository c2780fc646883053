"""What is told of metrics: what is measured, and what a definition of it may be."""

from typing import Annotated, Literal

from pydantic import Field

from shared.events.envelope import (
    Contract,
    Event,
    Exact,
    Slug,
)
from shared.events.registry.names import Names
from shared.values import Axis, Better, Metric, MetricKind, OverTime, Quantity

AxisId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]


class AxisContract(Contract):
    """One thing in which two definitions of a metric may differ. What counts most stands first."""

    id: AxisId
    values: list[str]


class QuantityContract(Contract):
    """A numerator or a denominator: what is counted, and its unit."""

    names: Names
    unit: str


class Bounds(Contract):
    """Between which values a figure of the metric must lie; null where there is no bound."""

    min: Exact | None = None
    max: Exact | None = None


class _MetricEvent(Event):
    """What is measured. A series is a subject, a metric and a definition.

    Attributes:
        unit: of the value, such as `percent`.
        kind: `share` and `mean` are a numerator over a denominator, `count` a numerator alone,
            `score` a value with a weight.
        over_time: what a window of several periods is: the sums (or means) of its periods, or the
            `last` of them, which has neither a year to date nor a rolling 12.
        axes: a definition gives one value for each; its key joins them in this order.
        better: which way is progress.
        decimals: how many are published of a value.
        small_persons: a figure of fewer persons is withheld.
    """

    producer = "registry"
    aggregate = "metric"

    metric_id: Slug
    version: int
    names: Names
    unit: str
    kind: Literal["share", "mean", "count", "score"]
    numerator: QuantityContract | None = None
    denominator: QuantityContract | None = None
    over_time: Literal["sum", "last", "mean"]
    axes: list[AxisContract] = []
    better: Literal["lower", "higher", "neither"]
    decimals: int
    bounds: Bounds = Bounds()
    small_persons: int

    @property
    def key(self) -> str:
        return self.metric_id

    def value(self) -> Metric:
        """Return the metric as rules speak of it."""
        return Metric(
            metric_id=self.metric_id,
            names=self.names.model_dump(exclude_none=True),
            unit=self.unit,
            kind=MetricKind(self.kind),
            numerator=_quantity(self.numerator),
            denominator=_quantity(self.denominator),
            over_time=OverTime(self.over_time),
            axes=tuple(Axis(axis.id, tuple(axis.values)) for axis in self.axes),
            better=Better(self.better),
            decimals=self.decimals,
            minimum=self.bounds.min,
            maximum=self.bounds.max,
            small_persons=self.small_persons,
        )


def _quantity(contract: QuantityContract | None) -> Quantity | None:
    if contract is None:
        return None
    return Quantity(contract.names.model_dump(exclude_none=True), contract.unit)


class MetricDefined(_MetricEvent):
    """Figures of this metric may be posted from now on."""


class MetricChanged(_MetricEvent):
    """A metric's names, bounds, decimals, direction or small number changed; never its meaning."""


MetricEvent = MetricDefined | MetricChanged


class DefinitionContract(Contract):
    """What an absence rate means; figures of unlike definitions are never mixed.

    Attributes:
        certification: whose certificate counts.
        denominator: the days that the rate is a share of: agreed working days, or possible ones.
        holiday_corrected: whether holiday taken was subtracted from the denominator.
        source: who made the statistics.
    """

    certification: Literal["total", "doctor", "self"]
    denominator: Literal["agreed", "possible"]
    holiday_corrected: bool
    source: Literal["municipality-hr", "ks-pai", "ssb", "other"]
