"""Gatherings: rows to values and back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.registry.entries.store import JsonColumn, names_json, read_names
from services.registry.gatherings.rules import (
    AgendaItem,
    Attendance,
    Evaluation,
    Gathering,
    GatheringKind,
    GatheringState,
    Party,
)
from shared.errors import NotFound
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)
AGENDA = JsonColumn[tuple[AgendaItem, ...]](tuple[AgendaItem, ...])
ATTENDANCE = JsonColumn[tuple[Attendance, ...]](tuple[Attendance, ...])
TABLES = JsonColumn[tuple[tuple[Attendance, ...], ...] | None](
    tuple[tuple[Attendance, ...], ...] | None
)
EVALUATION = JsonColumn[tuple[Evaluation, ...]](tuple[Evaluation, ...])


@dataclass(frozen=True, slots=True)
class GatheringFilter:
    """What to look for; a field that is none does not narrow."""

    programme: str | None = None
    network: str | None = None
    state: str | None = None


async def list_gatherings(conn: Connection, ids: Iterable[str]) -> dict[str, Gathering]:
    """Return those of the gatherings that are known, by id."""
    rows = QUERIES.list_gatherings(conn, gathering_ids=list(ids))
    return {row["gathering_id"]: _gathering(row) async for row in rows}


async def find_gathering(conn: Connection, gathering_id: str) -> Gathering | None:
    """Return a gathering, or none."""
    return (await list_gatherings(conn, [gathering_id])).get(gathering_id)


async def get_gathering(conn: Connection, gathering_id: str) -> Gathering:
    """Return a gathering.

    Raises:
        NotFound: `gathering-unknown`.
    """
    found = await find_gathering(conn, gathering_id)
    if found is None:
        raise NotFound(
            f"no gathering {gathering_id[:80]!r} is registered", code="gathering-unknown"
        )
    return found


async def seek_gatherings(
    conn: Connection, wanted: GatheringFilter, *, after: str, count: int
) -> list[Gathering]:
    """Return gatherings that fit, in the order of their ids, those behind `after` only."""
    rows = QUERIES.seek_gathering_ids(
        conn,
        programme=wanted.programme,
        network=wanted.network,
        state=wanted.state,
        after=after,
        count=count,
    )
    return list((await list_gatherings(conn, [row["gathering_id"] async for row in rows])).values())


async def put_gathering(conn: Connection, gathering: Gathering) -> None:
    """Keep a gathering's state in place of what was kept of it."""
    await QUERIES.put_gathering(
        conn,
        gathering_id=gathering.gathering_id,
        version=gathering.version,
        programme_id=gathering.programme_id,
        network_id=gathering.network_id,
        kind=gathering.kind.value,
        names=names_json(gathering.names),
        starts_at=gathering.starts_at,
        ends_at=gathering.ends_at,
        place=gathering.place,
        agenda=AGENDA.write(gathering.agenda),
        expected_municipality_ids=list(gathering.expected_municipality_ids),
        expected_parties=[party.value for party in gathering.expected_parties],
        signed_up=ATTENDANCE.write(gathering.signed_up),
        attended=ATTENDANCE.write(gathering.attended),
        observers=gathering.observers,
        panel=list(gathering.panel),
        tables=TABLES.write(gathering.tables),
        questions=list(gathering.questions),
        evaluation=EVALUATION.write(gathering.evaluation),
        state=gathering.state.value,
        reason=gathering.reason,
    )


def _gathering(row: Mapping[str, Any]) -> Gathering:
    return Gathering(
        gathering_id=row["gathering_id"],
        programme_id=row["programme_id"],
        kind=GatheringKind(row["kind"]),
        names=read_names(row["names"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        place=row["place"],
        network_id=row["network_id"],
        agenda=AGENDA.read(row["agenda"]),
        expected_municipality_ids=tuple(row["expected_municipality_ids"]),
        expected_parties=tuple(Party(party) for party in row["expected_parties"]),
        signed_up=ATTENDANCE.read(row["signed_up"]),
        attended=ATTENDANCE.read(row["attended"]),
        observers=row["observers"],
        panel=tuple(row["panel"]),
        tables=TABLES.read(row["tables"] or "null"),
        questions=tuple(row["questions"]),
        evaluation=EVALUATION.read(row["evaluation"]),
        state=GatheringState(row["state"]),
        reason=row["reason"],
        version=row["version"],
    )
