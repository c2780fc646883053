"""The rules by which a figure is accepted, and by which a report is owed. No clock, no database:
all is passed in.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from shared.errors import FieldError, Finding
from shared.values import Definition, Grain, Period, quotient, rounded

YEAR_MIN = 1990
"""Before this no municipality kept comparable figures, so an older period is a slip of the pen."""


JUMP_POINTS = Decimal(5)
"""A rate that differs by more from the one it is compared with is accepted, with a warning that
asks for a note.
"""


DAYS_PER_PERSON_MONTH_MAX = 31
RATE_MAX = Decimal(100)


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
        lost_days, agreed_days: full-time-equivalent working days; both or none.
        rate_percent: the rate, where no days are given.
        weight: the rate's weight in sums, in the unit that `weight_kind` names.
        body_hash: SHA-256 of the canonical body, to know a repetition from another content.
        origin: `http` or the record's place in the log.
    """

    figure_id: UUID
    publisher: str
    number: str
    unit: str
    period: Period
    window: Window
    lost_days: Decimal | None
    agreed_days: Decimal | None
    rate_percent: Decimal | None
    weight_kind: str | None
    weight: Decimal | None
    persons: int | None
    definition: Definition
    note: str | None
    generated: bool
    body_hash: bytes
    origin: str

    @property
    def rate(self) -> Decimal | None:
        """The rate in per cent; None when no days were agreed."""
        if self.rate_percent is not None:
            return self.rate_percent
        if not self.agreed_days or self.lost_days is None:
            return None
        return quotient(100 * self.lost_days, self.agreed_days)


def faults_of(draft: Draft, *, today: date) -> list[FieldError]:
    """Return everything that makes a figure unacceptable by itself, whoever sent it.

    Args:
        today: the date in Europe/Oslo.
    """
    return [fault for rule in _RULES for fault in rule(draft, today)]


def _period_is_plausible(draft: Draft, today: date) -> Iterable[FieldError]:
    if draft.period.year < YEAR_MIN:
        yield FieldError(
            "period-too-old", f"period {draft.period} lies before {YEAR_MIN}", "/period"
        )
    if not draft.period.has_ended(today):
        yield FieldError(
            "period-not-ended",
            f"period {draft.period} ends on {draft.period.last_day.isoformat()}; today is"
            f" {today.isoformat()}",
            "/period",
        )
    if draft.window is not Window.PERIOD and draft.period.grain is not Grain.MONTH:
        yield FieldError(
            "window-needs-month",
            f"the window {draft.window} ends with a month such as 2013-02, got {draft.period}",
            "/period",
        )


def _days_or_rate(draft: Draft, _: date) -> Iterable[FieldError]:
    days = (draft.lost_days is not None) + (draft.agreed_days is not None)
    if days == 1:
        missing = "/agreed_days" if draft.agreed_days is None else "/lost_days"
        yield FieldError(
            "figure-incomplete", "lost_days and agreed_days go together; one is missing", missing
        )
    if days and draft.rate_percent is not None:
        yield FieldError(
            "figure-ambiguous",
            "give either both day counts or rate_percent, not both",
            "/rate_percent",
        )
    if not days and draft.rate_percent is None:
        yield FieldError(
            "figure-incomplete", "give both lost_days and agreed_days, or rate_percent", ""
        )


def _numbers_within_bounds(draft: Draft, _: date) -> Iterable[FieldError]:
    for name in ("lost_days", "agreed_days", "rate_percent", "weight"):
        value: Decimal | None = getattr(draft, name)
        if value is not None and value.is_signed():  # -0 as well: it would be published as such
            yield FieldError(
                "number-negative", f"{name} must be 0 or more, got {value}", f"/{name}"
            )
    if (
        draft.lost_days is not None
        and draft.agreed_days is not None
        and 0 <= draft.agreed_days < draft.lost_days
    ):
        yield FieldError(
            "lost-above-agreed",
            f"lost_days must be 0 to agreed_days ({draft.agreed_days}), got {draft.lost_days}",
            "/lost_days",
        )
    if draft.rate_percent is not None and draft.rate_percent > RATE_MAX:
        yield FieldError(
            "rate-out-of-bounds",
            f"rate_percent must be 0 to 100, got {draft.rate_percent}",
            "/rate_percent",
        )


def _weight_is_declared(draft: Draft, _: date) -> Iterable[FieldError]:
    kind, weight = draft.weight_kind, draft.weight
    if draft.rate_percent is None:
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


_RULES: tuple[Callable[[Draft, date], Iterable[FieldError]], ...] = (
    _period_is_plausible,
    _days_or_rate,
    _numbers_within_bounds,
    _weight_is_declared,
)


def weight_kind_of(draft: Draft) -> str | None:
    """Return the kind of weight that a figure brings into its series; day counts and wider windows
    bring none.
    """
    return (
        draft.weight_kind
        if draft.rate_percent is not None and draft.window is Window.PERIOD
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
    """Return the periods with one of which a new rate is compared: the one before, else the same of
    the year before.
    """
    return period.plus(-1), period.plus(-period.grain.per_year)


def findings_of(draft: Draft, before: tuple[Period, Decimal] | None) -> tuple[Finding, ...]:
    """Return what is accepted but should be looked at: empty denominators, jumps, more days than
    persons can work.

    Args:
        before: period and rate of the figure in force that this one is compared with, if there is
            one.
    """
    return tuple(
        finding
        for finding in (_no_denominator(draft), _jump(draft, before), _too_many_days(draft))
        if finding
    )


def _no_denominator(draft: Draft) -> Finding | None:
    if draft.agreed_days != 0:
        return None
    return Finding(
        "denominator-zero",
        "warning",
        "no days were agreed, so no rate can be given",
        "/agreed_days",
    )


def _jump(draft: Draft, before: tuple[Period, Decimal] | None) -> Finding | None:
    rate = draft.rate
    if rate is None or before is None or draft.window is not Window.PERIOD:
        return None
    period, rate_before = before
    points = abs(rate - rate_before)
    if points <= JUMP_POINTS:
        return None
    shown = {
        "rate": rounded(rate, 2),
        "before": rounded(rate_before, 2),
        "points": rounded(points, 2),
    }
    return Finding(
        "jump",
        "warning",
        f"the rate {shown['rate']} % differs by more than {JUMP_POINTS} points from"
        f" {shown['before']} % of {period}; please check, and explain in a note",
        "/rate_percent" if draft.rate_percent is not None else "/lost_days",
        message_args={name: str(value) for name, value in shown.items()} | {"period": str(period)},
    )


def _too_many_days(draft: Draft) -> Finding | None:
    if draft.window is not Window.PERIOD or draft.persons is None or draft.agreed_days is None:
        return None
    most = draft.persons * DAYS_PER_PERSON_MONTH_MAX * draft.period.grain.months
    if draft.agreed_days <= most:
        return None
    return Finding(
        "days-above-persons",
        "warning",
        f"{draft.agreed_days} agreed days are more than {draft.persons} persons can work ({most})",
        "/agreed_days",
        message_args={
            "agreed_days": str(draft.agreed_days),
            "persons": draft.persons,
            "most": most,
        },
    )
