"""Every version of every report that was handed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from services.reporting.submissions.rules import Arrival
from shared.errors import Unavailable
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class EarlierReport:
    """What is needed to answer a submission id that was used before."""

    body_hash: bytes
    version: int


@dataclass(frozen=True, slots=True)
class Report:
    """One version of a report that was handed in; `answers` is JSON text."""

    publisher: str
    submission_id: UUID
    body_hash: bytes
    obligation_id: UUID
    version: int
    form_version: int
    answers: str
    signatures: tuple[str, ...]
    submitted_at: datetime
    origin: str
    nothing_to_report: bool = False
    reason: str | None = None


async def list_submitted(conn: Connection, submission_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these submissions are kept."""
    rows = QUERIES.list_submitted(conn, submission_ids=list(submission_ids))
    return {row["submission_id"] async for row in rows}


async def newest_report(conn: Connection, obligation_id: UUID) -> tuple[int, Arrival | None]:
    """Return the newest version handed in and where it came from, 0 when there is none; to be asked
    after the lock.
    """
    row = await QUERIES.newest_report(conn, obligation_id=obligation_id)
    return (
        (0, None)
        if row is None
        else (row["version"], Arrival.of(row["submitted_at"], row["origin"]))
    )


async def find_report(
    conn: Connection, publisher: str, submission_id: UUID
) -> EarlierReport | None:
    """Return what is kept under a publisher's submission id."""
    row = await QUERIES.find_report(conn, publisher=publisher, submission_id=submission_id)
    return None if row is None else EarlierReport(bytes(row["body_hash"]), row["version"])


async def add_report(conn: Connection, report: Report) -> None:
    """Keep a version of a report.

    Raises:
        Unavailable: another transaction took the submission id in the same moment; trying again
            gives the right answer.
    """
    try:
        await QUERIES.add_report(
            conn,
            publisher=report.publisher,
            submission_id=report.submission_id,
            body_hash=report.body_hash,
            obligation_id=report.obligation_id,
            version=report.version,
            form_version=report.form_version,
            answers=report.answers,
            signatures=list(report.signatures),
            submitted_at=report.submitted_at,
            origin=report.origin,
            nothing_to_report=report.nothing_to_report,
            reason=report.reason,
        )
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "report_pk":
            raise
        raise Unavailable(
            "the same submission is being handed in by another request", retry_after_seconds=1
        ) from error
