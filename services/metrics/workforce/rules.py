"""The metrics that follow from one count of the workforce on the last day of a period.

Source: Statistics Norway's words for agreed full-time equivalents and part-time work; position size
is counted per employee or per position (FORMULAS 1.4), so both are metrics.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

METRIC = "workforce"
"""What reporting calls all of it together."""

POSITION_SIZE = "position-size"
POSITION_SIZE_PER_POSITION = "position-size-per-position"
PART_TIME_SHARE = "part-time-share"
FULL_TIME_SHARE = "full-time-share"
INVOLUNTARY_PART_TIME_SHARE = "involuntary-part-time-share"


class Workforce(NamedTuple):
    """Who was employed on the last day of a period.

    Attributes:
        employees: heads.
        full_time_equivalents: their agreed positions added up, 1 being a full one.
        positions: several of one employee count each.
        wanting_larger_position: of those `asked`, where that is given, else of the part-time
            employees.
    """

    employees: int
    full_time_equivalents: Decimal
    positions: int | None = None
    part_time_employees: int | None = None
    full_time_employees: int | None = None
    asked: int | None = None
    wanting_larger_position: int | None = None


class Derived(NamedTuple):
    """A share of one metric.

    Attributes:
        numerator, denominator: None where the count does not say.
        persons: how many stand behind it: the fewest of those counted, those not counted, and all.
    """

    metric: str
    definition_key: str
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    persons: int | None = None


def places(definition_key: str) -> list[tuple[str, str]]:
    """Return metric and definition key of everything that a count can say."""
    plain = (POSITION_SIZE, POSITION_SIZE_PER_POSITION, PART_TIME_SHARE, FULL_TIME_SHARE)
    return [
        *((metric, definition_key) for metric in plain),
        *((INVOLUNTARY_PART_TIME_SHARE, f"{definition_key}.{of}") for of in ("part-time", "asked")),
    ]


def derived(count: Workforce, definition_key: str) -> list[Derived]:
    """Return what a count says of each metric, in the order of `places`.

    Args:
        count: of one municipality or unit.
        definition_key: what the count means: with employees on leave or without, and its source.
    """
    heads, equivalents = count.employees, count.full_time_equivalents
    wanting, asked = count.wanting_larger_position, count.asked
    of_part_time = (wanting, count.part_time_employees) if asked is None else (None, None)
    of_asked = (wanting, asked)
    found = (
        _size(equivalents, heads, heads),
        _size(equivalents, count.positions, heads),
        _share(count.part_time_employees, heads),
        _share(count.full_time_employees, heads),
        _share(*of_part_time),
        _share(*of_asked),
    )
    return [
        Derived(metric, key, *parts)
        for (metric, key), parts in zip(places(definition_key), found, strict=True)
    ]


_Parts = tuple[Decimal | None, Decimal | None, int | None]
_NOTHING: _Parts = (None, None, None)


def _size(equivalents: Decimal, of: int | None, heads: int) -> _Parts:
    return _NOTHING if of is None else (equivalents, Decimal(of), heads)


def _share(counted: int | None, of: int | None) -> _Parts:
    """Return a share of heads. A count of few persons tells of them as a small whole does, and so
    does what is left of the whole.
    """
    if counted is None or of is None:
        return _NOTHING
    return Decimal(counted), Decimal(of), _fewest((of, counted, of - counted))


def _fewest(counts: Iterable[int]) -> int:
    """Return the smallest number of persons that there are; none at all are nobody's secret, unless
    there is nobody.
    """
    return min((count for count in counts if count > 0), default=0)
