"""Reporting's commands on a database of their own, without broker and HTTP."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from services.reporting.figures import commands as figure_commands
from services.reporting.figures.kinds.absence import ABSENCE
from services.reporting.figures.kinds.kind import Kind
from services.reporting.heard import commands as heard
from services.reporting.reports import commands as reports
from services.reporting.rounds import commands as rounds
from services.reporting.rounds import store as rounds_store
from services.reporting.rounds.rules import Round
from services.reporting.rounds.store import KeptRound, Obligation, ObligationFilter
from services.reporting.submissions.judging import Judged, Rights
from services.reporting.submissions.reading import Entry
from shared.access import auth
from shared.access.auth import OPERATOR
from shared.events.envelope import Event
from shared.events.registry import MetricEvent, MunicipalityEvent, ProjectEvent, PublisherEvent
from shared.postgres.database import Connection, Database
from tests.reporting import factories

E = TypeVar("E", bound=Event)
UUID_MIN = UUID(int=0)

_FIGURES = """
SELECT publisher, figure_id, municipality_id, municipality_number, unit, period, figure_window,
       metric, definition_key, numerator, denominator, value, weight_kind, weight, persons, note,
       generated, vintage, replaces, in_force, withdrawn_at,
       withdrawn_by, withdrawal_reason, findings::text AS findings, posted_at, origin
  FROM figure
 ORDER BY municipality_id, unit, definition_key, period, figure_window, vintage
"""


@dataclass
class Desk:
    """Calls the commands as the doors do, and looks at what they left.

    Attributes:
        now: what the clock shows.
        rights: who acts for which publisher.
    """

    database: Database
    now: datetime = factories.NOW
    rights: Rights = field(default_factory=dict)

    async def hear(
        self, *events: MetricEvent | MunicipalityEvent | ProjectEvent | PublisherEvent
    ) -> None:
        """Take in what the registry says, as the handlers do."""
        async with self.database.transaction() as conn:
            for event in events:
                if isinstance(event, MetricEvent):
                    await heard.hear_metrics(conn, [event])
                elif isinstance(event, MunicipalityEvent):
                    await heard.hear_municipalities(conn, [event])
                elif isinstance(event, ProjectEvent):
                    await rounds.hear_projects(conn, [event], now=self.now)
                else:
                    await auth.keep_publishers(conn, [event])
            known = await conn.fetch("SELECT organisation_number FROM known_publisher")
            self.rights = await auth.list_publishers(
                conn, [row["organisation_number"] for row in known]
            )

    async def post(self, *figures: dict[str, Any] | Entry) -> list[Judged]:
        """Post figures in one batch."""
        entries = [
            each if isinstance(each, Entry) else factories.entry(each, arrived_at=self.now)
            for each in figures
        ]
        return await self.judge(entries)

    async def judge(self, entries: Sequence[Entry], kind: Kind = ABSENCE) -> list[Judged]:
        """Put entries of one kind through the gate in one batch."""
        async with self.database.transaction() as conn:
            return await figure_commands.post_figures(
                conn, entries, kind, rights=self.rights, now=self.now
            )

    async def withdraw(
        self,
        figure_id: object,
        *,
        reason: str = "wrong",
        publisher: str = factories.ORGNR,
        as_operator: bool = False,
    ) -> Judged:
        """Take a figure back."""
        content = {"figure_id": str(figure_id), "reason": reason}
        rights = {publisher: OPERATOR} if as_operator else self.rights
        async with self.database.transaction() as conn:
            entry = Entry(str(figure_id), publisher, content, "http", self.now)
            return (
                await figure_commands.withdraw_figures(conn, [entry], rights=rights, now=self.now)
            )[0]

    async def load(self, round_: Round) -> KeptRound:
        """Call for reports."""
        async with self.database.transaction() as conn:
            return (await rounds.load_round(conn, round_, now=self.now))[0]

    async def tick(self, now: datetime | None = None) -> int:
        """Turn states with the calendar."""
        self.now = now or self.now
        async with self.database.transaction() as conn:
            return await rounds.turn_states(conn, now=self.now)

    async def submit(self, content: dict[str, Any], *, publisher: str = factories.ORGNR) -> Judged:
        """Hand a report in."""
        entry = Entry(content.get("submission_id"), publisher, content, "http", self.now)
        async with self.database.transaction() as conn:
            return (await reports.submit_reports(conn, [entry], rights=self.rights, now=self.now))[
                0
            ]

    async def figures(self) -> list[dict[str, Any]]:
        """Return every vintage of every figure."""
        async with self.database.connection() as conn:
            return [dict(row) for row in await conn.fetch(_FIGURES)]

    async def obligations(self, **wanted: str) -> list[Obligation]:
        """Return what is owed."""
        async with self.database.connection() as conn:
            everything = ObligationFilter(**wanted)
            return await rounds_store.list_obligations(
                conn, everything, after=UUID_MIN, count=1_000
            )

    async def told(self, cls: type[E]) -> list[E]:
        """Return the events of a class that wait in the outbox, in order."""
        async with self.database.connection() as conn:
            rows = await conn.fetch(
                "SELECT headers::text AS headers, payload FROM outbox ORDER BY id"
            )
        read = [(json.loads(row["headers"]), row["payload"]) for row in rows]
        return [
            cls.from_wire(headers["ce_id"], headers["ce_time"], payload)
            for headers, payload in read
            if headers["ce_type"] == cls.type()
        ]

    async def everything_kept(self) -> str:
        """Return all rows of all tables as one text, to look for what must not be there."""
        async with self.database.connection() as conn:
            tables = await conn.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            rows = [
                await conn.fetch(
                    f"SELECT t::text AS row FROM {table['tablename']} AS t"  # noqa: S608 - ours
                )
                for table in tables
            ]
            payloads = await conn.fetch("SELECT convert_from(payload, 'UTF8') AS text FROM outbox")
            values = await conn.fetch(
                "SELECT encode(value, 'escape') AS text FROM dead_letter WHERE value IS NOT NULL"
            )
        return "\n".join(
            [row["row"] for table in rows for row in table]
            + [row["text"] for row in (*payloads, *values)]
        )

    @asynccontextmanager
    async def held(self, figure_municipality: str) -> AsyncIterator[Connection]:
        """Hold a municipality's row, as another transaction that posts for it."""
        async with self.database.transaction() as conn:
            await conn.execute(
                "SELECT FROM municipality WHERE municipality_id = $1 FOR UPDATE",
                figure_municipality,
            )
            yield conn


def codes(outcomes: list[Judged]) -> list[str]:
    return [each.result if each.error is None else each.error.code for each in outcomes]
