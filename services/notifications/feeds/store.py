"""Calendar entries and news: rows to values and back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.notifications.heard.rules import Name
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A deadline in a calendar.

    Attributes:
        entry_id: stays the same whatever changes.
        project_id: whose report it is; none for the deadline of a whole round.
        state: `open`, `done` when the report has come, or `cancelled`.
        sequence: how often something that is shown has changed.
    """

    entry_id: str
    project_id: str | None
    report_kind: str
    period: str
    day: date
    state: str
    sequence: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened, as it was published, with all that it is about."""

    event_id: UUID
    type: str
    happened_at: datetime
    payload: bytes
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gathering:
    """A gathering in a calendar; see `Entry` for `sequence`."""

    gathering_id: str
    name: Name
    starts_at: datetime
    ends_at: datetime
    place: str
    cancelled: bool
    changed_at: datetime
    sequence: int = 0


async def put_gathering(
    conn: Connection,
    gathering: Gathering,
    version: int,
    *,
    programme_id: str,
    network_id: str | None,
) -> None:
    """Keep a gathering; an older version is passed by."""
    await QUERIES.put_gathering(
        conn,
        gathering_id=gathering.gathering_id,
        version=version,
        programme_id=programme_id,
        network_id=network_id,
        nb=gathering.name.nb,
        nn=gathering.name.nn,
        en=gathering.name.en,
        starts_at=gathering.starts_at,
        ends_at=gathering.ends_at,
        place=gathering.place,
        cancelled=gathering.cancelled,
        changed_at=gathering.changed_at,
    )


async def list_gatherings(
    conn: Connection, *, programme_id: str | None = None, network_id: str | None = None
) -> list[Gathering]:
    """Return the gatherings of a programme or of a network, by time."""
    rows = QUERIES.list_gatherings(conn, programme_id=programme_id, network_id=network_id)
    return [
        Gathering(
            row["gathering_id"],
            Name(row["nb"], row["nn"], row["en"]),
            row["starts_at"],
            row["ends_at"],
            row["place"],
            row["cancelled"],
            row["changed_at"],
            row["sequence"],
        )
        async for row in rows
    ]


async def put_entry(
    conn: Connection,
    entry_id: str,
    *,
    programme_id: str | None = None,
    project_id: str | None = None,
    report_kind: str,
    period: str,
    day: date,
    state: str,
    changed_at: datetime,
) -> None:
    """Keep a deadline of a programme or of a project; an older state is passed by."""
    await QUERIES.put_entry(
        conn,
        entry_id=entry_id,
        programme_id=programme_id,
        project_id=project_id,
        report_kind=report_kind,
        period=period,
        day=day,
        state=state,
        changed_at=changed_at,
    )


async def cancel_entries(
    conn: Connection, project_ids: Collection[str], *, changed_at: datetime
) -> None:
    """Cancel what is open of projects."""
    await QUERIES.cancel_entries(conn, project_ids=list(project_ids), changed_at=changed_at)


async def list_of_programme(conn: Connection, programme_id: str) -> list[Entry]:
    """Return the deadlines of a programme's rounds, by day."""
    rows = QUERIES.list_of_programme(conn, programme_id=programme_id)
    return [_entry(row) async for row in rows]


async def list_of_projects(conn: Connection, project_ids: Collection[str]) -> list[Entry]:
    """Return the deadlines of projects' reports, by day."""
    rows = QUERIES.list_of_projects(conn, project_ids=list(project_ids))
    return [_entry(row) async for row in rows]


async def add_news(conn: Connection, news: Sequence[News]) -> None:
    """Keep news; what is kept already stays as it is."""
    await QUERIES.add_news(
        conn,
        event_ids=[each.event_id for each in news],
        types=[each.type for each in news],
        happened_ats=[each.happened_at for each in news],
        subjects=[" ".join(each.subjects) for each in news],
        payloads=[each.payload for each in news],
    )


async def list_news(
    conn: Connection, subject: str | None, *, before: datetime, count: int
) -> list[News]:
    """Return news, the newest first; of one subject, or of all."""
    rows = QUERIES.list_news(conn, subject=subject, before=before, count=count)
    return [
        News(row["event_id"], row["type"], row["happened_at"], row["payload"]) async for row in rows
    ]


def _entry(row: Any) -> Entry:
    return Entry(
        row["entry_id"],
        row["project_id"],
        row["report_kind"],
        row["period"],
        row["day"],
        row["state"],
        row["sequence"],
        row["changed_at"],
    )
