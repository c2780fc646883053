"""Indicators: figures of any metric that has no contract of its own.

Which numbers a figure must give follows from what the metric is.
"""

from collections.abc import Iterable
from decimal import Decimal

from services.reporting.figures.kinds.kind import Kind
from services.reporting.figures.rules import Draft
from shared.errors import FieldError
from shared.events import inbound, reporting
from shared.values import Metric, MetricKind

NEEDED = {
    MetricKind.SHARE: ("numerator", "denominator"),
    MetricKind.MEAN: ("numerator", "denominator"),
    MetricKind.COUNT: ("numerator",),
    MetricKind.SCORE: ("value",),
}
"""Which numbers a figure must give, by the kind of its metric."""

TAKEN = NEEDED | {MetricKind.SCORE: ("value", "weight")}
"""Which it may give."""

PARTS = ("numerator", "denominator", "value", "weight")


def _numbers_of_its_metric(draft: Draft, metric: Metric) -> Iterable[FieldError]:
    taken = TAKEN[metric.kind]
    for part in PARTS:
        number = getattr(draft.measure, part)
        if number is None and part in NEEDED[metric.kind]:
            yield FieldError(
                "figure-incomplete",
                f"{metric.metric_id} is a {metric.kind} and needs {' and '.join(taken)}; {part} is"
                " missing",
                f"/{part}",
            )
        elif number is not None and part not in taken:
            yield FieldError(
                "figure-ambiguous",
                f"{metric.metric_id} is a {metric.kind} and has no {part}; it takes"
                f" {' and '.join(taken)}",
                f"/{part}",
            )


def _numbers_within_bounds(draft: Draft, metric: Metric) -> Iterable[FieldError]:
    measure = draft.measure
    if measure.denominator is not None and measure.denominator.is_signed():
        yield _negative("denominator", measure.denominator)
    if measure.weight is not None and measure.weight <= 0:
        yield FieldError(
            "weight-missing", f"weight must be above 0, got {measure.weight}", "/weight"
        )
    name = "value" if metric.kind is MetricKind.SCORE else "numerator"
    number = getattr(measure, name)
    if number is not None and number.is_signed() and (metric.minimum or Decimal(0)) >= 0:
        yield _negative(name, number)
        return
    value = measure.value_in(metric)
    if value is None:
        return
    if metric.minimum is not None and value < metric.minimum:
        yield _out_of_bounds(metric, value, name, f"at least {metric.minimum}")
    if metric.maximum is not None and value > metric.maximum:
        yield _out_of_bounds(metric, value, name, f"at most {metric.maximum}")


def _negative(name: str, number: Decimal) -> FieldError:
    return FieldError("number-negative", f"{name} must be 0 or more, got {number}", f"/{name}")


def _out_of_bounds(metric: Metric, value: Decimal, name: str, bound: str) -> FieldError:
    return FieldError(
        "value-out-of-bounds",
        f"a value of {metric.metric_id} must be {bound} {metric.unit}, got {value}",
        f"/{name}",
    )


INDICATOR = Kind(
    contract=inbound.IndicatorFigurePosted,
    posted=reporting.IndicatorFigurePosted,
    in_force=reporting.IndicatorFigureInForce,
    route="indicator-figures",
    measure={part: part for part in PARTS},
    reserved=frozenset(
        {
            "absence",
            "position-size",
            "position-size-per-position",
            "part-time-share",
            "full-time-share",
            "involuntary-part-time-share",
            "report-completeness",
            "report-timeliness",
            "party-participation",
        }
    ),
    rules=(_numbers_of_its_metric, _numbers_within_bounds),
)
