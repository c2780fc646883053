"""Small cells: which figures must not be shown, because they would tell about single persons.

The threshold is the one that Norway's own sick-leave statistics use: fewer than five persons make a figure personal
data (https://github.com/navikt/pia-sykefravarsstatistikk, `erMaskert`). It is applied before anything leaves
the service.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

PERSONS_MIN = 5
"""Fewer persons than this behind a figure, and it is not shown."""


class Contributor(NamedTuple):
    """A member with a figure in one period: its head count, where known, and whether its own figure is suppressed."""

    persons: int | None
    suppressed: bool


def is_small(persons: int | None, *, unknown_is_small: bool) -> bool:
    """Tell whether a figure must not be shown.

    Args:
        persons: head count behind it, where known.
        unknown_is_small: what an unknown head count means: yes for a unit, which may be a kindergarten with three
            employees; no for a municipality.
    """
    return unknown_is_small if persons is None else persons < PERSONS_MIN


def suppressed_groups(members: Mapping[str, Sequence[str]], contributors: Mapping[str, Contributor]) -> frozenset[str]:
    """Return the groups that must not be shown in one period.

    Whoever has a group's total and its members' own figures can subtract: what is left is the total of its suppressed
    members, its rest. A group is suppressed when fewer than five persons stand behind its rest, or behind what its rest
    has more than a published one, and when published rests, added and subtracted in any way, would give away one
    member. Smaller rests are judged first, because only a published one can be taken away
    (docs/decisions/0031-small-cells-and-subtraction.md).

    Args:
        members: the municipalities of every group that might be compared.
        contributors: the municipalities with a figure in the period.
    """
    small = {one: contributor.persons or 0 for one, contributor in contributors.items() if contributor.suppressed}
    rests = {group: frozenset(small.keys() & ids) for group, ids in members.items()}
    suppressed: set[str] = set()
    published, known = {frozenset[str]()}, _Totals()
    for group, rest in sorted(rests.items(), key=lambda entry: (len(entry[1]), entry[0])):
        if rest in published:
            continue
        more = _with(known, dict.fromkeys(rest, Fraction(1)))
        few = any(sum(small[one] for one in rest - other) < PERSONS_MIN for other in published if other < rest)
        if few or any(len(total) == 1 for total in more.values()):
            suppressed.add(group)
        else:
            published.add(rest)
            known = more
    return frozenset(suppressed)


_Total = dict[str, Fraction]
"""What can be worked out from published rests: how often each member is in it, without those that are not."""

_Totals = dict[str, _Total]
"""A basis of what can be worked out; each has a leader that is in no other, so a lone member is one or in none."""


def _with(totals: _Totals, added: _Total) -> _Totals:
    """Return the totals with one more, or as they are when it can be worked out from them (Gauss-Jordan)."""
    for leader, total in totals.items():
        added = _less(added, total, leader)
    if not added:
        return totals
    leader = next(iter(added))
    first = {one: times / added[leader] for one, times in added.items()}
    return {other: _less(total, first, leader) for other, total in totals.items()} | {leader: first}


def _less(total: _Total, other: _Total, leader: str) -> _Total:
    """Return a total with as much of another taken away that its leader is not in it any more."""
    times = total.get(leader)
    if times is None:
        return total
    left = {one: total.get(one, Fraction()) - times * other.get(one, Fraction()) for one in total | other}
    return {one: found for one, found in left.items() if found}
