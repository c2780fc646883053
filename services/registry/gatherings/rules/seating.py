"""Who sits where: tables of equal size at which people meet those whom they know least.

People of one municipality know each other best, then those of one project, then those of one
network. Everybody is put in a row, network by network, project by project, municipality by
municipality, and dealt to the tables one after the other. So each group of the row is spread over
the tables as evenly as can be, and no plan has fewer pairs of one municipality. Then persons change
places where that brings a party to a table that lacks it and brings no more acquaintances together.
The same persons give the same plan.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil

from services.registry.gatherings.rules.gathering import Attendance, Party
from shared.errors import RuleBroken

TABLE_SIZE_MIN = 2
SWAPS_MAX = 200
"""Changes of places; a plan for 200 persons needs a few dozen."""


@dataclass(frozen=True, slots=True, order=True)
class Guest:
    """One person, known only by where they come from.

    Attributes:
        network_id, project_id: of the municipality; empty where it has none.
    """

    network_id: str
    project_id: str
    municipality_id: str
    party: Party

    def knows(self, other: "Guest") -> str | None:
        """Tell how well two know each other: by municipality, project, network, or not at all."""
        if self.municipality_id == other.municipality_id:
            return "municipality"
        if self.project_id and self.project_id == other.project_id:
            return "project"
        if self.network_id and self.network_id == other.network_id:
            return "network"
        return None


@dataclass(frozen=True, slots=True)
class SeatingPlan:
    """A plan of tables.

    Attributes:
        tables: the guests of each.
        pairs: how many pairs at one table know each other, by how; `bound`: below which no plan can
            come for pairs of one municipality.
    """

    tables: tuple[tuple[Guest, ...], ...]
    pairs: Mapping[str, int]
    bound: int

    def seats(self) -> tuple[tuple[Attendance, ...], ...]:
        """Return how many of each municipality's party sit at each table."""
        return tuple(_counted(table) for table in self.tables)


def plan_tables(guests: Iterable[Guest], table_size: int) -> SeatingPlan:
    """Seat everybody at tables of at most `table_size`, all equal or one smaller.

    Raises:
        RuleBroken: `table-size-malformed`, or `nobody-to-seat`.
    """
    row = sorted(guests)
    if table_size < TABLE_SIZE_MIN:
        raise RuleBroken(
            f"a table must seat at least {TABLE_SIZE_MIN}, got {table_size}",
            code="table-size-malformed",
        )
    if not row:
        raise RuleBroken("nobody has signed up, so there is nobody to seat", code="nobody-to-seat")
    count = ceil(len(row) / table_size)
    tables = [row[place::count] for place in range(count)]
    _bring_parties(tables)
    found = Counter(
        known
        for table in tables
        for one, other in combinations(table, 2)
        if (known := one.knows(other)) is not None
    )
    pairs = {level: found[level] for level in ("municipality", "project", "network")}
    return SeatingPlan(tuple(map(tuple, tables)), pairs, _bound(row, count))


def _bound(row: Sequence[Guest], count: int) -> int:
    """Return the fewest pairs of one municipality that any plan for so many tables has."""
    total = 0
    for persons in Counter(guest.municipality_id for guest in row).values():
        each, more = divmod(persons, count)
        total += more * (each + 1) * each // 2 + (count - more) * each * (each - 1) // 2
    return total


def _bring_parties(tables: list[list[Guest]]) -> None:
    for _ in range(SWAPS_MAX):
        if not any(_improve(tables, place, party) for place, party in _lacking(tables)):
            return


def _lacking(tables: Sequence[Sequence[Guest]]) -> list[tuple[int, Party]]:
    return [
        (place, party)
        for place, table in enumerate(tables)
        for party in Party
        if all(guest.party is not party for guest in table)
    ]


def _improve(tables: list[list[Guest]], place: int, party: Party) -> bool:
    """Bring a guest of the party to the table in exchange for one whose party stays there, if
    nobody then sits with more acquaintances.
    """
    table = tables[place]
    at_table = Counter(guest.party for guest in table)
    for other_place, other in enumerate(tables):
        at_other = Counter(guest.party for guest in other)
        if other_place == place or at_other[party] < 2:
            continue
        for mine, leaving in enumerate(table):
            if at_table[leaving.party] < 2:
                continue
            for theirs, coming in enumerate(other):
                if coming.party is party and _gain(table, mine, other, theirs) >= 0:
                    table[mine], other[theirs] = coming, leaving
                    return True
    return False


def _gain(table: Sequence[Guest], mine: int, other: Sequence[Guest], theirs: int) -> int:
    """Return by how much less people would know each other if two changed places."""
    before = _weight(table[mine], table, mine) + _weight(other[theirs], other, theirs)
    after = _weight(other[theirs], table, mine) + _weight(table[mine], other, theirs)
    return before - after


_WEIGHTS = {"municipality": 10_000, "project": 100, "network": 1}


def _weight(guest: Guest, table: Sequence[Guest], but: int) -> int:
    return sum(
        _WEIGHTS[known]
        for place, other in enumerate(table)
        if place != but and (known := guest.knows(other)) is not None
    )


def _counted(table: Iterable[Guest]) -> tuple[Attendance, ...]:
    counts = Counter((guest.municipality_id, guest.party) for guest in table)
    return tuple(
        Attendance(municipality_id, party, counts[municipality_id, party])
        for municipality_id, party in sorted(counts)
    )
