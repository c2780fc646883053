"""Periods: months, quarters, half-years and years, and how long one of a series is."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property, lru_cache, total_ordering
from typing import Self

from shared.errors import RuleBroken

_PERIOD = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])|-Q([1-4])|-H([12]))?\Z", re.ASCII)


class Grain(StrEnum):
    """How long one reported period of a series is."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half-year"
    YEAR = "year"

    @property
    def months(self) -> int:
        """Months in one period of this grain."""
        return _MONTHS[self]

    @property
    def per_year(self) -> int:
        """Periods of this grain in a year."""
        return 12 // _MONTHS[self]


_MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.HALF_YEAR: 6, Grain.YEAR: 12}


@total_ordering
@dataclass(frozen=True)
class Period:
    """A month, quarter, half-year or year: `2013-02`, `2013-Q1`, `2013-H1`, `2013`.

    Attributes:
        grain: how long it is.
        ordinal: periods of this grain since year 0, so that neighbours differ by one.
    """

    grain: Grain
    ordinal: int

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read the written form.

        Raises:
            RuleBroken: `period-malformed`; the text is none of the four forms.
        """
        return _parse_period(text)

    @classmethod
    def of_month(cls, year: int, month: int) -> Self:
        """Return the month `month` (1..12) of `year`."""
        return cls(Grain.MONTH, year * 12 + month - 1)

    @classmethod
    def of_year(cls, year: int) -> Self:
        """Return the calendar year."""
        return cls(Grain.YEAR, year)

    @property
    def year(self) -> int:
        """The calendar year that the period lies in."""
        return self.ordinal // self.grain.per_year

    @property
    def number(self) -> int:
        """The period's place within its year, from 1."""
        return self.ordinal % self.grain.per_year + 1

    @property
    def last_month(self) -> int:
        """The number of the period's last month, 1..12."""
        return self.number * self.grain.months

    @property
    def first_day(self) -> date:
        """The first day of the period."""
        return date(self.year, self.last_month - self.grain.months + 1, 1)

    @cached_property
    def last_day(self) -> date:
        """The last day of the period."""
        return date(self.year, self.last_month, monthrange(self.year, self.last_month)[1])

    def plus(self, periods: int) -> Self:
        """Return the period that many periods later, or earlier when negative."""
        return type(self)(self.grain, self.ordinal + periods)

    def containing(self, grain: Grain) -> Self:
        """Return the period of a coarser (or the same) grain that holds this one's last day."""
        return type(self)(grain, self.year * grain.per_year + (self.last_month - 1) // grain.months)

    def has_ended(self, today: date) -> bool:
        """Tell whether the last day lies before `today` (a local date in Europe/Oslo)."""
        return self.last_day < today

    def __lt__(self, other: "Period") -> bool:
        """Order by the last day, a shorter period before a longer one with the same end."""
        return (self.last_day, self.grain.months) < (other.last_day, other.grain.months)

    @cached_property
    def _text(self) -> str:
        match self.grain:
            case Grain.MONTH:
                return f"{self.year:04}-{self.number:02}"
            case Grain.QUARTER:
                return f"{self.year:04}-Q{self.number}"
            case Grain.HALF_YEAR:
                return f"{self.year:04}-H{self.number}"
            case Grain.YEAR:
                return f"{self.year:04}"

    def __str__(self) -> str:
        return self._text


@lru_cache(maxsize=8192)
def _parse_period(text: str) -> Period:
    found = _PERIOD.match(text)
    if found is None or int(found[1]) == 0:
        raise RuleBroken(
            f"period must be written like 2013-02, 2013-Q1, 2013-H1 or 2013, got {text[:40]!r}",
            code="period-malformed",
        )
    year, month, quarter, half = found.groups()
    if month:
        return Period.of_month(int(year), int(month))
    if quarter:
        return Period(Grain.QUARTER, int(year) * 4 + int(quarter) - 1)
    if half:
        return Period(Grain.HALF_YEAR, int(year) * 2 + int(half) - 1)
    return Period.of_year(int(year))
