"""What metrics keeps and publishes in a test's database, as plain values to compare."""

import json
from collections.abc import Sequence
from typing import Any

from services.metrics.intake import commands
from services.metrics.series.rules.figures import period_of
from shared.events.metrics import MetricUpdated, TargetLost, TargetReached
from shared.events.reporting import FigureEvent
from shared.postgres.database import Database
from tests.metrics import factories
from tests.metrics.factories import NOW

_EVENTS = {event.type(): event for event in (MetricUpdated, TargetReached, TargetLost)}
Published = MetricUpdated | TargetReached | TargetLost


async def hear(
    database: Database, *, municipalities: Sequence[str] = ("vefsn-1824",), goals: bool = False
) -> None:
    """Tell of municipalities, of a programme, and of one project that they all take part in."""
    async with database.transaction() as conn:
        told = [factories.municipality(one) for one in municipalities]
        await commands.hear_municipalities(conn, told, now=NOW)
        await commands.hear_programmes(conn, [factories.programme()])
        held = [factories.goal_contract()] if goals else []
        await commands.hear_projects(
            conn, [factories.project(members=municipalities, goals=held)], now=NOW
        )


async def apply(database: Database, *batches: Sequence[FigureEvent]) -> None:
    """Apply batches of figures, each in a transaction of its own."""
    for batch in batches:
        async with database.transaction() as conn:
            await commands.apply_figures(conn, batch, now=NOW)


async def states(
    database: Database, *, present: bool = True, metric: str = "absence"
) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Return the contents of all states of a metric by (subject, definition key, period); only
    those of the series' present grain.
    """
    async with database.connection() as conn:
        rows = await conn.fetch(
            """
            SELECT s.subject, s.definition_key, st.last_month, st.months,
                   st.content::text AS content
              FROM state st JOIN series s USING (series_id)
             WHERE (NOT $1 OR (st.months = s.months
                               AND st.last_month BETWEEN s.first_month AND s.last_month))
               AND s.metric = $2
             ORDER BY 1, 2, 3, 4
            """,
            present,
            metric,
        )
    return {
        (
            row["subject"],
            row["definition_key"],
            str(period_of(row["last_month"], row["months"])),
        ): json.loads(row["content"])
        for row in rows
    }


async def everything(database: Database) -> list[Any]:
    """Return every row that must be the same whatever the order in which figures came."""
    queries = (
        (
            "SELECT subject, definition_key, municipality_id, months, first_month, last_month,"
            " joins_groups FROM series"
        ),
        """SELECT s.subject, f.last_month, f.months, f.posted_window, f.vintage, f.figure_id,
                  f.withdrawn, f.weighing, f.amount_micro, f.weight_micro, f.persons, f.generated
             FROM figure f JOIN series s USING (series_id)""",
        """SELECT s.subject, p.last_month, p.numerator, p.denominator, p.weighing,
                  p.present, p.suppressed, p.generated
             FROM group_part p JOIN series s USING (series_id)""",
        """SELECT s.subject, s.definition_key, st.last_month, st.months, st.content::text,
                  st.unrounded
             FROM state st JOIN series s USING (series_id)
            WHERE st.months = s.months AND st.last_month BETWEEN s.first_month AND s.last_month""",
    )
    async with database.connection() as conn:
        return [sorted(map(repr, map(tuple, await conn.fetch(query)))) for query in queries]


async def published(database: Database) -> list[Published]:
    """Return what waits in the outbox, in order, read through the contracts."""
    async with database.connection() as conn:
        rows = await conn.fetch("SELECT headers::text AS headers, payload FROM outbox ORDER BY id")
    found = []
    for row in rows:
        headers = json.loads(row["headers"])
        event = _EVENTS[headers["ce_type"]].from_wire(
            headers["ce_id"], headers["ce_time"], row["payload"]
        )
        assert event.key == headers["ce_subject"]
        found.append(event)
    return found


async def metrics_of(database: Database, subject: str) -> list[MetricUpdated]:
    """Return what was published of a subject, in order."""
    return [
        one
        for one in await published(database)
        if isinstance(one, MetricUpdated) and one.subject == subject
    ]


async def milestones_of(database: Database) -> list[TargetReached | TargetLost]:
    """Return the milestones that were published, in order."""
    return [one for one in await published(database) if isinstance(one, TargetReached | TargetLost)]


async def empty_outbox(database: Database) -> None:
    """Forget what was published so far."""
    async with database.transaction() as conn:
        await conn.execute("DELETE FROM outbox")


async def forget_figures(database: Database) -> None:
    """Forget all figures and what was worked out from them, but not the registry."""
    async with database.transaction() as conn:
        await conn.execute("""
            DELETE FROM figure; DELETE FROM withdrawal; DELETE FROM shown_before;
            DELETE FROM group_part; DELETE FROM state;
            DELETE FROM series; DELETE FROM outbox;
            """)
