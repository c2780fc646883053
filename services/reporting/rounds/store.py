"""Rounds and the obligations that follow from them."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.reporting.rounds.rules import AskedForm, ReminderStep, Round
from shared.errors import NotFound
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class KeptRound:
    """A round as it is kept."""

    round: Round
    version: int
    loaded_on: date


@dataclass(frozen=True, slots=True)
class Obligation:
    """What one project owes in one round, as it stands.

    Attributes:
        historical: the round was loaded, or the project came, when the time was over; nobody was
            told.
        round_version: which version of the round the dates are of.
        first_submitted_at, days_late: of the first report, which decides how late it was; none
            before.
    """

    obligation_id: UUID
    round_id: str
    project_id: str
    state: str
    historical: bool
    round_version: int
    report_kind: str
    period: str
    opens_on: date
    due_on: date
    first_submitted_at: datetime | None = None
    days_late: int | None = None


@dataclass(frozen=True, slots=True)
class ObligationFilter:
    """Which obligations to list; None means all."""

    state: str | None = None
    cohort: str | None = None
    theme: str | None = None
    round_id: str | None = None
    project_id: str | None = None


async def lock_programme(conn: Connection, programme_id: str) -> None:
    """Let no other transaction add rounds or projects to a programme until this one ends."""
    await QUERIES.lock_programme(conn, programme_id=programme_id)


async def find_round(conn: Connection, round_id: str) -> KeptRound | None:
    """Return a round, locked until the transaction ends."""
    row = await QUERIES.get_round(conn, round_id=round_id)
    return None if row is None else _round(row)


async def list_rounds(conn: Connection, programme_id: str) -> list[KeptRound]:
    """Return a programme's rounds."""
    return [_round(row) async for row in QUERIES.list_rounds_of(conn, programme_id=programme_id)]


async def find_asked_form(conn: Connection, round_id: str) -> AskedForm | None:
    """Return the form that a round asks by, or none."""
    row = await QUERIES.get_asked_form(conn, round_id=round_id)
    return None if row is None else AskedForm(row["form_id"], row["form_version"])


async def put_round(conn: Connection, kept: KeptRound) -> None:
    """Keep a round."""
    round_ = kept.round
    await QUERIES.put_round(
        conn,
        round_id=round_.round_id,
        version=kept.version,
        programme_id=round_.programme_id,
        report_kind=round_.report_kind,
        period=round_.period,
        opens_on=round_.opens_on,
        due_on=round_.due_on,
        cohort_ids=list(round_.cohort_ids),
        theme_ids=list(round_.theme_ids),
        form_id=round_.form.form_id if round_.form is not None else None,
        form_version=round_.form.version if round_.form is not None else None,
        reminders=json.dumps([asdict(step) for step in round_.reminders]),
        loaded_on=kept.loaded_on,
    )


async def add_obligations(
    conn: Connection, round_id: str, obligations: Sequence[tuple[UUID, str]], *, historical: bool
) -> None:
    """Add obligations (id, project) of a round, none of them due yet; those that exist are left as
    they are.
    """
    if obligations:
        await QUERIES.add_obligations(
            conn,
            round_id=round_id,
            obligation_ids=[obligation_id for obligation_id, _ in obligations],
            project_ids=[project_id for _, project_id in obligations],
            historical=historical,
        )


async def reopen_obligations(conn: Connection, round_id: str, *, today: date) -> None:
    """Let what is not handed in begin anew, because the round's dates were moved and its time is
    not over.
    """
    await QUERIES.reopen_obligations(conn, round_id=round_id, today=today)


async def turn_due(conn: Connection, today: date) -> list[Obligation]:
    """Make due what may be handed in from today; return what changed."""
    return [_obligation(row, state="due") async for row in QUERIES.turn_due(conn, today=today)]


async def turn_overdue(
    conn: Connection, today: date, *, historical_only: bool = False
) -> list[Obligation]:
    """Make overdue whose due day is over; return what changed."""
    return [
        _obligation(row, state="overdue")
        async for row in QUERIES.turn_overdue(conn, today=today, historical_only=historical_only)
    ]


async def is_anything_overdue(conn: Connection, today: date) -> bool:
    """Tell whether an obligation is still due whose due day is over."""
    return bool(await QUERIES.is_anything_overdue(conn, today=today))


async def lock_obligation(conn: Connection, obligation_id: UUID) -> Obligation:
    """Return an obligation, locked until the transaction ends.

    Raises:
        NotFound: `obligation-unknown`.
    """
    row = await QUERIES.lock_obligation(conn, obligation_id=obligation_id)
    if row is None:
        raise NotFound(f"there is no obligation {obligation_id}", code="obligation-unknown")
    return _obligation(row, state=row["state"], settled=row)


async def list_obligations(
    conn: Connection, wanted: ObligationFilter, *, after: UUID, count: int
) -> list[Obligation]:
    """Return obligations in the order of their ids."""
    rows = QUERIES.list_obligations(
        conn,
        state=wanted.state,
        cohort=wanted.cohort,
        theme=wanted.theme,
        round_id=wanted.round_id,
        project_id=wanted.project_id,
        after=after,
        count=count,
    )
    return [_obligation(row, state=row["state"], settled=row) async for row in rows]


async def settle_obligation(
    conn: Connection, obligation_id: UUID, *, submitted_at: datetime, days_late: int
) -> None:
    """Mark an obligation as met; the first submission decides how late it was."""
    await QUERIES.settle_obligation(
        conn, obligation_id=obligation_id, submitted_at=submitted_at, days_late=days_late
    )


def _round(row: Any) -> KeptRound:
    round_ = Round(
        row["round_id"],
        row["programme_id"],
        row["report_kind"],
        row["period"],
        row["opens_on"],
        row["due_on"],
        tuple(row["cohort_ids"]),
        tuple(row["theme_ids"]),
        None if row["form_id"] is None else AskedForm(row["form_id"], row["form_version"]),
        tuple(
            ReminderStep(step["step_id"], step["days"], step["counts"], tuple(step["to"]))
            for step in json.loads(row["reminders"])
        ),
    )
    return KeptRound(round_, row["version"], row["loaded_on"])


def _obligation(row: Any, *, state: str, settled: Any = None) -> Obligation:
    return Obligation(
        row["obligation_id"],
        row["round_id"],
        row["project_id"],
        state,
        row["historical"],
        row["round_version"],
        row["report_kind"],
        row["period"],
        row["opens_on"],
        row["due_on"],
        settled["first_submitted_at"] if settled is not None else None,
        settled["days_late"] if settled is not None else None,
    )
