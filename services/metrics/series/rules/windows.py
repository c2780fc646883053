"""A series - one subject, one metric, one definition, one grain - and the values of its windows at
any of its periods.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from services.metrics.heard.rules import ONE, Membership
from services.metrics.series.rules.amounts import Ratio
from services.metrics.series.rules.figures import (
    GRAIN_WINDOWS,
    Figure,
    Place,
    PostedWindow,
    SeriesKey,
    Weighing,
    Window,
    in_force,
)
from services.metrics.series.rules.formulas import Formula
from services.metrics.series.rules.rolling import carried_on
from services.metrics.series.rules.stretch import Part, Stretch, part_of

_POSTED: dict[int, Window] = {
    PostedWindow.YEAR_TO_DATE: Window.YEAR_TO_DATE,
    PostedWindow.ROLLING_12: Window.ROLLING_12,
}


class Span(NamedTuple):
    """A window at one period: its first and last period of the series' grain."""

    window: Window
    first: int
    last: int


class Reported(NamedTuple):
    """What a publisher posted for a window that is not one period of the grain."""

    value: Ratio | None
    suppressed: bool
    generated: bool


class WindowValue(NamedTuple):
    """What a metric is over one window; see `shared.events.metrics.WindowValue`. Numerator and
    denominator in millionths.
    """

    value: Ratio | None
    reported: Ratio | None
    numerator: int | None
    denominator: int | None
    present: int
    expected: int
    reason: str | None
    suppressed: bool

    @property
    def shown(self) -> Ratio | None:
        """The figure that counts: the reported one where there is one, else the computed one."""
        return self.value if self.reported is None else self.reported

    @property
    def judged(self) -> Ratio | None:
        """What feeds goals: the shown figure, where every expected figure is there."""
        return self.shown if self.present == self.expected else None


@lru_cache(maxsize=4096)
def windows_at(ordinal: int, months: int, *, takes_last: bool = False) -> tuple[Span, ...]:
    """Return the windows that end with a period: itself, coarser ones that it closes, year to date,
    last 12.

    Args:
        ordinal: the period.
        months: months per period.
        takes_last: a window of several periods is its last one; there are no running ones.
    """
    per_year = 12 // months
    spans = [Span(GRAIN_WINDOWS[months], ordinal, ordinal)]
    for coarser in (3, 6, 12):
        count = coarser // months
        if coarser > months and (ordinal + 1) % count == 0:
            first = ordinal if takes_last else ordinal - count + 1
            spans.append(Span(GRAIN_WINDOWS[coarser], first, ordinal))
    if takes_last:
        return tuple(spans)
    spans.append(Span(Window.YEAR_TO_DATE, ordinal - ordinal % per_year, ordinal))
    spans.append(Span(Window.ROLLING_12, ordinal - per_year + 1, ordinal))
    return tuple(spans)


class Series(NamedTuple):
    """The figures of one subject and metric by one definition, as far as they are loaded.

    Attributes:
        formula: how values of the metric are worked out.
        months: months per period, the series' grain.
        first: the ordinal of its first period.
        last: the ordinal of its last period.
        stretch: what the periods bring in. It must reach back a year before the periods asked for;
            all the way where rolling-12 figures were reported, because those are carried on.
        reported: figures for windows other than one period.
        membership: how many figures are expected per period.
    """

    key: SeriesKey
    formula: Formula
    months: int
    first: int
    last: int
    stretch: Stretch
    reported: Mapping[tuple[Window, int], Reported] = MappingProxyType({})
    membership: Membership = ONE

    @property
    def per_year(self) -> int:
        """Periods per year."""
        return 12 // self.months

    def spans_at(self, ordinal: int) -> tuple[Span, ...]:
        """Return the windows that end with a period."""
        return windows_at(ordinal, self.months, takes_last=self.formula.takes_last)

    def values_at(self, ordinal: int) -> dict[Window, WindowValue]:
        """Return the value of every window that ends with a period."""
        return {span.window: self._value(span) for span in self.spans_at(ordinal)}

    def value_of(self, window: Window, ordinal: int) -> WindowValue | None:
        """Return the value of one window, or None where that window does not end with the
        period.
        """
        for span in self.spans_at(ordinal):
            if span.window is window:
                return self._value(span)
        return None

    def period_value(self, ordinal: int) -> Ratio | None:
        """Return one period's own value; None when there is none or it must not be shown."""
        numerator, denominator, _, _, _, suppressed = self.stretch.over(ordinal, ordinal)
        return None if suppressed or denominator <= 0 else Ratio(numerator, denominator)

    def is_generated_at(self, ordinal: int) -> bool:
        """Tell whether any figure in the windows that end with a period was made for
        demonstration.
        """
        first = ordinal if self.formula.takes_last else ordinal - self.per_year + 1
        if self.stretch.any_generated(first, ordinal):
            return True
        if not self.reported:
            return False
        beside = (self.reported.get((span.window, ordinal)) for span in self.spans_at(ordinal))
        return any(reported is not None and reported.generated for reported in beside)

    def _value(self, span: Span) -> WindowValue:
        window, first, last = span
        expected = (
            last - first + 1
            if self.membership is ONE
            else self.membership.expected(first, last, self.months)
        )
        numerator, denominator, present, lightest, heaviest, suppressed = self.stretch.over(
            first, last
        )
        stated = None
        if self.reported and (reported := self.reported.get((window, last))) is not None:
            stated, suppressed = reported.value, suppressed or reported.suppressed
        if suppressed:
            return WindowValue(None, None, None, None, present, expected, None, True)
        if not present:
            return WindowValue(None, stated, None, None, 0, expected, "no-data", False)
        if lightest != heaviest and heaviest > Weighing.WEIGHTED:
            return WindowValue(
                None, stated, None, None, present, expected, "unlike-definitions", False
            )
        if self.formula.adds_counts:
            denominator = 1
        value = Ratio(numerator, denominator) if denominator > 0 else None
        if lightest == Weighing.EQUAL and window is Window.ROLLING_12:
            value = carried_on(self.stretch, self._anchors(), last, self.per_year) or value
        reason = None if value is not None else "denominator-zero"
        if heaviest == Weighing.PARTS:
            return WindowValue(
                value,
                stated,
                numerator // self.formula.scale,
                None if self.formula.is_count else denominator,
                present,
                expected,
                reason,
                False,
            )
        return WindowValue(value, stated, None, None, present, expected, reason, False)

    def _anchors(self) -> dict[int, Ratio]:
        """Return the reported figures that a rolling-12 can be carried on from, the rolling-12
        itself before others.
        """
        anchors: dict[int, Ratio] = {}
        for (window, ordinal), reported in self.reported.items():
            if reported.value is None or reported.suppressed:
                continue
            is_december = (ordinal + 1) % self.per_year == 0
            if window is Window.ROLLING_12 or (
                window is Window.YEAR_TO_DATE
                and is_december
                and (Window.ROLLING_12, ordinal) not in self.reported
            ):
                anchors[ordinal] = reported.value
        return anchors


def own_series(
    key: SeriesKey,
    formula: Formula,
    vintages: Iterable[Figure],
    *,
    months: int,
    extent: tuple[int, int],
    is_unit: bool = False,
) -> Series:
    """Return the series of a municipality or a unit from its figures.

    A figure of a coarser period than the grain, and one for the year to date or the rolling 12, is
    kept as reported for its own window; it is never spread over the periods or added to them. One
    that does not end with a period of the grain (the year to date of February in a series of
    quarters) is kept in the store and shown nowhere.

    Args:
        vintages: every vintage of the figures, as far as they are loaded, in any order.
        months: months per period, as `grain_months` found it over the whole series.
        extent: the ordinals of the series' first and last period.
    """
    parts: dict[int, Part] = {}
    reported: dict[tuple[Window, int], Reported] = {}
    for (last_month, length, window), figure in sorted(
        in_force(vintages).items(), key=_coarser_first
    ):
        if (last_month + 1) % months:
            continue
        ordinal = last_month // months
        suppressed = figure.withheld or formula.is_small(figure.persons, unknown_is_small=is_unit)
        if window == PostedWindow.PERIOD and length == months:
            parts[ordinal] = part_of(figure, formula.scale, suppressed=suppressed)
            continue
        about = GRAIN_WINDOWS[length] if window == PostedWindow.PERIOD else _POSTED[window]
        reported[about, ordinal] = Reported(
            figure.value(formula.scale), suppressed, figure.generated
        )
    first, last = extent
    return Series(key, formula, months, first, last, Stretch.of(parts), reported)


def _coarser_first(entry: tuple[Place, Figure]) -> int:
    return -entry[0][1]


def extent_of(vintages: Iterable[Figure], months: int) -> tuple[int, int] | None:
    """Return the ordinals of the first and last period that a series ever had a figure for,
    withdrawn ones included.

    Withdrawn figures count, so that a period that was published is told about again, with what is
    left of it.
    """
    ordinals = [
        figure.last_month // months
        for figure in vintages
        if figure.weighing != Weighing.NOTHING
        and (figure.window == PostedWindow.PERIOD or (figure.last_month + 1) % months == 0)
    ]
    return (min(ordinals), max(ordinals)) if ordinals else None
