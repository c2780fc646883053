"""Changes of the municipal structure: merge, split, rename, renumber, on a day.

Renaming and renumbering keep the id. Merging and splitting always end the old municipalities and
make new ones, even where number and name stay, because the territory and so the figures are
others'. A reform in which a part of one goes to another (Stokke 2017, Snillfjord and Tysfjord 2020)
is a merge whose new municipalities name what they are made from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from services.registry.municipalities.rules.county import County
from services.registry.municipalities.rules.municipality import (
    DatedVersion,
    Municipality,
    Successor,
    aliases_with_parts,
    checked,
    founded,
)
from shared.errors import RuleBroken


@dataclass(frozen=True, slots=True)
class Rename:
    """A municipality takes another name."""

    change_id: str
    on: date
    municipality_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Renumber:
    """A municipality takes another number, usually with another county, sometimes with another name
    as well.
    """

    change_id: str
    on: date
    municipality_id: str
    number: str
    county: County
    name: str | None = None


@dataclass(frozen=True, slots=True)
class NewMunicipality:
    """What a merge or split makes.

    Attributes:
        made_from: ids of the municipalities whose territory it takes, wholly or in part.
    """

    number: str
    name: str
    county: County
    made_from: tuple[str, ...]
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Merge:
    """At least two municipalities end, and at least one new one is made from several of them."""

    change_id: str
    on: date
    into: tuple[NewMunicipality, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """One municipality ends and at least two are made from it."""

    change_id: str
    on: date
    municipality_id: str
    into: tuple[NewMunicipality, ...]


Change = Rename | Renumber | Merge | Split


class Happened(StrEnum):
    """What a new state of a municipality came from; one kind of event each."""

    REGISTERED = "registered"
    CHANGED = "changed"
    MERGED = "merged"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A new state of one municipality and what brought it about; outcomes of one change share its
    id.
    """

    happened: Happened
    municipality: Municipality
    change_id: str | None = None


def touched(change: Change) -> tuple[str, ...]:
    """Return the ids of the municipalities that a change alters or ends, in order."""
    match change:
        case Rename() | Renumber() | Split():
            return (change.municipality_id,)
        case Merge():
            return tuple(sorted({old for new in change.into for old in new.made_from}))


def decide(change: Change, present: Mapping[str, Municipality]) -> tuple[Outcome, ...]:
    """Return the new states that a change brings: first the old ones that alter or end, then the
    new ones.

    Args:
        present: at least the municipalities that the change touches.

    Raises:
        RuleBroken: `municipality-unknown`, `municipality-ended`, `change-out-of-order`,
            `nothing-changed`, `change-malformed`, and those of a malformed name or number.
    """
    old = [_existing(present, each, change.on) for each in touched(change)]
    match change:
        case Rename():
            return (_renamed(old[0], change),)
        case Renumber():
            return (_renumbered(old[0], change),)
        case Merge():
            _check_merge(change)
            return _reformed(change, old)
        case Split():
            _check_split(change)
            return _reformed(change, old)


def _existing(present: Mapping[str, Municipality], wanted: str, on: date) -> Municipality:
    municipality = present.get(wanted)
    if municipality is None:
        raise RuleBroken(
            f"no municipality {wanted[:100]!r} is registered", code="municipality-unknown"
        )
    if municipality.ended_on is not None:
        raise RuleBroken(
            f"{wanted} ended on {municipality.ended_on} and cannot change on {on}",
            code="municipality-ended",
        )
    if on <= municipality.last.valid_from:
        raise RuleBroken(
            f"a change of {wanted} must come after {municipality.last.valid_from}, from which its"
            f" newest version holds, got {on}",
            code="change-out-of-order",
        )
    return municipality


def _renamed(old: Municipality, change: Rename) -> Outcome:
    return _next_version(old, change, replace(old.last, name=change.name))


def _renumbered(old: Municipality, change: Renumber) -> Outcome:
    following = replace(
        old.last, number=change.number, county=change.county, name=change.name or old.last.name
    )
    return _next_version(old, change, following)


def _next_version(old: Municipality, change: Rename | Renumber, following: DatedVersion) -> Outcome:
    if following == old.last:
        raise RuleBroken(
            f"{old.municipality_id} is called {old.last.name!r} and numbered {old.last.number}"
            " already",
            code="nothing-changed",
        )
    versions = (
        *old.versions[:-1],
        replace(old.last, valid_to=change.on),
        replace(following, valid_from=change.on),
    )
    new = replace(
        old,
        versions=versions,
        aliases=aliases_with_parts(following.name, old.aliases),
        version=old.version + 1,
    )
    return Outcome(Happened.CHANGED, checked(new), change.change_id)


def _check_merge(change: Merge) -> None:
    if not change.into or not all(new.made_from for new in change.into):
        raise RuleBroken(
            "every new municipality of a merge must be made from at least one",
            code="change-malformed",
        )
    if all(len(set(new.made_from)) < 2 for new in change.into):
        raise RuleBroken(
            "a merge must make one municipality from at least two; one alone is a split",
            code="change-malformed",
        )


def _check_split(change: Split) -> None:
    if len(change.into) < 2:
        raise RuleBroken(
            f"a split must make at least two municipalities, got {len(change.into)}",
            code="change-malformed",
        )
    for new in change.into:
        if set(new.made_from) != {change.municipality_id}:
            raise RuleBroken(
                f"all parts of a split must be made from {change.municipality_id} alone,"
                f" {new.name!r} is not",
                code="change-malformed",
            )


def _reformed(change: Merge | Split, old: Sequence[Municipality]) -> tuple[Outcome, ...]:
    made = [(new, _made(new, change.on)) for new in change.into]
    numbers = [new.number for new in change.into]
    if len(set(numbers)) < len(numbers):
        raise RuleBroken(
            f"the new numbers must differ, got {', '.join(numbers)}", code="change-malformed"
        )
    ended = [_ended(each, change.on, _successors(each, made)) for each in old]
    return (
        *(Outcome(_way_out(each), each, change.change_id) for each in ended),
        *(Outcome(_way_in(each), each, change.change_id) for _, each in made),
    )


def _successors(
    old: Municipality, made: Sequence[tuple[NewMunicipality, Municipality]]
) -> list[str]:
    return [new.municipality_id for source, new in made if old.municipality_id in source.made_from]


def _made(new: NewMunicipality, on: date) -> Municipality:
    first = DatedVersion(new.number, new.name, new.county, on)
    return founded(first, aliases=new.aliases, predecessors=tuple(sorted(set(new.made_from))))


def _ended(old: Municipality, on: date, successors: Sequence[str]) -> Municipality:
    versions = (*old.versions[:-1], replace(old.last, valid_to=on))
    links = tuple(Successor(each, on) for each in sorted(successors))
    return replace(old, versions=versions, successors=links, version=old.version + 1)


def _way_out(ended: Municipality) -> Happened:
    return Happened.SPLIT if len(ended.successors) > 1 else Happened.MERGED


def _way_in(made: Municipality) -> Happened:
    return Happened.MERGED if len(made.predecessors) > 1 else Happened.SPLIT
