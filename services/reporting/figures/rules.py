"""The rules by which a figure of any kind is judged. No clock, no database: all is passed in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from shared.errors import FieldError, Finding
from shared.values import PERCENT, Grain, Measure, Metric, Period, rounded

YEAR_MIN = 1990
"""Before this no municipality kept comparable figures, so an older period is a slip of the pen."""

JUMP_POINTS = Decimal(5)
"""A share in per cent that differs by more points from the one it is compared with is accepted, but
with a warning that asks for a note.
"""


class Window(StrEnum):
    """What a reported figure covers: its period, or a longer window that the publisher computed."""

    PERIOD = "period"
    YEAR_TO_DATE = "year-to-date"
    ROLLING_12 = "rolling-12"


@dataclass(frozen=True, slots=True)
class Draft:
    """A figure as it was handed in, read but not yet judged.

    Attributes:
        figure_id: the publisher's.
        publisher: organisation number, or `operator`.
        number: municipality number valid on the period's last day.
        unit: part of the municipality, "" for the whole.
        metric: of the figure's place.
        definition: one value for each axis, in the order of the axes.
        parts: the further numbers of a kind that is more than one measure.
        body_hash: SHA-256 of the canonical body, to know a repetition from another content.
    """

    figure_id: UUID
    publisher: str
    number: str
    unit: str
    metric: str
    definition_key: str
    definition: Mapping[str, str]
    period: Period
    window: Window
    measure: Measure
    parts: Mapping[str, str] | None
    persons: int | None
    note: str | None
    generated: bool
    body_hash: bytes


def period_faults(draft: Draft, *, today: date) -> Iterable[FieldError]:
    """Yield what is wrong with a figure's period.

    Args:
        today: the date in Europe/Oslo on which the figure arrived.
    """
    if draft.period.year < YEAR_MIN:
        yield FieldError(
            "period-too-old", f"period {draft.period} lies before {YEAR_MIN}", "/period"
        )
    if not draft.period.has_ended(today):
        yield FieldError(
            "period-not-ended",
            f"period {draft.period} ends on {draft.period.last_day.isoformat()}; the figure came on"
            f" {today.isoformat()}",
            "/period",
        )
    if draft.window is not Window.PERIOD and draft.period.grain is not Grain.MONTH:
        yield FieldError(
            "window-needs-month",
            f"the window {draft.window} ends with a month such as 2013-02, got {draft.period}",
            "/period",
        )


def weight_kind_of(draft: Draft) -> str | None:
    """Return the kind of weight that a figure brings into its series; quotients and wider windows
    bring none.
    """
    return (
        draft.measure.weight_kind
        if draft.measure.value is not None and draft.window is Window.PERIOD
        else None
    )


def weight_kind_fault(draft: Draft, kinds_of_others: Iterable[str]) -> FieldError | None:
    """Refuse a second kind of weight in one series: sums over mixed weights would mean nothing.

    Args:
        kinds_of_others: the kinds of the series' other figures in force; the one that this figure
            replaces is none.
    """
    kind = weight_kind_of(draft)
    other = next((other for other in sorted(kinds_of_others) if other != kind), None)
    if kind is None or other is None:
        return None
    return FieldError(
        "weight-kind-mixed",
        f"this series is weighted by {other}; a figure weighted by {kind} cannot join it",
        "/weight_kind",
    )


@lru_cache(maxsize=4096)
def compared_periods(period: Period) -> tuple[Period, Period]:
    """Return the periods with one of which a new value is compared: the one before, else the same
    of the year before.
    """
    return period.plus(-1), period.plus(-period.grain.per_year)


def no_denominator(draft: Draft, fields: Mapping[str, str]) -> Iterable[Finding]:
    """Point out a denominator of zero.

    Args:
        fields: what the contract calls the parts of the measure.
    """
    if draft.measure.denominator == 0:
        name = fields["denominator"]
        yield Finding(
            "denominator-zero", "warning", f"{name} is 0, so no value can be given", f"/{name}"
        )


def jump(
    draft: Draft, metric: Metric, before: tuple[Period, Measure] | None, fields: Mapping[str, str]
) -> Iterable[Finding]:
    """Point out a share in per cent that lies far from the one before.

    Args:
        before: period and numbers of the figure in force that this one is compared with, if there
            is one.
        fields: what the contract calls the parts of the measure.
    """
    if before is None or metric.unit != PERCENT or draft.window is not Window.PERIOD:
        return
    value, value_before = draft.measure.value_in(metric), before[1].value_in(metric)
    if value is None or value_before is None:
        return
    period, points = before[0], abs(value - value_before)
    if points <= JUMP_POINTS:
        return
    shown = {
        "rate": rounded(value, 2),
        "before": rounded(value_before, 2),
        "points": rounded(points, 2),
    }
    name = fields["value" if draft.measure.value is not None else "numerator"]
    yield Finding(
        "jump",
        "warning",
        f"the rate {shown['rate']} % differs by more than {JUMP_POINTS} points from"
        f" {shown['before']} % of {period}; please check, and explain in a note",
        f"/{name}",
        message_args={key: str(number) for key, number in shown.items()} | {"period": str(period)},
    )
