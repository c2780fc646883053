"""Kafka doors: take events, call one command."""

from collections.abc import Sequence
from datetime import datetime

from services.metrics.intake import commands
from shared.delivery.subscribe import Router, subscribe
from shared.events.registry import (
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
    AbsenceFigurePosted,
    FigureEvent,
    FigureWithdrawn,
    IndicatorFigurePosted,
    WorkforceFigurePosted,
)
from shared.postgres.database import Connection

router = Router("metrics")


@subscribe(
    router, AbsenceFigurePosted, WorkforceFigurePosted, IndicatorFigurePosted, FigureWithdrawn
)
async def on_figures(events: Sequence[FigureEvent], conn: Connection, now: datetime) -> None:
    """Recompute the series that these figures move."""
    await commands.apply_figures(conn, events, now=now)


@subscribe(
    router, MunicipalityRegistered, MunicipalityChanged, MunicipalitiesMerged, MunicipalitySplit
)
async def on_municipalities(
    events: Sequence[MunicipalityEvent], conn: Connection, now: datetime
) -> None:
    """Recompute the counties whose municipalities are others now."""
    await commands.hear_municipalities(conn, events, now=now)


@subscribe(router, MetricDefined, MetricChanged)
async def on_metrics(events: Sequence[MetricEvent], conn: Connection, now: datetime) -> None:
    """Work out the figures and goals that waited for these metrics, or are shown otherwise now."""
    await commands.hear_metrics(conn, events, now=now)


@subscribe(router, ProgrammeRegistered, ProgrammeChanged)
async def on_programmes(events: Sequence[ProgrammeEvent], conn: Connection, _now: datetime) -> None:
    """Keep the names of programmes, cohorts and themes."""
    await commands.hear_programmes(conn, events)


@subscribe(router, ProjectRegistered, ProjectChanged, ProjectEnded)
async def on_projects(events: Sequence[ProjectEvent], conn: Connection, now: datetime) -> None:
    """Recompute the groups and goals that these projects change."""
    await commands.hear_projects(conn, events, now=now)
