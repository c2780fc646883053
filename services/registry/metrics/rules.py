"""What a metric must be, and which of its parts may change."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from services.registry.entries.rules import Names, check_distinct, check_id, check_names
from shared.errors import Conflict, RuleBroken
from shared.values import PLACES_MAX, Axis, Metric, MetricKind, Quantity

AXES_MAX = 8
AXIS_VALUES_MAX = 50
SMALL_PERSONS_MAX = 1_000
"""A small number above this would withhold whole municipalities."""

UNIT_LENGTH_MAX = 40
_AXIS_ID = re.compile(r"[a-z][a-z0-9_-]{0,62}\Z", re.ASCII)
_AXIS_VALUE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z", re.ASCII)
"""No full stop, which joins values to a definition key, and no bar, which joins keys of events."""


@dataclass(frozen=True, slots=True)
class DefinedMetric:
    """A metric as it is registered.

    Attributes:
        version: rises by one with every change of this state, from 1.
    """

    metric: Metric
    version: int = 1


def revised_metric(present: DefinedMetric | None, wanted: Metric) -> DefinedMetric | None:
    """Judge a metric that was put; none when it is as it was.

    Raises:
        RuleBroken: `id-malformed`, `id-repeated`, `name-malformed`, `metric-unit-malformed`,
            `metric-parts-wrong`, `metric-axis-malformed`, `metric-bounds-reversed`,
            `metric-decimals-malformed` or `metric-small-persons-malformed`.
        Conflict: `metric-meaning-fixed`; kind, unit, over_time or axes would change.
    """
    _check(wanted)
    if present is None:
        return DefinedMetric(wanted)
    if present.metric == wanted:
        return None
    _check_meaning(present.metric, wanted)
    return DefinedMetric(wanted, present.version + 1)


def _check_meaning(present: Metric, wanted: Metric) -> None:
    parts = (
        ("kind", present.kind, wanted.kind),
        ("unit", present.unit, wanted.unit),
        ("over_time", present.over_time, wanted.over_time),
        ("axes", _axes_text(present.axes), _axes_text(wanted.axes)),
    )
    for what, kept, new in parts:
        if kept != new:
            raise Conflict(
                f"{what} of the metric {present.metric_id} is {kept} and never changes, because"
                f" figures are kept under it; got {new}: define another metric",
                code="metric-meaning-fixed",
            )


def _axes_text(axes: Iterable[Axis]) -> str:
    return ", ".join(f"{axis.axis_id} ({'|'.join(axis.values)})" for axis in axes) or "none"


def _check(metric: Metric) -> None:
    check_id(metric.metric_id, "metric")
    check_names(Names(**metric.names), "metric")
    _check_unit(metric.unit, f"the metric {metric.metric_id}")
    _check_parts(metric)
    _check_axes(metric.axes)
    _check_bounds(metric.minimum, metric.maximum)
    if not 0 <= metric.decimals <= PLACES_MAX:
        raise RuleBroken(
            f"decimals must be 0 to {PLACES_MAX}, got {metric.decimals}",
            code="metric-decimals-malformed",
        )
    if not 0 <= metric.small_persons <= SMALL_PERSONS_MAX:
        raise RuleBroken(
            f"small_persons must be 0 to {SMALL_PERSONS_MAX}, got {metric.small_persons}",
            code="metric-small-persons-malformed",
        )


def _check_unit(unit: str, what: str) -> None:
    if not unit.strip() or len(unit) > UNIT_LENGTH_MAX:
        raise RuleBroken(
            f"the unit of {what} must be 1 to {UNIT_LENGTH_MAX} characters, such as percent, got"
            f" {unit[:60]!r}",
            code="metric-unit-malformed",
        )


def _check_parts(metric: Metric) -> None:
    wanted = {
        "numerator": metric.kind is not MetricKind.SCORE,
        "denominator": metric.kind.is_quotient,
    }
    parts: Mapping[str, Quantity | None] = {
        "numerator": metric.numerator,
        "denominator": metric.denominator,
    }
    for what, part in parts.items():
        if (part is not None) != wanted[what]:
            raise RuleBroken(
                f"a metric of the kind {metric.kind} must have {'a' if wanted[what] else 'no'}"
                f" {what}; shares and means have both parts, a count a numerator alone, a score"
                " neither",
                code="metric-parts-wrong",
            )
        if part is not None:
            check_names(Names(**part.names), what)
            _check_unit(part.unit, f"the {what}")


def _check_axes(axes: tuple[Axis, ...]) -> None:
    check_distinct([axis.axis_id for axis in axes], "axis")
    if len(axes) > AXES_MAX:
        raise _axis_malformed(f"a metric has at most {AXES_MAX} axes, got {len(axes)}")
    for axis in axes:
        if not _AXIS_ID.match(axis.axis_id):
            raise _axis_malformed(
                "the id of an axis must be 1 to 63 lower-case letters, digits, hyphens and"
                f" underscores, a letter first, got {axis.axis_id[:80]!r}"
            )
        check_distinct(axis.values, f"value of {axis.axis_id}")
        if not 1 <= len(axis.values) <= AXIS_VALUES_MAX:
            raise _axis_malformed(
                f"the axis {axis.axis_id} must have 1 to {AXIS_VALUES_MAX} values, got"
                f" {len(axis.values)}"
            )
        for value in axis.values:
            if not _AXIS_VALUE.match(value):
                raise _axis_malformed(
                    f"a value of {axis.axis_id} must be 1 to 63 lower-case letters, digits and"
                    f" hyphens, got {value[:80]!r}"
                )


def _axis_malformed(message: str) -> RuleBroken:
    return RuleBroken(message, code="metric-axis-malformed")


def _check_bounds(minimum: Decimal | None, maximum: Decimal | None) -> None:
    if minimum is not None and maximum is not None and minimum >= maximum:
        raise RuleBroken(
            f"bounds: max must be above min ({minimum}), got {maximum}",
            code="metric-bounds-reversed",
        )
