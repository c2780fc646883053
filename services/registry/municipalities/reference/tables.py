"""Reads the reference tables into the registry's own values."""

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from services.registry.municipalities.rules.county import County, CountyInForce, county_of
from services.registry.municipalities.rules.history import ChangeRow
from services.registry.municipalities.rules.identity import municipality_id
from services.registry.municipalities.rules.municipality import (
    FIRST_KNOWN_DAY,
    DatedVersion,
    Municipality,
    founded,
)

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Reference:
    """All that the tables say.

    Attributes:
        municipalities: the 428 of 2013.
        changes: every published change of number, name or territory since, in order.
        aliases: towns and spellings by municipality id, also of those that a change made.
    """

    municipalities: tuple[Municipality, ...]
    changes: tuple[ChangeRow, ...]
    aliases: dict[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def counties() -> Sequence[CountyInForce]:
    """Return every county since 2013 with the time in which its number and name held."""
    return tuple(
        CountyInForce(
            County(row["number"], row["name"]),
            date.fromisoformat(row["valid_from"]),
            date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
        )
        for row in _rows("counties.csv")
    )


def county_on(number: str, on: date) -> County:
    """Return the county that a municipality number lies in on a day.

    Raises:
        RuleBroken: `county-unknown`.
    """
    return county_of(number, on, counties())


def read_reference() -> Reference:
    """Read the municipalities of 2013, all changes since, and the other names.

    Raises:
        OSError: a table is missing, so the program is not whole.
    """
    aliases = _aliases()
    return Reference(tuple(_of_2013(aliases)), tuple(_changes()), aliases)


def _of_2013(aliases: dict[str, tuple[str, ...]]) -> Iterator[Municipality]:
    for row in _rows("municipalities_2013.csv"):
        county = county_on(row["number"], FIRST_KNOWN_DAY)
        first = DatedVersion(row["number"], row["name"], county, FIRST_KNOWN_DAY)
        yield founded(first, aliases=aliases.get(municipality_id(first.name, first.number), ()))


def _changes() -> Iterator[ChangeRow]:
    for row in _rows("changes.csv"):
        yield ChangeRow(
            row["old_number"], row["new_number"], row["new_name"], date.fromisoformat(row["on"])
        )


def _aliases() -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in _rows("aliases.csv"):
        found[row["municipality_id"]].append(row["alias"])
    return {municipality_id: tuple(names) for municipality_id, names in found.items()}


def _rows(file_name: str) -> Iterator[dict[str, str]]:
    with (_FOLDER / file_name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
