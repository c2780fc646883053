"""Groups of municipalities - project, cohort, theme, county, programme - and what their members
bring in together.
"""

from bisect import bisect_right
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from services.metrics.domain.figures import Figure, Weighing
from services.metrics.domain.stretch import Part
from services.metrics.domain.suppression import Contributor, is_small, suppressed_groups


class Life(NamedTuple):
    """When a municipality existed: from the month `born` until before the month `ended`, months
    counted from year 0.
    """

    born: int | None = None
    ended: int | None = None

    def holds(self, month: int) -> bool:
        """Tell whether it existed in a month."""
        return (self.born is None or self.born <= month) and (
            self.ended is None or month < self.ended
        )


ALWAYS = Life()


class Membership:
    """How many members a group has in a period: those that exist then.

    Membership is as it is now, for every period, but nobody expects a figure of 2013 from a
    municipality that was made in 2020. Where none of them existed all are missing, or a month of
    new ones would pass for a whole year.
    """

    __slots__ = ("_births", "_ends", "_unbounded", "count")

    def __init__(self, lives: Iterable[Life]) -> None:
        held = list(lives)
        self.count = len(held)
        self._births = sorted(life.born for life in held if life.born is not None)
        self._ends = sorted(life.ended for life in held if life.ended is not None)
        self._unbounded = not self._births and not self._ends

    def alive(self, last_month: int) -> int:
        """Count the members that exist in the last month of a period."""
        unborn = len(self._births) - bisect_right(self._births, last_month)
        return self.count - unborn - bisect_right(self._ends, last_month)

    def expected(self, first: int, last: int, months: int) -> int:
        """Count the figures expected in the periods from `first` to `last`, each of that many
        months.
        """
        if self._unbounded:
            return self.count * (last - first + 1)
        return sum(
            self.alive((ordinal + 1) * months - 1) or self.count
            for ordinal in range(first, last + 1)
        )


NOBODY = Membership([])
"""A group that lost all its members expects nothing."""

ONE = Membership([ALWAYS])
"""A series of a municipality or a unit expects one figure per period."""


def group_parts(
    members: Mapping[str, Sequence[str]], figures: Mapping[str, Figure]
) -> dict[str, Part]:
    """Return what each group's members bring in together in one period.

    Sums of numerators over sums of denominators (FORMULAS 1.1, "Aggregation"): day counts, and
    rates weighted by agreed days. Members with other weights, or without a figure, are missing,
    which the coverage shows.

    Args:
        members: the municipalities of each group; to judge suppression, of every group of the
            programme.
        figures: the figures in force in the period, by municipality.
    """
    adding = {
        municipality_id: figure for municipality_id, figure in figures.items() if figure.adds_days
    }
    suppressed: Container[str] = ()
    if any(is_small(figure.persons, unknown_is_small=False) for figure in adding.values()):
        suppressed = suppressed_groups(
            members, {one: _contributor(figure) for one, figure in adding.items()}
        )
    terms = {one: figure.terms for one, figure in adding.items()}
    generated = {one for one, figure in adding.items() if figure.generated}
    bare_rates = {one for one, figure in adding.items() if figure.weighing != Weighing.DAY_COUNTS}
    parts = {}
    for group, ids in members.items():
        present = [one for one in ids if one in terms]
        numerator = denominator = 0
        for one in present:
            added, weight = terms[one]
            numerator += added
            denominator += weight
        weighing = Weighing.DAY_COUNTS if bare_rates.isdisjoint(present) else Weighing.AGREED_DAYS
        hidden, made_up = group in suppressed, not generated.isdisjoint(present)
        parts[group] = Part(numerator, denominator, weighing, len(present), hidden, made_up)
    return parts


def _contributor(figure: Figure) -> Contributor:
    return Contributor(figure.persons, is_small(figure.persons, unknown_is_small=False))
