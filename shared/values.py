"""Values that every service speaks of: periods, definitions and exact decimals.

Only the standard library is used, so that domain code may import it. No binary floating point
touches a figure.
"""

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from enum import StrEnum
from functools import cached_property, lru_cache, total_ordering
from typing import Protocol, Self, TypeVar

from shared.errors import RuleBroken

DIGITS_MAX = 12
"""Digits before the point of any number in a contract (CONTRACTS 1)."""

PLACES_MAX = 6
"""Digits after the point."""

_DECIMAL = re.compile(rf"-?\d{{1,{DIGITS_MAX}}}(\.\d{{1,{PLACES_MAX}}})?\Z", re.ASCII)
_PERIOD = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])|-Q([1-4])|-H([12]))?\Z", re.ASCII)
SIGNIFICANT_DIGITS = 12
"""Quotients are kept to this many digits (CONTRACTS, "Precision"); fewer would show in a board's
second decimal.
"""

_QUOTIENTS = Context(prec=SIGNIFICANT_DIGITS, rounding=ROUND_HALF_UP)


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


class Certification(StrEnum):
    """Who certified the absence that is counted; what counts more stands first."""

    TOTAL = "total"
    DOCTOR = "doctor"
    SELF = "self"


class Denominator(StrEnum):
    """Which days the absence is a share of: agreed working days, or possible ones (KS' PAI)."""

    AGREED = "agreed"
    POSSIBLE = "possible"


class Source(StrEnum):
    """Who made the statistics."""

    MUNICIPALITY_HR = "municipality-hr"
    KS_PAI = "ks-pai"
    SSB = "ssb"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Definition:
    """What an absence rate means. Unlike definitions are never mixed (FORMULAS 1.1, 1.2).

    Attributes:
        certification: whose certificate counts.
        denominator: agreed or possible days.
        holiday_corrected: whether holiday taken was subtracted from the denominator.
        source: who made the statistics.
    """

    certification: Certification
    denominator: Denominator
    holiday_corrected: bool
    source: Source

    @property
    def key(self) -> str:
        """The four joined, such as `total.agreed.corrected.municipality-hr`."""
        corrected = "corrected" if self.holiday_corrected else "uncorrected"
        return f"{self.certification}.{self.denominator}.{corrected}.{self.source}"

    @property
    def order(self) -> tuple[int, str]:
        """Where it stands when one of several has to be chosen: what counts more goes first, then
        by key.
        """
        return list(Certification).index(self.certification), self.key

    @classmethod
    def from_key(cls, key: str) -> Self:
        """Read a definition key.

        Raises:
            RuleBroken: `definition-unknown`; the key is not four known parts.
        """
        try:
            certification, denominator, corrected, source = key.split(".")
            return cls(
                Certification(certification),
                Denominator(denominator),
                {"corrected": True, "uncorrected": False}[corrected],
                Source(source),
            )
        except (ValueError, KeyError):
            raise RuleBroken(
                "definition key must be like total.agreed.corrected.municipality-hr, got"
                f" {key[:80]!r}",
                code="definition-unknown",
            ) from None


def is_within_contract(value: Decimal) -> bool:
    """Tell whether a decimal can be written as contracts do: at most 12 digits before and 6 after
    the point.
    """
    if not value.is_finite():
        return False
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -PLACES_MAX and value.adjusted() < DIGITS_MAX


def parse_decimal(value: object) -> Decimal:
    """Read an exact decimal as contracts write it: at most 12 digits before and 6 after the point.

    Args:
        value: text, an int, or a Decimal. A float is refused, because it already lost the digits
            that were sent.

    Raises:
        RuleBroken: `decimal-malformed`; NaN, infinity, an exponent in a text, too many digits, or
            no number at all.
    """
    if isinstance(value, Decimal) and is_within_contract(value):
        return value
    text = str(value)
    if isinstance(value, bool | float | Decimal) or not _DECIMAL.match(text):
        raise RuleBroken(
            f"a number must have at most {DIGITS_MAX} digits before and {PLACES_MAX} after the"
            f" point, got {text[:40]!r}",
            code="decimal-malformed",
        )
    return Decimal(text)


def quotient(numerator: Decimal, denominator: Decimal) -> Decimal:
    """Divide, keeping 12 significant digits. The result is published or compared, never added up
    again.
    """
    return _QUOTIENTS.divide(numerator, denominator)


def rounded(value: Decimal, places: int) -> Decimal:
    """Round to `places` decimals, halves away from zero (SSB's and the programme's rule; not
    banker's rounding).
    """
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


class Dated(Protocol):
    """What holds from a day on, until the next of its kind does."""

    @property
    def valid_from(self) -> date:
        """The first day."""


D = TypeVar("D", bound=Dated)


def version_on(versions: Sequence[D], day: date) -> D:
    """Return the version that holds on a day: of those that have begun the last, else the first
    that will.

    What ended keeps its last version.

    Args:
        versions: at least one, in order of time.
        day: in Europe/Oslo.
    """
    return next(
        (version for version in reversed(versions) if version.valid_from <= day), versions[0]
    )
