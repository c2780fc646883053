"""Bringing reporting and its own topics together again, after one of them was restored to another
moment.

Figures can be made from their events and the other way round. A report's answers are in no event:
its publisher has to hand it in again, under the same submission id.
"""

from collections.abc import Sequence

from services.reporting.figures import restoring as figures
from services.reporting.reports import store as reports
from shared.delivery.restoring import Log
from shared.events.envelope import Event
from shared.events.reporting import ReportSubmitted
from shared.postgres.database import Connection


async def unknown(conn: Connection, events: Sequence[Event]) -> list[Event]:
    """Return the figures, withdrawals and reports that are not kept."""
    submitted = [event for event in events if isinstance(event, ReportSubmitted)]
    kept = await reports.list_submitted(conn, [event.submission_id for event in submitted])
    lost: list[Event] = [event for event in submitted if event.submission_id not in kept]
    return lost + await figures.unknown(conn, events)


async def adopt(conn: Connection, events: Sequence[Event], _log: Log) -> None:
    """Keep figures and withdrawals as they were decided at the time; reports have to be handed in
    again.
    """
    await figures.adopt(conn, events)


async def untold(conn: Connection, log: Log) -> list[Event]:
    """Return the figures and withdrawals that the log lacks."""
    return await figures.untold(conn, log)
