"""Counties: which one a municipality lies in follows from its number and the date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shared.errors import RuleBroken


@dataclass(frozen=True, slots=True)
class County:
    """A county's number and name."""

    number: str
    name: str


@dataclass(frozen=True, slots=True)
class CountyInForce:
    """A county with the time in which it existed under this number and name.

    Attributes:
        valid_to: the first day on which it no longer was; none while it still is.
    """

    county: County
    valid_from: date
    valid_to: date | None = None

    def holds(self, on: date) -> bool:
        """Tell whether the county existed on a day."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


def county_of(number: str, on: date, counties: Sequence[CountyInForce]) -> County:
    """Return the county of a municipality number: the first two digits name it.

    Raises:
        RuleBroken: `county-unknown`; no county of that number existed on that day.
    """
    for known in counties:
        if known.county.number == number[:2] and known.holds(on):
            return known.county
    raise RuleBroken(
        f"no county {number[:2]!r} is known on {on}, which number {number!r} needs; give"
        " county_number and county_name",
        code="county-unknown",
    )
