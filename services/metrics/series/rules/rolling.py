"""The rolling twelve months of a series that has only rates of equal weight.

The months before the series began are unknown, but the publisher's own rolling-12 holds them. So a
known one is carried
on: the month that enters is added, the one that leaves is taken away (FORMULAS 1.5, "Rolling-12
column": the steps of Vefsn's board are right to the last cell, its level cannot be had from the
months).
"""

from collections.abc import Iterable, Mapping

from services.metrics.series.rules.amounts import Ratio
from services.metrics.series.rules.figures import Weighing
from services.metrics.series.rules.stretch import Stretch, Sum


def carried_on(
    stretch: Stretch, anchors: Mapping[int, Ratio], ordinal: int, per_year: int
) -> Ratio | None:
    """Return an anchor + the sum of (x - x a year before) / periods per year since it, divided
    once.

    The anchor is that of the last December when there is one, because there the year to date and
    the rolling-12 are the same figure, and the fewest rounded cells are chained; else the last one
    before. Vefsn's board holds only so: 8.1 of December 2012 gives 7.95, 7.74 and 7.55 for January
    to March 2013, the 8.0, 7.7 and 7.6 on the slide; January's rounded 8.0 as an anchor would give
    7.8 for February.

    Args:
        stretch: the series' rates.
        anchors: reported rolling-12 figures, and reported year-to-date figures of Decembers, by
            their period's ordinal.
        ordinal: the period asked for; a figure reported for it is no anchor for itself.
        per_year: periods per year.

    Returns:
        The rate, or None when no anchor has every rate since it, and a year before that, in place.
    """
    for anchor in _by_preference(anchors, ordinal, per_year):
        steps = ordinal - anchor
        entered = (anchor + 1, ordinal)
        left = (anchor + 1 - per_year, ordinal - per_year)
        added, taken = stretch.over(*entered), stretch.over(*left)
        if not all(_is_complete(total, steps) for total in (added, taken)):
            continue
        difference = added[0] - taken[0]
        known = anchors[anchor]
        return Ratio(
            known.numerator * per_year + difference * known.denominator,
            known.denominator * per_year,
        )
    return None


def _by_preference(anchors: Mapping[int, Ratio], ordinal: int, per_year: int) -> Iterable[int]:
    last_december = (ordinal // per_year) * per_year - 1
    if last_december in anchors:
        yield last_december
    for anchor in sorted(anchors, reverse=True):
        if anchor < ordinal and anchor != last_december:
            yield anchor


def _is_complete(total: Sum, steps: int) -> bool:
    _, _, present, lightest, _, _ = total
    return present == steps and lightest == Weighing.EQUAL
