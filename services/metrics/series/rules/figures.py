"""Figures as they came in, every vintage of them, and which one of a place is in force."""

from collections.abc import Iterable, Sequence
from enum import IntEnum, StrEnum
from typing import NamedTuple

from services.metrics.series.rules.amounts import Ratio
from shared.values import Grain, Metric, Period

PERCENT = "percent"
"""The unit of which values are a hundred times the quotient."""


class Definition(NamedTuple):
    """What figures mean: a metric, and the key of one of its definitions. Unlike ones are never
    mixed.
    """

    metric: str
    key: str


class Meaning(NamedTuple):
    """What figures mean, as it is told to people."""

    metric: Metric
    key: str

    @property
    def values(self) -> dict[str, str]:
        """The value of each of the metric's axes."""
        return self.metric.definition_of(self.key)

    @property
    def is_percent(self) -> bool:
        """Whether values are in per cent."""
        return self.metric.unit == PERCENT


class SeriesKey(NamedTuple):
    """What tells a series from others: whose it is, what it measures, and by which definition."""

    subject: str
    metric: str
    definition_key: str

    @property
    def definition(self) -> Definition:
        """What its figures mean."""
        return Definition(self.metric, self.definition_key)

    @property
    def is_group(self) -> bool:
        """Whether it is of a group of municipalities; else it is of one, or of a unit of one."""
        return not self.subject.startswith(("municipality/", "unit/"))


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
    """What a figure weighs in a sum. Parts and weighted values go together; nothing else does.

    Attributes:
        PARTS: a numerator and a denominator, or a count.
        WEIGHTED: a value with a weight that may be added to others': a rate with the agreed days, a
            score with its weight.
        WORKING_DAYS: a rate weighted by working days.
        EQUAL: a value without a weight.
        NOTHING: the figure that replaced the one before says nothing of this metric.
    """

    PARTS = 0
    WEIGHTED = 1
    WORKING_DAYS = 2
    EQUAL = 3
    NOTHING = 4


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
        amount_micro: numerator, count or value in millionths.
        weight_micro: denominator or declared weight in millionths; None for counts and for values
            without a weight.
        persons: head count behind it, where known.
        generated: made for demonstration.
        withheld: a small unit could be found with it (see `units`).
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
    withheld: bool = False

    def terms(self, scale: int) -> tuple[int, int]:
        """Return what it adds to the sums of a value: millionths of the unit times weight, and
        weight. Equal weights and counts count one each.

        Args:
            scale: that of the metric's formula.
        """
        weight = self.weight_micro
        if self.weighing == Weighing.PARTS:
            return self.amount_micro * scale, 1 if weight is None else weight
        if weight is None:
            return self.amount_micro, 1
        return self.amount_micro * weight, weight

    def value(self, scale: int) -> Ratio | None:
        """Return what it says; None when there is nothing to divide by."""
        numerator, denominator = self.terms(scale)
        return Ratio(numerator, denominator) if denominator else None

    @property
    def joins_groups(self) -> bool:
        """Whether it goes into groups."""
        return self.weighing <= Weighing.WEIGHTED


def in_force(vintages: Iterable[Figure]) -> dict[Place, Figure]:
    """Return the figure in force at each place: the highest vintage that was not withdrawn, in any
    order; none where that one says nothing of the metric.
    """
    best: dict[Place, Figure] = {}
    for figure in vintages:
        if not figure.withdrawn:
            place = figure[:3]
            kept = best.get(place)
            if kept is None or kept.vintage < figure.vintage:
                best[place] = figure
    return {place: one for place, one in best.items() if one.weighing != Weighing.NOTHING}


def grain_months(vintages: Sequence[Figure]) -> int:
    """Return the length of a series' periods: the shortest for which a figure is in force.

    A publisher's own year-to-date or rolling-12 says nothing about the grain; a series that holds
    only such is monthly. One whose figures were all withdrawn keeps the shortest length it had.
    """
    periods = [
        figure
        for figure in vintages
        if figure.window == PostedWindow.PERIOD and figure.weighing != Weighing.NOTHING
    ]
    held = [figure.months for figure in periods if not figure.withdrawn]
    if held:
        return min(held)
    only_windows = any(
        not figure.withdrawn and figure.window != PostedWindow.PERIOD for figure in vintages
    )
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
