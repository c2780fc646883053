"""Small cells: which figures must not be shown, because they would tell about single persons.

The threshold is the one that Norway's own sick-leave statistics use: fewer than five persons make a
figure personal data (https://github.com/navikt/pia-sykefravarsstatistikk, `erMaskert`). It is
applied before anything leaves the service.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

PERSONS_MIN = 5
"""Fewer persons than this behind a figure, and it is not shown."""


class Contributor(NamedTuple):
    """A member with a figure in one period: its head count, where known, and whether its own figure
    is suppressed.
    """

    persons: int | None
    suppressed: bool


def is_small(persons: int | None, *, unknown_is_small: bool) -> bool:
    """Tell whether a figure must not be shown.

    Args:
        persons: head count behind it, where known.
        unknown_is_small: what an unknown head count means: yes for a unit, which may be a
            kindergarten with three employees; no for a municipality.
    """
    return unknown_is_small if persons is None else persons < PERSONS_MIN


def suppressed_groups(
    members: Mapping[str, Sequence[str]], contributors: Mapping[str, Contributor]
) -> frozenset[str]:
    """Return the groups that must not be shown in one period.

    Whoever has a group's total and its members' own figures can subtract: what is left is the total
    of its suppressed members, its rest. A group is suppressed when fewer than five persons stand
    behind its rest, or behind what its rest has more than a published one. So it is when published
    rests, added and subtracted in any way, would give away one member, the rest of a group of fewer
    than five persons, or what the group's own has more than all published ones inside it, if that
    is so few. Smaller rests are judged first, because only a published one can be taken away
    (docs/decisions/0031-small-cells-and-subtraction.md).

    Args:
        members: the municipalities of every group that might be compared.
        contributors: the municipalities with a figure in the period.
    """
    small = {
        one: contributor.persons or 0
        for one, contributor in contributors.items()
        if contributor.suppressed
    }
    rests = {group: frozenset(small.keys() & ids) for group, ids in members.items()}
    cells = {rest for rest in rests.values() if _is_cell(rest, small)}
    suppressed: set[str] = set()
    published, known = {frozenset[str]()}, _Totals()
    for group, rest in sorted(rests.items(), key=lambda entry: (len(entry[1]), entry[0])):
        if rest in published:
            continue
        more = _with(known, _total_of(rest))
        inside = [other for other in published if other < rest]
        left = [rest.difference(*inside), *(rest - other for other in inside)]
        if _gives_away(more, cells.union(one for one in left if _is_cell(one, small))):
            suppressed.add(group)
        else:
            published.add(rest)
            known = more
    return frozenset(suppressed)


def _is_cell(ids: frozenset[str], small: Mapping[str, int]) -> bool:
    """Tell whether some suppressed members, together, are fewer persons than may be shown."""
    return bool(ids) and sum(small[one] for one in ids) < PERSONS_MIN


_Total = dict[str, Fraction]
"""What can be worked out from published rests: how often each member is in it, without those that
are not.
"""

_Totals = dict[str, _Total]
"""A basis of what can be worked out; each has a leader that is in no other, so a lone member is one
or in none.
"""


def _total_of(ids: Iterable[str]) -> _Total:
    return dict.fromkeys(ids, Fraction(1))


def _gives_away(totals: _Totals, cells: Iterable[frozenset[str]]) -> bool:
    """Tell whether a single member, or one of some cells, can be worked out from totals."""
    return any(len(total) == 1 for total in totals.values()) or any(
        not _beyond(totals, _total_of(c)) for c in cells
    )


def _beyond(totals: _Totals, total: _Total) -> _Total:
    """Return what of a total cannot be worked out from others; nothing when all of it can."""
    for leader, known in totals.items():
        total = _less(total, known, leader)
    return total


def _with(totals: _Totals, added: _Total) -> _Totals:
    """Return the totals with one more, or as they are when it can be worked out from them
    (Gauss-Jordan).
    """
    added = _beyond(totals, added)
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
    left = {
        one: total.get(one, Fraction()) - times * other.get(one, Fraction())
        for one in total | other
    }
    return {one: found for one, found in left.items() if found}
