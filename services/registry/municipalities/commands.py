"""Registering municipalities and applying changes of the municipal structure."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from services.registry.entries.commands import Put, tell
from services.registry.entries.store import Kind, lock
from services.registry.municipalities import store
from services.registry.municipalities.events import municipality_event, municipality_of
from services.registry.municipalities.reference.tables import Reference, county_on
from services.registry.municipalities.rules.history import play
from services.registry.municipalities.rules.membership import Membership
from services.registry.municipalities.rules.municipality import Municipality, revised
from services.registry.municipalities.rules.reform import Change, Happened, Outcome, decide, touched
from services.registry.municipalities.store import AppliedChange
from shared.errors import Conflict, RuleBroken
from shared.events import registry as told
from shared.http.preconditions import Guard, unguarded
from shared.postgres.database import Connection


@dataclass(frozen=True, slots=True)
class ChangeAnswer:
    """What became of a change.

    Attributes:
        repeated: it was applied before with the same content, and nothing was done now.
        municipalities: those that it altered or made, as they are now.
    """

    repeated: bool
    municipalities: tuple[Municipality, ...]


async def put_municipality(
    conn: Connection, wanted: Municipality, *, now: datetime, guard: Guard = unguarded
) -> Put[Municipality]:
    """Register a municipality, or correct its versions and aliases; lineage is kept.

    Raises:
        RuleBroken: as `rules.municipality.revised`.
        Conflict: `number-taken`, or what the guard raises.
    """
    await lock(conn, Kind.MUNICIPALITY)
    present = await store.find_municipality(conn, wanted.municipality_id)
    guard(present.version if present is not None else None)
    new = revised(present, wanted)
    if new is None:
        assert present is not None
        return Put(present, created=False, changed=False)
    happened = Happened.REGISTERED if present is None else Happened.CHANGED
    await _keep(conn, [Outcome(happened, new)], now)
    return Put(new, created=present is None, changed=True)


async def change_municipalities(conn: Connection, change: Change, *, now: datetime) -> ChangeAnswer:
    """Apply a merge, split, renaming or renumbering once; the same change again does nothing.

    Raises:
        RuleBroken: as `rules.reform.decide`.
        Conflict: `id-reused`, the change id was used for another change; `municipality-exists`;
            `number-taken`.
    """
    await lock(conn, Kind.MUNICIPALITY)
    content = _content(change)
    earlier = await store.find_change(conn, change.change_id)
    if earlier is not None:
        return await _answer_again(conn, change.change_id, content, earlier)
    outcomes = decide(change, await store.list_municipalities(conn, touched(change)))
    made = [
        outcome.municipality.municipality_id
        for outcome in outcomes
        if outcome.municipality.version == 1
    ]
    if taken := await store.list_municipalities(conn, made):
        raise Conflict(f"municipality {min(taken)} exists already", code="municipality-exists")
    await _keep(conn, outcomes, now)
    states = tuple(outcome.municipality for outcome in outcomes)
    applied = AppliedChange(content, tuple(each.municipality_id for each in states))
    await store.add_change(conn, change.change_id, applied, now=now)
    return ChangeAnswer(repeated=False, municipalities=states)


async def load_reference(conn: Connection, reference: Reference, *, now: datetime) -> int:
    """Register the reference municipalities that are missing and apply the changes that were not
    applied.

    Every state on the way is told, in order, once: what is there already is left as it is, and of
    several processes that start at once one loads and the others find nothing to do.

    Returns:
        How many new states there were.
    """
    await lock(conn, Kind.MUNICIPALITY)
    states = await store.list_all_municipalities(conn)
    missing = [each for each in reference.municipalities if each.municipality_id not in states]
    states.update((each.municipality_id, each) for each in missing)
    outcomes = [Outcome(Happened.REGISTERED, each) for each in missing]
    known = await store.list_change_ids(conn)
    applied = list(
        play(states, reference.changes, county_on, aliases=reference.aliases, known=known)
    )
    outcomes += [outcome for _, following in applied for outcome in following]
    await _keep(conn, outcomes, now)
    for change, following in applied:
        ids = tuple(outcome.municipality.municipality_id for outcome in following)
        await store.add_change(
            conn, change.change_id, AppliedChange(_content(change), ids), now=now
        )
    return len(outcomes)


async def restore(conn: Connection, events: Sequence[told.MunicipalityEvent]) -> None:
    """Keep municipalities as these events told them."""
    if events:
        await store.put_municipalities(conn, [municipality_of(event) for event in events])


async def check_registered(conn: Connection, memberships: Iterable[Membership]) -> None:
    """Make sure that the municipalities of members or mandates are registered.

    Raises:
        RuleBroken: `municipality-unknown`.
    """
    unknown = await store.find_unregistered(conn, [each.municipality_id for each in memberships])
    if unknown is not None:
        raise RuleBroken(
            f"no municipality {unknown[:100]!r} is registered; register it first, or look its id"
            " up at /api/registry/v1/municipalities",
            code="municipality-unknown",
        )


async def _answer_again(
    conn: Connection, change_id: str, content: dict[str, Any], earlier: AppliedChange
) -> ChangeAnswer:
    if earlier.content != content:
        raise Conflict(
            f"change {change_id} was applied with other content; choose another id",
            code="id-reused",
        )
    states = await store.list_municipalities(conn, earlier.municipality_ids)
    return ChangeAnswer(
        repeated=True, municipalities=tuple(states[each] for each in earlier.municipality_ids)
    )


async def _keep(conn: Connection, outcomes: Sequence[Outcome], now: datetime) -> None:
    last = {outcome.municipality.municipality_id: outcome.municipality for outcome in outcomes}
    await store.put_municipalities(conn, list(last.values()))
    await tell(conn, [municipality_event(outcome, now) for outcome in outcomes])


def _content(change: Change) -> dict[str, Any]:
    return {"kind": type(change).__name__.lower(), **_plain(asdict(change))}


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case tuple() | list():
            return [_plain(each) for each in value]
        case date():
            return value.isoformat()
        case _:
            return value
