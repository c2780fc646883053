"""The map of the front page: today's municipalities as shapes, and the programme's participants
found on them.

The borders are those of 2024, the participants those of 2013: each is followed through mergers and
splits to where it lies now, so several participants can share one shape, and one shape can be a
part of what a participant was.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_SOURCE = Path(__file__).parents[2] / "static" / "municipalities_2024.svg"
_SHAPE = re.compile(r'<path d="([^"]+)"[^>]*data-kommunenummer="(\d{4})"')
WIDTH, HEIGHT = 600, 749
"""The size that the source's coordinates are drawn in."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a municipality is now: its number, or who took it over."""

    number: str
    name: str
    successor_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Today:
    """A municipality of today that holds a participant, or a part of one."""

    number: str
    name: str


@cache
def shapes() -> Mapping[str, str]:
    """Return the SVG path of each municipality by its number; read once, when first needed."""
    return {number: path for path, number in _SHAPE.findall(_SOURCE.read_text(encoding="utf-8"))}


def rest_of_country(numbers: Iterable[str]) -> str:
    """Return all the other municipalities as one path, since nothing is said of them."""
    taken = set(numbers)
    return " ".join(path for number, path in shapes().items() if number not in taken)


def today(municipality_id: str, lineage: Callable[[str], Lineage | None]) -> list[Today]:
    """Follow a municipality to those that hold it now; none when its history is not known.

    Args:
        municipality_id: the one to follow.
        lineage: what is known of a municipality.
    """
    found: dict[str, Today] = {}
    waiting, seen = [municipality_id], {municipality_id}
    while waiting:
        known = lineage(waiting.pop(0))
        if known is None:
            continue
        if not known.successor_ids:
            found[known.number] = Today(known.number, known.name)
        waiting += [successor for successor in known.successor_ids if successor not in seen]
        seen.update(known.successor_ids)
    return list(found.values())
