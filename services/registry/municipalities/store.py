"""Municipalities with their versions, aliases and lineage, and the changes that were applied."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import asyncpg

from services.registry.municipalities.rules.county import County
from services.registry.municipalities.rules.identity import search_keys, slug
from services.registry.municipalities.rules.municipality import (
    FIRST_KNOWN_DAY,
    DatedVersion,
    Municipality,
    Successor,
)
from shared.errors import Conflict, NotFound
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class MunicipalityFilter:
    """What to look for; a field that is none does not narrow.

    Attributes:
        number: borne on `at`, or ever.
        at: a day on which the municipality exists.
        name: any of its names on any day, in any usual spelling.
        county: number or name, on `at` or ever.
        cohort: of a project that it is a member of; with `theme`, of the same project.
    """

    number: str | None = None
    at: date | None = None
    name: str | None = None
    county: str | None = None
    cohort: str | None = None
    theme: str | None = None


@dataclass(frozen=True, slots=True)
class AppliedChange:
    """A change as it was sent, and the municipalities that it altered or made."""

    content: dict[str, Any]
    municipality_ids: tuple[str, ...]


async def list_municipalities(conn: Connection, ids: Iterable[str]) -> dict[str, Municipality]:
    """Return those of the municipalities that are known, by id."""
    wanted = list(ids)
    versions: defaultdict[str, list[DatedVersion]] = defaultdict(list)
    async for row in QUERIES.list_municipality_versions(conn, municipality_ids=wanted):
        versions[row["municipality_id"]].append(_version(row))
    aliases: defaultdict[str, list[str]] = defaultdict(list)
    async for row in QUERIES.list_municipality_aliases(conn, municipality_ids=wanted):
        aliases[row["municipality_id"]].append(row["alias"])
    before: defaultdict[str, list[str]] = defaultdict(list)
    after: defaultdict[str, list[Successor]] = defaultdict(list)
    async for row in QUERIES.list_successions(conn, municipality_ids=wanted):
        before[row["successor_id"]].append(row["predecessor_id"])
        after[row["predecessor_id"]].append(Successor(row["successor_id"], row["succeeded_on"]))
    return {
        each: Municipality(
            each,
            tuple(versions[each]),
            tuple(aliases[each]),
            tuple(before[each]),
            tuple(after[each]),
            row["version"],
        )
        async for row in QUERIES.list_municipalities(conn, municipality_ids=wanted)
        for each in (row["municipality_id"],)
    }


async def list_all_municipalities(conn: Connection) -> dict[str, Municipality]:
    """Return every municipality, by id."""
    return await list_municipalities(
        conn, [row["municipality_id"] async for row in QUERIES.list_all_municipality_ids(conn)]
    )


async def find_unregistered(conn: Connection, ids: Iterable[str]) -> str | None:
    """Return the first of the ids that no municipality bears, or none."""
    wanted = list(ids)
    known = {
        row["municipality_id"]
        async for row in QUERIES.list_municipalities(conn, municipality_ids=wanted)
    }
    return next((each for each in wanted if each not in known), None)


async def find_municipality(conn: Connection, municipality_id: str) -> Municipality | None:
    """Return a municipality, or none."""
    return (await list_municipalities(conn, [municipality_id])).get(municipality_id)


async def get_municipality(conn: Connection, municipality_id: str) -> Municipality:
    """Return a municipality.

    Raises:
        NotFound: `municipality-unknown`.
    """
    found = await find_municipality(conn, municipality_id)
    if found is None:
        raise NotFound(
            f"no municipality {municipality_id[:100]!r} is registered", code="municipality-unknown"
        )
    return found


async def seek_municipalities(
    conn: Connection, wanted: MunicipalityFilter, *, after: str, count: int
) -> list[Municipality]:
    """Return municipalities that fit, in the order of their ids, those behind `after` only."""
    rows = QUERIES.seek_municipality_ids(
        conn,
        number=wanted.number,
        at=max(wanted.at, FIRST_KNOWN_DAY) if wanted.at is not None else None,
        search_key=slug(wanted.name) if wanted.name is not None else None,
        county=wanted.county,
        cohort=wanted.cohort,
        theme=wanted.theme,
        after=after,
        count=count,
    )
    return list(
        (await list_municipalities(conn, [row["municipality_id"] async for row in rows])).values()
    )


async def put_municipalities(conn: Connection, municipalities: Sequence[Municipality]) -> None:
    """Keep the states of municipalities in place of what was kept of them.

    Raises:
        Conflict: `number-taken`; one of the numbers is another's on some of the days.
    """
    ids = [each.municipality_id for each in municipalities]
    await QUERIES.put_municipalities(
        conn, municipality_ids=ids, versions=[each.version for each in municipalities]
    )
    await _put_versions(conn, municipalities)
    await QUERIES.remove_municipality_aliases(conn, municipality_ids=ids)
    aliases = [
        (m.municipality_id, place, alias)
        for m in municipalities
        for place, alias in enumerate(m.aliases, 1)
    ]
    await QUERIES.add_municipality_aliases(
        conn,
        ids=[a[0] for a in aliases],
        positions=[a[1] for a in aliases],
        aliases=[a[2] for a in aliases],
    )
    await QUERIES.remove_municipality_search_keys(conn, municipality_ids=ids)
    keys = sorted((m.municipality_id, key) for m in municipalities for key in _search_keys(m))
    await QUERIES.add_municipality_search_keys(
        conn, ids=[k[0] for k in keys], search_keys=[k[1] for k in keys]
    )
    links = [
        (m.municipality_id, s.municipality_id, s.on) for m in municipalities for s in m.successors
    ]
    await QUERIES.add_successions(
        conn,
        predecessor_ids=[link[0] for link in links],
        successor_ids=[link[1] for link in links],
        succeeded_on=[link[2] for link in links],
    )


async def find_change(conn: Connection, change_id: str) -> AppliedChange | None:
    """Return a change that was applied, or none."""
    row = await QUERIES.find_change(conn, change_id=change_id)
    return (
        None
        if row is None
        else AppliedChange(json.loads(row["content"]), tuple(row["municipality_ids"]))
    )


async def list_change_ids(conn: Connection) -> set[str]:
    """Return the ids of all changes that were applied."""
    return {row["change_id"] async for row in QUERIES.list_change_ids(conn)}


async def add_change(
    conn: Connection, change_id: str, change: AppliedChange, *, now: datetime
) -> None:
    """Remember a change that is being applied."""
    await QUERIES.add_change(
        conn,
        change_id=change_id,
        content=json.dumps(change.content),
        municipality_ids=list(change.municipality_ids),
        applied_at=now,
    )


async def _put_versions(conn: Connection, municipalities: Sequence[Municipality]) -> None:
    await QUERIES.remove_municipality_versions(
        conn, municipality_ids=[each.municipality_id for each in municipalities]
    )
    dated = [
        (each.municipality_id, version) for each in municipalities for version in each.versions
    ]
    try:
        await QUERIES.add_municipality_versions(
            conn,
            ids=[each for each, _ in dated],
            numbers=[version.number for _, version in dated],
            names=[version.name for _, version in dated],
            county_numbers=[version.county.number for _, version in dated],
            county_names=[version.county.name for _, version in dated],
            valid_from=[version.valid_from for _, version in dated],
            valid_to=[version.valid_to for _, version in dated],
        )
    except asyncpg.ExclusionViolationError as error:
        if error.constraint_name != "municipality_number_once":
            raise
        numbers = ", ".join(sorted({version.number for _, version in dated}))
        raise Conflict(
            f"a municipality number is one municipality's on each day; one of {numbers[:200]} is"
            " another's then",
            code="number-taken",
        ) from error


def _search_keys(municipality: Municipality) -> set[str]:
    names = [*(version.name for version in municipality.versions), *municipality.aliases]
    return {key for name in names for key in search_keys(name)}


def _version(row: Any) -> DatedVersion:
    county = County(row["county_number"], row["county_name"])
    return DatedVersion(row["number"], row["name"], county, row["valid_from"], row["valid_to"])
