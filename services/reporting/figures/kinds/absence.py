"""Absence: days lost of days agreed, or a rate with its weight."""

from collections.abc import Iterable
from decimal import Decimal

from services.reporting.figures.kinds.kind import Kind
from services.reporting.figures.rules import Draft, Window
from shared.errors import FieldError, Finding
from shared.events import inbound, reporting
from shared.values import Metric

METRIC = "absence"
DAYS_PER_PERSON_MONTH_MAX = 31
RATE_MAX = Decimal(100)


def _days_or_rate(draft: Draft, _: Metric) -> Iterable[FieldError]:
    measure = draft.measure
    days = (measure.numerator is not None) + (measure.denominator is not None)
    if days == 1:
        missing = "/agreed_days" if measure.denominator is None else "/lost_days"
        yield FieldError(
            "figure-incomplete", "lost_days and agreed_days go together; one is missing", missing
        )
    if days and measure.value is not None:
        yield FieldError(
            "figure-ambiguous",
            "give either both day counts or rate_percent, not both",
            "/rate_percent",
        )
    if not days and measure.value is None:
        yield FieldError(
            "figure-incomplete", "give both lost_days and agreed_days, or rate_percent", ""
        )


def _numbers_within_bounds(draft: Draft, _: Metric) -> Iterable[FieldError]:
    measure = draft.measure
    for part, name in ABSENCE.measure.items():
        value = getattr(measure, part)
        if isinstance(value, Decimal) and value.is_signed():  # -0 too: it would be published so
            yield FieldError(
                "number-negative", f"{name} must be 0 or more, got {value}", f"/{name}"
            )
    if (
        measure.numerator is not None
        and measure.denominator is not None
        and 0 <= measure.denominator < measure.numerator
    ):
        yield FieldError(
            "lost-above-agreed",
            f"lost_days must be 0 to agreed_days ({measure.denominator}), got {measure.numerator}",
            "/lost_days",
        )
    if measure.value is not None and measure.value > RATE_MAX:
        yield FieldError(
            "rate-out-of-bounds",
            f"rate_percent must be 0 to 100, got {measure.value}",
            "/rate_percent",
        )


def _weight_is_declared(draft: Draft, _: Metric) -> Iterable[FieldError]:
    kind, weight = draft.measure.weight_kind, draft.measure.weight
    if draft.measure.value is None:
        if kind is not None or weight is not None:
            place = "/weight_kind" if kind is not None else "/weight"
            yield FieldError(
                "weight-without-rate", "weight_kind and weight belong to rate_percent only", place
            )
    elif kind is None:
        if draft.window is Window.PERIOD:
            yield FieldError(
                "weight-kind-missing",
                "rate_percent needs weight_kind: equal, working-days or agreed-days",
                "/weight_kind",
            )
        elif weight is not None:
            yield FieldError(
                "weight-not-wanted",
                f"a weight without weight_kind means nothing, got {weight}",
                "/weight",
            )
    elif kind == "equal":
        if weight is not None:
            yield FieldError(
                "weight-not-wanted", f"equal weights have no weight, got {weight}", "/weight"
            )
    elif draft.window is Window.PERIOD and not weight:
        got = "none" if weight is None else str(weight)
        yield FieldError(
            "weight-missing", f"weight_kind {kind} needs a weight above 0, got {got}", "/weight"
        )


def _too_many_days(draft: Draft, _: Metric) -> Iterable[Finding]:
    agreed = draft.measure.denominator
    if draft.window is not Window.PERIOD or draft.persons is None or agreed is None:
        return
    most = draft.persons * DAYS_PER_PERSON_MONTH_MAX * draft.period.grain.months
    if agreed > most:
        yield Finding(
            "days-above-persons",
            "warning",
            f"{agreed} agreed days are more than {draft.persons} persons can work ({most})",
            "/agreed_days",
            message_args={"agreed_days": str(agreed), "persons": draft.persons, "most": most},
        )


ABSENCE = Kind(
    contract=inbound.AbsenceFigurePosted,
    posted=reporting.AbsenceFigurePosted,
    in_force=reporting.AbsenceFigureInForce,
    route="absence-figures",
    place_metric=METRIC,
    measure={
        "numerator": "lost_days",
        "denominator": "agreed_days",
        "value": "rate_percent",
        "weight_kind": "weight_kind",
        "weight": "weight",
    },
    rules=(_days_or_rate, _numbers_within_bounds, _weight_is_declared),
    checks=(_too_many_days,),
)
