"""What other services told: municipalities with their versions, programmes, projects, and on which
days memberships and lives begin and end.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from shared.values import version_on

NUMBERS_HELD_BEFORE = date(2013, 1, 1)
"""The registry's municipalities begin on this day; before it those of 2013 hold (CONTRACTS 1), so
it is no birth.
"""


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


def life_of(first_day: date, end: date | None) -> Life:
    """Return when a municipality existed, from its first day until the first day no longer so."""
    born = None if first_day <= NUMBERS_HELD_BEFORE else first_day.year * 12 + first_day.month - 1
    ended = None if end is None else end.year * 12 + end.month - 1
    return Life(born, ended)


def is_member(start: date | None, end: date | None, today: date) -> bool:
    """Tell whether a membership from a first to a last day, none means always so far, or still,
    holds today.
    """
    return (start is None or start <= today) and (end is None or end >= today)


def next_turn(memberships: Iterable[tuple[date | None, date | None]], today: date) -> date | None:
    """Return the next day on which one of these begins to hold or holds no more; None when none
    will.

    Args:
        memberships: first and last days, as of `is_member`.
        today: the day from which to look on.
    """
    starts, ends = [], []
    for start, end in memberships:
        starts.append(start)
        ends.append(None if end is None or end == date.max else end + timedelta(days=1))
    return min((day for day in (*starts, *ends) if day is not None and day > today), default=None)


@dataclass(frozen=True, slots=True)
class MunicipalityVersion:
    """What a municipality was called, and where it lay, from a day on."""

    valid_from: date
    number: str
    name: str
    county_number: str
    county_name: str


@dataclass(frozen=True, slots=True)
class HeardMunicipality:
    """A municipality as the registry told of it.

    Attributes:
        versions: at least one, in order of time.
        successor_ids: who took over all or part of it.
        number, name, county_number, county_name: those of today.
    """

    municipality_id: str
    number: str
    name: str
    county_number: str
    county_name: str
    versions: Sequence[MunicipalityVersion]
    successor_ids: Sequence[str]

    def version_on(self, day: date | None) -> MunicipalityVersion:
        """Return what it was called on a day; the newest version when no day is known."""
        return version_on(self.versions, date.max if day is None else day)


@dataclass(frozen=True, slots=True)
class Names:
    """A name in the three written languages; bokmål always stands."""

    nb: str
    nn: str | None = None
    en: str | None = None


@dataclass(frozen=True, slots=True)
class HeardCohort:
    """A cohort of a programme."""

    cohort_id: str
    names: Names
    starts_on: date


@dataclass(frozen=True, slots=True)
class HeardTheme:
    """A theme of a programme."""

    theme_id: str
    names: Names


@dataclass(frozen=True, slots=True)
class HeardProgramme:
    """A programme with what pages filter by."""

    programme_id: str
    names: Names
    cohorts: Sequence[HeardCohort]
    themes: Sequence[HeardTheme]


@dataclass(frozen=True, slots=True)
class HeardProject:
    """A project with its names, and its members of today."""

    project_id: str
    programme_id: str
    names: Names
    cohort_id: str | None
    theme_ids: Sequence[str]
    ended_on: date | None
    municipality_ids: Sequence[str] = ()

    @property
    def groups(self) -> list[str]:
        """The subjects of the groups that its members belong to."""
        cohort = [f"cohort/{self.cohort_id}"] if self.cohort_id else []
        themes = [f"theme/{theme_id}" for theme_id in self.theme_ids]
        return [f"project/{self.project_id}", f"programme/{self.programme_id}", *cohort, *themes]
