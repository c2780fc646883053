"""Calendar entries and news: rows to values and back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

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
