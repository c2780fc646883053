"""Who bore which number when, and which projects there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shared.errors import FieldError

NUMBERS_KNOWN_FROM = date(2013, 1, 1)
"""Before this date the numbers of 2013 hold (CONTRACTS 1)."""


@dataclass(frozen=True, slots=True)
class NumberHolder:
    """A municipality that bore a number between two dates; `valid_to` is the first day no longer
    so.
    """

    municipality_id: str
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        """Tell whether the municipality bore the number on a day; before 2013 the numbers of 2013
        hold.
        """
        asked = max(day, NUMBERS_KNOWN_FROM)
        return self.valid_from <= asked and (self.valid_to is None or asked < self.valid_to)


def holder_of(number: str, day: date, holders: Sequence[NumberHolder]) -> str | FieldError:
    """Return the municipality that bore a number on a day, or what is wrong with the number."""
    for holder in holders:
        if holder.holds_on(day):
            return holder.municipality_id
    if not holders:
        return FieldError(
            "municipality-unknown",
            f"no municipality has or had the number {number}",
            "/municipality",
        )
    spans = ", ".join(
        f"from {h.valid_from.isoformat()}"
        + (f" until {h.valid_to.isoformat()}" if h.valid_to else "")
        for h in holders
    )
    rule = "; before 2013 the numbers of 2013 hold" if day < NUMBERS_KNOWN_FROM else ""
    return FieldError(
        "municipality-number-not-valid",
        f"municipality number {number} was valid {spans}, not on {day.isoformat()}, the period's"
        f" last day{rule}",
        "/municipality",
    )


@dataclass(frozen=True, slots=True)
class Project:
    """What reporting needs to know of a project."""

    project_id: str
    programme_id: str
    cohort_id: str | None
    theme_ids: tuple[str, ...]
    ended_on: date | None
