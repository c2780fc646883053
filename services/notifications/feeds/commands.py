"""Keep what calendars and feeds show."""

from collections.abc import Sequence

from services.notifications.deliveries.commands import subjects_concerned
from services.notifications.feeds import store
from services.notifications.feeds.store import Gathering, News
from services.notifications.heard.rules import Name
from shared.events.metrics import MilestoneEvent
from shared.events.registry import GatheringEvent, ProjectEnded, ProjectEvent
from shared.events.reporting import ReportEvent, RoundEvent
from shared.postgres.database import Connection


async def hear_rounds(conn: Connection, events: Sequence[RoundEvent]) -> None:
    """Keep the deadlines of rounds."""
    for event in events:
        await store.put_entry(
            conn,
            f"round/{event.round_id}",
            programme_id=event.programme_id,
            report_kind=event.report_kind,
            period=event.period,
            day=event.due_on,
            state="open",
            changed_at=event.occurred_at,
        )


async def hear_reports(conn: Connection, events: Sequence[ReportEvent]) -> None:
    """Keep the deadlines of single reports, and that they have come."""
    for event in events:
        await store.put_entry(
            conn,
            f"obligation/{event.obligation_id}",
            project_id=event.project_id,
            report_kind=event.report_kind,
            period=event.period,
            day=event.due_on,
            state="done" if event.state == "submitted" else "open",
            changed_at=event.occurred_at,
        )


async def hear_projects(conn: Connection, events: Sequence[ProjectEvent]) -> None:
    """Cancel what is still expected of projects that ended."""
    for event in events:
        if isinstance(event, ProjectEnded):
            await store.cancel_entries(conn, [event.project_id], changed_at=event.occurred_at)


async def hear_gatherings(conn: Connection, events: Sequence[GatheringEvent]) -> None:
    """Keep when and where gatherings are."""
    for event in events:
        gathering = Gathering(
            gathering_id=event.gathering_id,
            name=Name(event.names.fallback, event.names.nn, event.names.en),
            starts_at=event.starts_at,
            ends_at=event.ends_at,
            place=event.place,
            cancelled=event.state == "cancelled",
            changed_at=event.occurred_at,
        )
        await store.put_gathering(
            conn,
            gathering,
            event.version,
            programme_id=event.programme_id,
            network_id=event.network_id,
        )


async def hear_milestones(conn: Connection, events: Sequence[MilestoneEvent]) -> None:
    """Keep milestones as news, with all that they concern."""
    concerned = await subjects_concerned(conn, events)
    news = [
        News(
            event.event_id,
            event.type(),
            event.occurred_at,
            event.payload(),
            tuple(concerned[event.event_id]),
        )
        for event in events
    ]
    await store.add_news(conn, news)
