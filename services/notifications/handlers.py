"""Kafka doors: take events, call one command."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.notifications.deliveries import commands as deliveries
from services.notifications.feeds import commands as feeds
from services.notifications.heard import commands as heard
from services.notifications.reminders import commands as reminders
from shared.delivery.records import Record
from shared.delivery.subscribe import Router, subscribe
from shared.events.metrics import MetricUpdated, MilestoneEvent, TargetLost, TargetReached
from shared.events.registry import (
    GatheringCancelled,
    GatheringChanged,
    GatheringEvent,
    GatheringHeld,
    GatheringScheduled,
    MetricChanged,
    MetricDefined,
    MetricEvent,
    MunicipalitiesMerged,
    MunicipalityChanged,
    MunicipalityEvent,
    MunicipalityRegistered,
    MunicipalitySplit,
    ProgrammeChanged,
    ProgrammeEvent,
    ProgrammeRegistered,
    ProjectChanged,
    ProjectEnded,
    ProjectEvent,
    ProjectRegistered,
)
from shared.events.reporting import (
    ReportDue,
    ReportEvent,
    ReportOverdue,
    ReportSubmitted,
    RoundChanged,
    RoundEvent,
    RoundOpened,
)
from shared.postgres.database import Connection

router = Router("notifications")
late_router = Router("notifications")
"""What is told begins when the names are known, so that nobody is told of `vefsn-1824`."""


@subscribe(
    router, MunicipalityRegistered, MunicipalityChanged, MunicipalitiesMerged, MunicipalitySplit
)
async def on_municipalities(
    events: Sequence[MunicipalityEvent], conn: Connection, _now: datetime
) -> None:
    """Keep what municipalities are called."""
    await heard.hear_municipalities(conn, events)


@subscribe(router, ProjectRegistered, ProjectChanged, ProjectEnded)
async def on_projects(events: Sequence[ProjectEvent], conn: Connection, _now: datetime) -> None:
    """Keep what projects are called and belong to."""
    await heard.hear_projects(conn, events)
    await feeds.hear_projects(conn, events)


@subscribe(router, ProgrammeRegistered, ProgrammeChanged)
async def on_programmes(events: Sequence[ProgrammeEvent], conn: Connection, _now: datetime) -> None:
    """Keep what kinds of reports are called."""
    await heard.hear_programmes(conn, events)


@subscribe(router, MetricDefined, MetricChanged)
async def on_metrics_defined(
    events: Sequence[MetricEvent], conn: Connection, _now: datetime
) -> None:
    """Keep what metrics are called."""
    await heard.hear_metrics(conn, events)


@subscribe(router, RoundOpened, RoundChanged)
async def on_rounds(events: Sequence[RoundEvent], conn: Connection, _now: datetime) -> None:
    """Keep the ladders of reminders and the deadlines."""
    await reminders.hear_rounds(conn, events)
    await feeds.hear_rounds(conn, events)


@subscribe(router, GatheringScheduled, GatheringChanged, GatheringCancelled, GatheringHeld)
async def on_gatherings(events: Sequence[GatheringEvent], conn: Connection, _now: datetime) -> None:
    """Keep when and where gatherings are."""
    await feeds.hear_gatherings(conn, events)


@subscribe(late_router, TargetReached, TargetLost)
async def on_milestones(events: Sequence[MilestoneEvent], conn: Connection, _now: datetime) -> None:
    """Tell of goals."""
    await deliveries.tell(conn, events, true_now=datetime.now(UTC))
    await feeds.hear_milestones(conn, events)


@subscribe(late_router, ReportDue, ReportOverdue, ReportSubmitted)
async def on_reports(events: Sequence[ReportEvent], conn: Connection, _now: datetime) -> None:
    """Tell of reports, keep their deadlines, and remind of those that are owed."""
    told = [event for event in events if not event.historical]  # they count, and nobody is told
    await deliveries.tell(conn, told, true_now=datetime.now(UTC))
    await reminders.hear_reports(conn, events)
    await feeds.hear_reports(conn, events)


async def followed(records: Sequence[Record], conn: Connection) -> Sequence[Record]:
    """Pass on the records of subjects that some webhook follows, by their headers, and those that
    do not say.
    """
    subjects = [(record.header("ce_subject") or "").partition("|")[0] for record in records]
    wanted = await deliveries.followed_metrics(conn, set(subjects))
    return [
        record
        for record, subject in zip(records, subjects, strict=True)
        if not subject or subject in wanted
    ]


@subscribe(late_router, MetricUpdated, sift=followed)
async def on_metrics(events: Sequence[MetricUpdated], conn: Connection, _now: datetime) -> None:
    """Tell machines of metrics."""
    await deliveries.tell(conn, events, true_now=datetime.now(UTC))
