"""Figures as they came in, every vintage of them, and which one of a place is in force."""

from collections.abc import Iterable, Sequence
from enum import IntEnum, StrEnum
from typing import NamedTuple

from services.metrics.series.rules.amounts import PERCENT_OF_DAYS, Ratio
from shared.values import Grain, Period

SeriesKey = tuple[str, str]
"""Subject and definition key."""


def is_group(subject: str) -> bool:
    """Tell whether a subject is a group of municipalities; else it is one, or a unit of one."""
    return not subject.startswith(("municipality/", "unit/"))


class Window(StrEnum):
    """What span of time a rate is about, seen from the period that it ends with."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half-year"
    YEAR = "year"
    YEAR_TO_DATE = "year-to-date"
    ROLLING_12 = "rolling-12"


class PostedWindow(IntEnum):
    """Which window a publisher's figure is about: its own period, or one that the publisher
    computed.
    """

    PERIOD = 0
    YEAR_TO_DATE = 1
    ROLLING_12 = 2


class Weighing(IntEnum):
    """What a figure weighs in a sum. Day counts and rates weighted by agreed days go together;
    nothing else does.
    """

    DAY_COUNTS = 0
    AGREED_DAYS = 1
    WORKING_DAYS = 2
    EQUAL = 3


Place = tuple[int, int, int]
"""What a figure replaces others at, within its series: the last month (since year 0), the length,
the window.
"""


class Figure(NamedTuple):
    """One vintage of one figure, as it is kept. A plain tuple of numbers, because batches read tens
    of thousands.

    Attributes:
        last_month: the last month of its period, counted from year 0.
        months: how many months the period has.
        window: a `PostedWindow`'s number.
        vintage: 1 for the first of its place; the highest one that was not withdrawn is in force.
        withdrawn: taken back.
        weighing: a `Weighing`'s number.
        amount_micro: lost microdays, or micropercent.
        weight_micro: agreed microdays, or the declared weight in millionths; None for equal
            weights.
        persons: head count behind it, where known.
        generated: made for demonstration.
    """

    last_month: int
    months: int
    window: int
    vintage: int
    withdrawn: bool
    weighing: int
    amount_micro: int
    weight_micro: int | None
    persons: int | None
    generated: bool

    @property
    def terms(self) -> tuple[int, int]:
        """What it adds to the sums of a rate: micropercent times weight, and weight. Equal weights
        count one each.
        """
        weight = self.weight_micro or 0
        if self.weighing == Weighing.DAY_COUNTS:
            return self.amount_micro * PERCENT_OF_DAYS, weight
        return (
            (self.amount_micro, 1)
            if self.weighing == Weighing.EQUAL
            else (self.amount_micro * weight, weight)
        )

    @property
    def rate(self) -> Ratio | None:
        """What it says; None when there is nothing to divide by."""
        numerator, denominator = self.terms
        return Ratio(numerator, denominator) if denominator else None

    @property
    def adds_days(self) -> bool:
        """Whether it goes into groups: day counts do, and rates weighted by agreed days (rate x
        weight / 100).
        """
        return self.weighing <= Weighing.AGREED_DAYS


def in_force(vintages: Iterable[Figure]) -> dict[Place, Figure]:
    """Return the figure in force at each place: the highest vintage that was not withdrawn, in any
    order.
    """
    best: dict[Place, Figure] = {}
    for figure in vintages:
        if not figure.withdrawn:
            place = figure[:3]
            kept = best.get(place)
            if kept is None or kept.vintage < figure.vintage:
                best[place] = figure
    return best


def grain_months(vintages: Sequence[Figure]) -> int:
    """Return the length of a series' periods: the shortest for which a figure is in force.

    A publisher's own year-to-date or rolling-12 says nothing about the grain; a series that holds
    only such is monthly. One whose figures were all withdrawn keeps the shortest length it had.
    """
    periods = [figure for figure in vintages if figure.window == PostedWindow.PERIOD]
    held = [figure.months for figure in periods if not figure.withdrawn]
    if held:
        return min(held)
    only_windows = any(not figure.withdrawn for figure in vintages)
    return 1 if only_windows or not periods else min(figure.months for figure in periods)


GRAINS = {grain.months: grain for grain in Grain}
"""The grain by its number of months."""

GRAIN_WINDOWS = {grain.months: Window(grain.value) for grain in Grain}
"""The window that is one period of a grain, by its number of months."""


def period_of(last_month: int, months: int) -> Period:
    """Return the period of that many months that ends with a month counted from year 0."""
    return Period(GRAINS[months], last_month // months)


def last_month_of(period: Period) -> int:
    """Return a period's last month, counted from year 0."""
    return (period.ordinal + 1) * period.grain.months - 1
