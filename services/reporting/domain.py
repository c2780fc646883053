"""The rules by which a figure is accepted, and by which a report is owed. No clock, no database:
all is passed in.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from shared.errors import FieldError, Finding, RuleBroken
from shared.values import Definition, Grain, Period, quotient, rounded

YEAR_MIN = 1990
"""Before this no municipality kept comparable figures, so an older period is a slip of the pen."""

NUMBERS_KNOWN_FROM = date(2013, 1, 1)
"""Before this date the numbers of 2013 hold (CONTRACTS 1)."""

JUMP_POINTS = Decimal(5)
"""A rate that differs by more from the one it is compared with is accepted, with a warning that
asks for a note.
"""

TICK = timedelta(microseconds=1)
"""The least step between two moments that the log and the database can tell apart."""

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


class Place(NamedTuple):
    """What a figure is about. A later one of the same place replaces the earlier one, across
    publishers and doors.

    A tuple, because every figure is looked up by it and by its neighbours.
    """

    municipality_id: str
    unit: str
    definition_key: str
    period: str
    window: str


@dataclass(frozen=True, slots=True)
class NumberHolder:
    """A municipality that bore a number between two dates; `valid_to` is the first day no longer
    so.
    """

    municipality_id: str
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        """Tell whether the municipality bore the number on a day; before 2013 the numbers of 2013
        hold.
        """
        asked = max(day, NUMBERS_KNOWN_FROM)
        return self.valid_from <= asked and (self.valid_to is None or asked < self.valid_to)


def holder_of(number: str, day: date, holders: Sequence[NumberHolder]) -> str | FieldError:
    """Return the municipality that bore a number on a day, or what is wrong with the number."""
    for holder in holders:
        if holder.holds_on(day):
            return holder.municipality_id
    if not holders:
        return FieldError(
            "municipality-unknown",
            f"no municipality has or had the number {number}",
            "/municipality",
        )
    spans = ", ".join(
        f"from {h.valid_from.isoformat()}"
        + (f" until {h.valid_to.isoformat()}" if h.valid_to else "")
        for h in holders
    )
    rule = "; before 2013 the numbers of 2013 hold" if day < NUMBERS_KNOWN_FROM else ""
    return FieldError(
        "municipality-number-not-valid",
        f"municipality number {number} was valid {spans}, not on {day.isoformat()}, the period's"
        f" last day{rule}",
        "/municipality",
    )


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


def moment_after(decided_at: datetime | None, *, now: datetime) -> datetime:
    """Return the moment of a decision at a place where the last one was made at `decided_at`: now,
    or just after it.

    The clocks of two processes differ, one may be put back, and who waited for another looked at
    its own before. With moments that rise the order of decisions can be read from them, and what
    held at each.
    """
    return now if decided_at is None else max(now, decided_at + TICK)


class Arrival(NamedTuple):
    """Where something that was taken came from - `http` or its record's place in the log - and when
    it was taken.
    """

    origin: str
    taken_at: datetime


def is_overtaken(origin: str, timestamp: int | None, *, by: Arrival | None) -> bool:
    """Tell whether a record is read again behind one that came after it and was taken.

    A record that was refused leaves nothing by which it is known. Read again - in a replay, after a
    restore, from its dead letter - it may be good, and would replace what came later. Its offset
    alone does not tell: a log that was put back gives the same ones out anew.

    Args:
        origin: the place of the record in the log, or `http`.
        timestamp: when it came to the log, in milliseconds since 1970.
        by: what was taken; None where nothing was.
    """
    if by is None or timestamp is None or timestamp >= by.taken_at.timestamp() * 1000:
        return False
    (place, _, offset), (other, _, taken) = origin.rpartition("/"), by.origin.rpartition("/")
    return place == other != "" and int(offset) < int(taken)


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


@dataclass(frozen=True, slots=True)
class Round:
    """One call for reports: who owes which kind for which period, from when until when."""

    round_id: str
    programme_id: str
    report_kind: str
    period: str
    opens_on: date
    due_on: date
    cohort_ids: tuple[str, ...] = ()
    theme_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.due_on < self.opens_on:
            raise RuleBroken(
                f"due_on {self.due_on.isoformat()} lies before opens_on"
                f" {self.opens_on.isoformat()}",
                code="round-dates",
            )

    def concerns(self, project: "Project") -> bool:
        """Tell whether a project owes this report; empty lists of cohorts or themes mean all."""
        return (
            project.programme_id == self.programme_id
            and (not self.cohort_ids or project.cohort_id in self.cohort_ids)
            and (not self.theme_ids or bool(set(self.theme_ids) & set(project.theme_ids)))
            and (project.ended_on is None or project.ended_on >= self.opens_on)
        )


@dataclass(frozen=True, slots=True)
class Project:
    """What reporting needs to know of a project."""

    project_id: str
    programme_id: str
    cohort_id: str | None
    theme_ids: tuple[str, ...]
    ended_on: date | None


def state_on(round_: Round, today: date) -> str:
    """Return the state of an obligation without a report: due to the end of the due day, overdue
    from midnight.
    """
    if today < round_.opens_on:
        return "not_due"
    return "due" if today <= round_.due_on else "overdue"


def days_late(due_on: date, submitted_on: date) -> int:
    """Return how many days after the due date the first submission came; 0 when in time."""
    return max(0, (submitted_on - due_on).days)
