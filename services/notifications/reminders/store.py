"""What is owed, the ladders of rounds, and who was reminded: rows to values and back."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.notifications.reminders.rules import Missing, Obligation, Reminder, Step
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class SentReminder:
    """A reminder and the mail that it stands in."""

    step_id: str
    person_id: UUID
    day: date
    state: str
    attempts: int
    last_error: str | None
    ended_at: datetime | None


async def put_round(conn: Connection, round_id: str, version: int, ladder: Sequence[Step]) -> None:
    """Keep a round's ladder; an older state is passed by."""
    await QUERIES.put_round(
        conn,
        round_id=round_id,
        version=version,
        reminders=json.dumps([asdict(step) for step in ladder]),
    )


async def list_ladders(conn: Connection, round_ids: Collection[str]) -> dict[str, list[Step]]:
    """Return the ladders of rounds that have one of their own."""
    rows = QUERIES.list_ladders(conn, round_ids=list(round_ids))
    return {
        row["round_id"]: [
            Step(**{**step, "to": tuple(step["to"])}) for step in json.loads(row["reminders"])
        ]
        async for row in rows
    }


async def put_obligation(
    conn: Connection,
    obligation: Obligation,
    *,
    state: str,
    historical: bool,
    told_at: datetime,
) -> None:
    """Keep how a report that is owed stands; an older state is passed by."""
    await QUERIES.put_obligation(
        conn,
        obligation_id=obligation.obligation_id,
        project_id=obligation.project_id,
        round_id=obligation.round_id,
        report_kind=obligation.report_kind,
        period=obligation.period,
        due_on=obligation.due_on,
        state=state,
        historical=historical,
        missing=json.dumps([asdict(each) for each in obligation.missing]),
        told_at=told_at,
    )


async def list_open(conn: Connection) -> list[Obligation]:
    """Return the reports that are owed, the longest due first."""
    return [_obligation(row) async for row in QUERIES.list_open(conn)]


async def list_reminders(conn: Connection) -> set[Reminder]:
    """Return who was reminded of what is still owed."""
    return {
        Reminder(row["obligation_id"], row["step_id"], row["person_id"])
        async for row in QUERIES.list_reminders(conn)
    }


async def add_reminders(conn: Connection, reminders: Iterable[tuple[Reminder, UUID]]) -> None:
    """Keep that reminders stand in mails; those that are kept already stay where they are."""
    pairs = list(reminders)
    await QUERIES.add_reminders(
        conn,
        obligation_ids=[reminder.obligation_id for reminder, _ in pairs],
        step_ids=[reminder.step_id for reminder, _ in pairs],
        person_ids=[reminder.person_id for reminder, _ in pairs],
        mail_ids=[mail_id for _, mail_id in pairs],
    )


async def list_in_mail(conn: Connection, mail_id: UUID) -> list[Obligation]:
    """Return what a mail reminds of and is still owed, until the transaction ends."""
    return [_obligation(row) async for row in QUERIES.list_in_mail(conn, mail_id=mail_id)]


async def list_sent(conn: Connection, obligation_id: UUID) -> list[SentReminder]:
    """Return the reminders of an obligation in the order of their days."""
    return [
        SentReminder(
            row["step_id"],
            row["person_id"],
            row["day"],
            row["state"],
            row["attempts"],
            row["last_error"],
            row["ended_at"],
        )
        async for row in QUERIES.list_sent(conn, obligation_id=obligation_id)
    ]


def _obligation(row: Any) -> Obligation:
    return Obligation(
        obligation_id=row["obligation_id"],
        project_id=row["project_id"],
        round_id=row["round_id"],
        report_kind=row["report_kind"],
        period=row["period"],
        due_on=row["due_on"],
        missing=tuple(Missing(**each) for each in json.loads(row["missing"])),
    )
