"""The numbers of a figure, whatever its metric."""

from dataclasses import dataclass
from decimal import Decimal

from shared.values.decimals import quotient
from shared.values.metrics import Metric

PERCENT = "percent"
"""The unit of shares that are written as parts of a hundred."""


@dataclass(frozen=True, slots=True)
class Measure:
    """The numbers of a figure: a numerator, or a numerator over a denominator, or a value.

    All are exact; a quotient is worked out only to be shown or compared.

    Attributes:
        numerator: what is counted, such as working days lost.
        denominator: what it is divided by, such as working days agreed.
        value: where only the result is known, in the unit of the metric.
        weight_kind: what the weight of the value counts.
        weight: what the value counts for among others.
    """

    numerator: Decimal | None = None
    denominator: Decimal | None = None
    value: Decimal | None = None
    weight_kind: str | None = None
    weight: Decimal | None = None

    def value_in(self, metric: Metric) -> Decimal | None:
        """Return the value in the unit of its metric; None where the denominator is zero or
        nothing was counted.
        """
        if self.value is not None or self.numerator is None:
            return self.value
        if not metric.kind.is_quotient:
            return self.numerator
        if not self.denominator:
            return None
        scale = 100 if metric.unit == PERCENT else 1
        return quotient(scale * self.numerator, self.denominator)
