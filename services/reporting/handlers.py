"""Kafka doors: take events or submissions, call one command."""

from collections.abc import Sequence
from datetime import datetime

from services.reporting.figures import commands as figures
from services.reporting.figures.kinds.known import BY_TYPE
from services.reporting.heard import commands as heard
from services.reporting.reports import commands as reports
from services.reporting.rounds import commands as rounds
from services.reporting.submissions import judging
from services.reporting.submissions.records import entry_of, runs_of
from shared.access import auth
from shared.delivery.submissions import Submission
from shared.delivery.subscribe import Router, subscribe, subscribe_inbound
from shared.events import inbound
from shared.events.registry import (
    MetricChanged,
    MetricDefined,
    MetricEvent,
    MunicipalitiesMerged,
    MunicipalityChanged,
    MunicipalityEvent,
    MunicipalityRegistered,
    MunicipalitySplit,
    ProjectChanged,
    ProjectEnded,
    ProjectEvent,
    ProjectRegistered,
)
from shared.postgres.database import Connection

REPORTS = "inbound.{orgnr}.reports.v1"

router = Router("reporting")
inbound_router = Router("reporting")


@subscribe(
    router, MunicipalityRegistered, MunicipalityChanged, MunicipalitiesMerged, MunicipalitySplit
)
async def on_municipalities(
    events: Sequence[MunicipalityEvent], conn: Connection, _now: datetime
) -> None:
    """Keep who bears which number when."""
    await heard.hear_municipalities(conn, events)


@subscribe(router, MetricDefined, MetricChanged)
async def on_metrics(events: Sequence[MetricEvent], conn: Connection, _now: datetime) -> None:
    """Keep what is measured."""
    await heard.hear_metrics(conn, events)


@subscribe(router, ProjectRegistered, ProjectChanged, ProjectEnded)
async def on_projects(events: Sequence[ProjectEvent], conn: Connection, now: datetime) -> None:
    """Keep the projects, and what they owe."""
    await rounds.hear_projects(conn, events, now=now)


@subscribe_inbound(
    inbound_router,
    "inbound.{orgnr}.figures.v1",
    refuse=judging.refuse_record,
    withhold=judging.withhold,
)
async def on_figures(submissions: Sequence[Submission], conn: Connection, now: datetime) -> None:
    """Put figures and withdrawals through the gate, in the order in which each publisher sent
    them.
    """
    rights = await auth.list_publishers(conn, {s.publisher for s in submissions})
    for kind, run in runs_of(submissions):
        entries = [entry_of(s) for s in run]
        if kind == inbound.FigureWithdrawn.type:
            await figures.withdraw_figures(conn, entries, rights=rights, now=now)
        elif (known := BY_TYPE.get(kind)) is not None:
            await figures.post_figures(conn, entries, known, rights=rights, now=now)
        else:
            await judging.reject_unknown_type(conn, entries, kind=kind, now=now)


@subscribe_inbound(
    inbound_router,
    REPORTS,
    refuse=judging.refuse_record,
    withhold=judging.withhold,
    batch=100,
)
async def on_reports(submissions: Sequence[Submission], conn: Connection, now: datetime) -> None:
    """Take reports in."""
    rights = await auth.list_publishers(conn, {s.publisher for s in submissions})
    for kind, run in runs_of(submissions):
        entries = [entry_of(s) for s in run]
        if kind == inbound.ReportSubmitted.type:
            await reports.submit_reports(conn, entries, rights=rights, now=now)
        else:
            await judging.reject_unknown_type(conn, entries, kind=kind, now=now)
