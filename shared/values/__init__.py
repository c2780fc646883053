"""Values that every service speaks of: periods, metrics, definitions and exact decimals.

Only the standard library is used, so that rules may import it. No binary floating point touches a
figure.
"""

from shared.values.dated import Dated, version_on
from shared.values.decimals import (
    DIGITS_MAX,
    PLACES_MAX,
    SIGNIFICANT_DIGITS,
    is_within_contract,
    parse_decimal,
    quotient,
    rounded,
)
from shared.values.definitions import Certification, Definition, Denominator, Source
from shared.values.measures import PERCENT, Measure
from shared.values.metrics import Axis, Better, Metric, MetricKind, OverTime, Quantity
from shared.values.periods import Grain, Period

__all__ = [
    "DIGITS_MAX",
    "PERCENT",
    "PLACES_MAX",
    "SIGNIFICANT_DIGITS",
    "Axis",
    "Better",
    "Certification",
    "Dated",
    "Definition",
    "Denominator",
    "Grain",
    "Measure",
    "Metric",
    "MetricKind",
    "OverTime",
    "Period",
    "Quantity",
    "Source",
    "is_within_contract",
    "parse_decimal",
    "quotient",
    "rounded",
    "version_on",
]
