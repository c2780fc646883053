"""Small cells: which figures must not be shown, because they would tell about single persons.

The threshold is the one that Norway's own sick-leave statistics use: fewer than five persons make a figure personal
data (https://github.com/navikt/pia-sykefravarsstatistikk, `erMaskert`). It is applied before anything leaves
the service.
"""

from collections.abc import Mapping, Sequence
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

    A group is suppressed when its contributors together have fewer than five persons, and also when taking away another
    published figure (a group's, or a single municipality's) would leave one suppressed contributor. Smaller groups are
    judged first, because only a published one can be taken away.

    Args:
        members: the municipalities of every group that might be compared.
        contributors: the municipalities with a figure in the period.
    """
    if not any(contributor.suppressed for contributor in contributors.values()):
        return frozenset()
    present = {group: frozenset(one for one in ids if one in contributors) for group, ids in members.items()}
    published = {frozenset((one,)) for one, contributor in contributors.items() if not contributor.suppressed}
    suppressed: set[str] = set()
    for group, ids in sorted(present.items(), key=lambda entry: (len(entry[1]), entry[0])):
        if not ids:
            continue
        lone = [one for one in ids if contributors[one].suppressed]
        if _few(ids, contributors) or any(ids - {one} in published for one in lone):
            suppressed.add(group)
        else:
            published.add(ids)
    return frozenset(suppressed)


def _few(ids: frozenset[str], contributors: Mapping[str, Contributor]) -> bool:
    heads = [contributors[one].persons for one in ids]
    return None not in heads and sum(filter(None, heads)) < PERSONS_MIN
