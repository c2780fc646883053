"""A municipality: an id with dated versions, other names, and links to those before and after it.

A number or a name means something only together with a date (1103 and 5057 stayed or became
somebody's code while the territory changed), so the id is the identity and everything else is
dated.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from services.registry.municipalities.rules.county import County
from services.registry.municipalities.rules.identity import (
    check_number,
    municipality_id,
    parts_of_double_name,
    slug,
)
from shared.errors import RuleBroken

FIRST_KNOWN_DAY = date(2013, 1, 1)
"""Before this day the numbers of this day hold (CONTRACTS 1): the reference data begin here."""


@dataclass(frozen=True, slots=True)
class DatedVersion:
    """What a municipality was called and numbered for a time.

    Attributes:
        valid_from: the first day on which this held.
        valid_to: the first day on which it no longer held; none while it still holds.
    """

    number: str
    name: str
    county: County
    valid_from: date
    valid_to: date | None = None

    def holds(self, on: date) -> bool:
        """Tell whether this version holds on a day, days before the first known one counting as
        that.
        """
        day = max(on, FIRST_KNOWN_DAY)
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Successor:
    """A municipality that took over all or part of another on a day."""

    municipality_id: str
    on: date


@dataclass(frozen=True, slots=True)
class Municipality:
    """One municipality over its whole life.

    Attributes:
        municipality_id: given once, kept through renaming and renumbering.
        versions: dated, in order, without gaps; only the last may be open.
        aliases: towns, names in other languages and spellings under which people look for it.
        predecessors: ids of those that it was made from.
        successors: those that took it over, with the day.
        version: rises by one with every change of this state, from 1.
    """

    municipality_id: str
    versions: tuple[DatedVersion, ...]
    aliases: tuple[str, ...] = ()
    predecessors: tuple[str, ...] = ()
    successors: tuple[Successor, ...] = ()
    version: int = 1

    @property
    def last(self) -> DatedVersion:
        """The newest version, which holds still or held until the end."""
        return self.versions[-1]

    @property
    def ended_on(self) -> date | None:
        """The first day on which the municipality no longer existed."""
        return self.last.valid_to

    def version_on(self, on: date) -> DatedVersion | None:
        """Return the version that holds on a day; none before its beginning and after its end."""
        return next((dated for dated in self.versions if dated.holds(on)), None)


def bearers_on(municipalities: Iterable[Municipality], on: date) -> dict[str, Municipality]:
    """Return who bears which number on a day (for a figure: the last day of its period)."""
    return {
        dated.number: each for each in municipalities if (dated := each.version_on(on)) is not None
    }


def only_bearer(number: str, bearers: Iterable[Municipality]) -> Municipality:
    """Return the one municipality that ever bore a number.

    Args:
        bearers: all that ever bore it.

    Raises:
        RuleBroken: `municipality-unknown`; nobody bore it. `municipality-number-ambiguous`; several
            did, and the message names them with their days.
    """
    found = list(bearers)
    if not found:
        raise RuleBroken(
            f"no municipality ever bore the number {number}", code="municipality-unknown"
        )
    if len(found) > 1:
        candidates = [f"{each.municipality_id} ({_days(each, number)})" for each in found]
        raise RuleBroken(
            f"several municipalities bore the number {number}: {', '.join(candidates)}; give the id"
            " of the one that is meant",
            code="municipality-number-ambiguous",
        )
    return found[0]


def _days(municipality: Municipality, number: str) -> str:
    dated = [each for each in municipality.versions if each.number == number]
    last = dated[-1].valid_to
    return f"from {dated[0].valid_from}" + (f" until {last}" if last is not None else "")


def founded(
    first: DatedVersion, *, aliases: tuple[str, ...] = (), predecessors: tuple[str, ...] = ()
) -> Municipality:
    """Return a new municipality; one with predecessors bears the year of the change that made it in
    its id.

    Raises:
        RuleBroken: `name-malformed` or `number-malformed`.
    """
    year = first.valid_from.year if predecessors else None
    return checked(
        Municipality(
            municipality_id(first.name, first.number, created_year=year),
            (first,),
            aliases_with_parts(first.name, aliases),
            predecessors,
        )
    )


def checked(municipality: Municipality) -> Municipality:
    """Return the same municipality when its versions can stand beside each other.

    Raises:
        RuleBroken: `versions-malformed` (none, a gap, an overlap or an open one before the last),
            `number-malformed`, `name-malformed`.
    """
    if not municipality.versions:
        raise RuleBroken(
            f"{municipality.municipality_id} must have at least one version, got 0",
            code="versions-malformed",
        )
    for dated in municipality.versions:
        check_number(dated.number)
        if not slug(dated.name):
            raise RuleBroken(
                f"a name must hold a letter or a digit, got {dated.name[:80]!r}",
                code="name-malformed",
            )
        if dated.valid_to is not None and dated.valid_to <= dated.valid_from:
            raise RuleBroken(
                f"valid_to must be after {dated.valid_from} (valid_from), got {dated.valid_to}",
                code="versions-malformed",
            )
    for earlier, later in zip(municipality.versions, municipality.versions[1:], strict=False):
        if earlier.valid_to != later.valid_from:
            raise RuleBroken(
                f"the version from {earlier.valid_from} must end on {later.valid_from}, when the"
                f" next begins, got {earlier.valid_to or 'no end'}",
                code="versions-malformed",
            )
    return municipality


def check_first_id(municipality: Municipality) -> None:
    """Make sure that a municipality registered by hand bears the id of the rule.

    Raises:
        RuleBroken: `municipality-id-malformed`.
    """
    first = municipality.versions[0]
    allowed = (
        municipality_id(first.name, first.number),
        municipality_id(first.name, first.number, created_year=first.valid_from.year),
    )
    if municipality.municipality_id not in allowed:
        raise RuleBroken(
            f"the id must be {allowed[0]!r}, or {allowed[1]!r} when a later change made it, "
            f"got {municipality.municipality_id[:100]!r}",
            code="municipality-id-malformed",
        )


def revised(present: Municipality | None, wanted: Municipality) -> Municipality | None:
    """Judge a municipality put by hand; none when it is as it was.

    Lineage is not put by hand: links are kept, and one that was taken over stays ended on that day.

    Raises:
        RuleBroken: as `checked` and `check_first_id`, or `lineage-contradicted`.
    """
    aliases = tuple(dict.fromkeys(wanted.aliases))
    if present is None:
        check_first_id(wanted)
        return checked(replace(wanted, aliases=aliases, predecessors=(), successors=(), version=1))
    kept = replace(
        wanted,
        aliases=aliases,
        predecessors=present.predecessors,
        successors=present.successors,
        version=present.version,
    )
    if checked(kept) == present:
        return None
    for successor in kept.successors:
        if kept.ended_on != successor.on:
            raise RuleBroken(
                f"{kept.municipality_id} was taken over by {successor.municipality_id} on"
                f" {successor.on} and must end then, got {kept.ended_on or 'no end'}",
                code="lineage-contradicted",
            )
    return replace(kept, version=present.version + 1)


def aliases_with_parts(name: str, aliases: tuple[str, ...]) -> tuple[str, ...]:
    """Return the aliases and, behind them, the parts of a double name, each once."""
    return tuple(dict.fromkeys((*aliases, *parts_of_double_name(name))))
