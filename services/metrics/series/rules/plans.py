"""What is to be worked out of a series: a plan is made once, when all that decides it is known."""

from dataclasses import dataclass, replace

from services.metrics.series.rules.rows import KeptSeries

ANY_MONTH = -1
"""Before every month: all figures of a series are read."""


@dataclass(frozen=True, slots=True)
class Partly:
    """Only the states that figures of some periods can have changed.

    Attributes:
        periods: last month and length of the periods with new, corrected or withdrawn figures.
        from_all: all its figures are read, because some reach further than a year, or it is new.
    """

    periods: frozenset[tuple[int, int]]
    from_all: bool = False


@dataclass(frozen=True, slots=True)
class Wholly:
    """Every state, because its goals, its members or its grain changed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A series of which something changed.

    Attributes:
        kept: its row as it was locked.
        months: the length of a group's periods now, None where no member has figures that go into
            it. A series of figures has none: it is found from them.
        reach: which of its states are worked out anew.
    """

    kept: KeptSeries
    months: int | None
    reach: Partly | Wholly

    @property
    def first_month(self) -> int | None:
        """The first month of which states may differ; None for any.

        That is the first touched one, or the first of the gap that a figure leaves behind the last
        one so far.
        """
        if isinstance(self.reach, Wholly) or self.reach.from_all or not self.reach.periods:
            return None
        first = min(last_month for last_month, _ in self.reach.periods)
        last = self.kept.last_month
        return first if last is None else min(first, last + 1)

    def reading_all(self) -> "Plan":
        """Return the plan with all figures to be read."""
        if isinstance(self.reach, Wholly):
            return self
        return replace(self, reach=replace(self.reach, from_all=True))
