"""How values of a metric are worked out, by what the registry says of it (CONTRACTS 1)."""

from typing import NamedTuple

from services.metrics.series.rules.amounts import MILLION
from services.metrics.series.rules.figures import PERCENT
from services.metrics.suppression.rules import is_small
from shared.values import Metric, MetricKind, OverTime

VERSION = 1
"""Of these rules; it travels with every state."""

_DAYS = "days"


class Formula(NamedTuple):
    """What the rules need of a metric. A tuple, because it is asked for every figure.

    Attributes:
        scale: a numerator times this, over the denominator, is a value in millionths of the
            metric's unit.
        is_count: values are numerators alone, and are added up.
        over_time: what a window of several periods is.
        decimals: how many are published of a value.
        part_decimals: how many are at least written of numerators and denominators, which are
            exact.
        small_persons: a figure of fewer persons is withheld.
    """

    metric_id: str
    scale: int
    is_count: bool
    over_time: OverTime
    decimals: int
    part_decimals: int
    small_persons: int

    @classmethod
    def of(cls, metric: Metric) -> "Formula":
        """Return how values of a metric are worked out."""
        is_count = metric.kind is MetricKind.COUNT
        parts = (metric.numerator, metric.denominator)
        return cls(
            metric.metric_id,
            1 if is_count else (100 if metric.unit == PERCENT else 1) * MILLION,
            is_count,
            metric.over_time,
            metric.decimals,
            2 if any(part is not None and part.unit == _DAYS for part in parts) else 0,
            metric.small_persons,
        )

    @property
    def name(self) -> str:
        """The formula as states name it, such as `absence/1`."""
        return f"{self.metric_id}/{VERSION}"

    @property
    def takes_last(self) -> bool:
        """Whether a window of several periods is its last one, so that there is neither a year to
        date nor a rolling 12.
        """
        return self.over_time is OverTime.LAST

    @property
    def adds_counts(self) -> bool:
        """Whether a window of several periods is the sum of their counts, not their mean."""
        return self.is_count and self.over_time is OverTime.SUM

    def is_small(self, persons: int | None, *, unknown_is_small: bool) -> bool:
        """Tell whether too few persons stand behind a figure; see `suppression.rules.is_small`."""
        return is_small(persons, self.small_persons, unknown_is_small=unknown_is_small)
