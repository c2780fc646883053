"""From a published list of changes by number to changes of municipalities.

Statistics Norway publishes a change as one row per old and new number. Rows of one day that share
an old or a new number are one change; its shape says what kind it is.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import MappingProxyType

from services.registry.municipalities.rules.county import County
from services.registry.municipalities.rules.identity import municipality_id
from services.registry.municipalities.rules.municipality import Municipality, bearers_on
from services.registry.municipalities.rules.reform import (
    Change,
    Merge,
    NewMunicipality,
    Outcome,
    Rename,
    Renumber,
    Split,
    decide,
)
from shared.errors import NotFound

CountyOf = Callable[[str, date], County]
"""Tells the county of a municipality number on a day."""


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One row of a published list: the territory of `old_number`, or a part of it, bears
    `new_number` from `on`.
    """

    old_number: str
    new_number: str
    new_name: str
    on: date


def play(
    states: dict[str, Municipality],
    rows: Sequence[ChangeRow],
    county_of: CountyOf,
    *,
    aliases: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    known: Container[str] = (),
) -> Iterator[tuple[Change, tuple[Outcome, ...]]]:
    """Apply a published list day by day.

    A change whose new numbers all have a version that begins on its day was made by hand before,
    and is left as it is.

    Args:
        states: all municipalities by id; brought forward as the iteration proceeds.
        aliases: other names of municipalities that a change makes, by id.
        known: ids of changes that were applied before and are left out.

    Yields:
        Each change with the new states that it brought.

    Raises:
        NotFound: `number-unknown`; a row speaks of a number that nobody bore on the day before.
    """
    days: defaultdict[date, list[ChangeRow]] = defaultdict(list)
    for row in rows:
        days[row.on].append(row)
    for on in sorted(days):
        bearers = bearers_on(states.values(), on - timedelta(days=1))
        begun = {
            number for number, each in bearers_on(states.values(), on).items() if _begins(each, on)
        }
        for group in _connected(days[on]):
            change_id = _change_id(group)
            if change_id in known or begun.issuperset(row.new_number for row in group):
                continue
            change = _change(change_id, group, bearers, county_of)
            outcomes = decide(_with_aliases(change, aliases), states)
            states.update(
                (outcome.municipality.municipality_id, outcome.municipality) for outcome in outcomes
            )
            yield change, outcomes


def _begins(municipality: Municipality, on: date) -> bool:
    return any(dated.valid_from == on for dated in municipality.versions)


def _connected(rows: Sequence[ChangeRow]) -> list[list[ChangeRow]]:
    groups: list[list[ChangeRow]] = []
    for row in rows:
        joined = [row]
        apart = []
        for group in groups:
            if any(
                row.old_number == other.old_number or row.new_number == other.new_number
                for other in group
            ):
                joined = group + joined
            else:
                apart.append(group)
        groups = [*apart, joined]
    return groups


def _change_id(group: Sequence[ChangeRow]) -> str:
    return f"ssb-{group[0].on}-{min(row.new_number for row in group)}"


def _change(
    change_id: str,
    group: Sequence[ChangeRow],
    bearers: Mapping[str, Municipality],
    county_of: CountyOf,
) -> Change:
    on = group[0].on
    old = {
        number: _bearer(bearers, number, on) for number in sorted({row.old_number for row in group})
    }
    if len(group) == 1:
        return _same_municipality(change_id, group[0], next(iter(old.values())), county_of)
    into = []
    for number, name in sorted({(row.new_number, row.new_name) for row in group}):
        made_from = tuple(
            old[row.old_number].municipality_id for row in group if row.new_number == number
        )
        into.append(NewMunicipality(number, name, county_of(number, on), made_from))
    if len(old) == 1:
        return Split(change_id, on, next(iter(old.values())).municipality_id, tuple(into))
    return Merge(change_id, on, tuple(into))


def _with_aliases(change: Change, aliases: Mapping[str, tuple[str, ...]]) -> Change:
    if isinstance(change, Rename | Renumber):
        return change
    named = (
        replace(
            new,
            aliases=aliases.get(
                municipality_id(new.name, new.number, created_year=change.on.year), ()
            ),
        )
        for new in change.into
    )
    return replace(change, into=tuple(named))


def _same_municipality(
    change_id: str, row: ChangeRow, old: Municipality, county_of: CountyOf
) -> Change:
    if row.new_number == row.old_number:
        return Rename(change_id, row.on, old.municipality_id, row.new_name)
    county = county_of(row.new_number, row.on)
    name = row.new_name if row.new_name != old.last.name else None
    return Renumber(change_id, row.on, old.municipality_id, row.new_number, county, name)


def _bearer(bearers: Mapping[str, Municipality], number: str, on: date) -> Municipality:
    if number not in bearers:
        raise NotFound(
            f"nobody bore the number {number} on the day before {on}", code="number-unknown"
        )
    return bearers[number]
