"""Mails to persons: rows to values and back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.notifications.sending.rules import Delivered, Failed, Waiting
from shared.events.envelope import derived_id
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class NewMail:
    """A mail that somebody is to get.

    Attributes:
        day: of which they get one mail of the kind at most.
        send_at: not before.
    """

    person_id: UUID
    day: date
    send_at: datetime


@dataclass(frozen=True, slots=True)
class DueMail:
    """A mail whose time has come; without an address where the person was erased since."""

    mail_id: UUID
    kind: str
    person_id: UUID
    day: date
    attempts: int
    email: str | None
    language: str | None


def mail_id_of(kind: str, person_id: UUID, day: date) -> UUID:
    """Return the id of a mail; it follows from what makes it one, so planning twice is once."""
    return derived_id("mail", kind, person_id, day.isoformat())


async def add_mails(
    conn: Connection, kind: str, mails: Sequence[NewMail], *, made_at: datetime
) -> None:
    """Add mails; those that are kept already stay as they are."""
    await QUERIES.add_mails(
        conn,
        mail_ids=[mail_id_of(kind, mail.person_id, mail.day) for mail in mails],
        kind=kind,
        person_ids=[mail.person_id for mail in mails],
        days=[mail.day for mail in mails],
        next_try_ats=[mail.send_at for mail in mails],
        made_at=made_at,
    )


async def list_ended_days(
    conn: Connection, kind: str, person_ids: Collection[UUID], *, since: date
) -> set[tuple[UUID, date]]:
    """Return the persons and days whose mail of a kind has ended."""
    rows = QUERIES.list_ended_days(conn, kind=kind, person_ids=list(person_ids), since=since)
    return {(row["person_id"], row["day"]) async for row in rows}


async def lease_mails(
    conn: Connection, *, now: datetime, until: datetime, by: str, count: int
) -> list[DueMail]:
    """Take mails whose time has come; nobody else gets them before the lease ends."""
    rows = QUERIES.lease_mails(conn, now=now, until=until, by=by, count=count)
    return [
        DueMail(
            row["mail_id"],
            row["kind"],
            row["person_id"],
            row["day"],
            row["attempts"],
            row["email"],
            row["language"],
        )
        async for row in rows
    ]


async def release_mails(conn: Connection, by: str) -> None:
    """Give back what was taken under a name."""
    await QUERIES.release_mails(conn, by=by)


async def put_mail(
    conn: Connection, mail: DueMail, after: Waiting | Delivered | Failed, *, now: datetime
) -> None:
    """Keep what became of a mail. Nothing happens when another sender was quicker."""
    is_waiting = isinstance(after, Waiting)
    ended = "delivered" if isinstance(after, Delivered) else "failed"
    await QUERIES.put_mail(
        conn,
        mail_id=mail.mail_id,
        attempts_before=mail.attempts,
        state="waiting" if is_waiting else ended,
        attempts=after.attempts,
        next_try_at=after.next_try_at if isinstance(after, Waiting) else None,
        last_error=None if isinstance(after, Delivered) else after.last_error,
        ended_at=None if is_waiting else now,
    )


async def drop_mail(conn: Connection, mail: DueMail, *, now: datetime) -> None:
    """Keep that there was nothing left to say."""
    await QUERIES.put_mail(
        conn,
        mail_id=mail.mail_id,
        attempts_before=mail.attempts,
        state="dropped",
        attempts=mail.attempts,
        next_try_at=None,
        last_error=None,
        ended_at=now,
    )
