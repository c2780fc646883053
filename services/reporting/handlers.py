"""Kafka doors: take events or submissions, call one command."""

from collections.abc import Sequence
from datetime import datetime

from services.reporting import commands
from services.reporting.commands.reading import Entry
from shared import strict_json
from shared.access import auth
from shared.delivery.records import Submission
from shared.delivery.subscribe import Router, subscribe, subscribe_inbound
from shared.events import inbound
from shared.events.registry import (
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

router = Router("reporting")
inbound_router = Router("reporting")


@subscribe(
    router, MunicipalityRegistered, MunicipalityChanged, MunicipalitiesMerged, MunicipalitySplit
)
async def on_municipalities(
    events: Sequence[MunicipalityEvent], conn: Connection, _now: datetime
) -> None:
    """Keep who bears which number when."""
    await commands.hear_municipalities(conn, events)


@subscribe(router, ProjectRegistered, ProjectChanged, ProjectEnded)
async def on_projects(events: Sequence[ProjectEvent], conn: Connection, now: datetime) -> None:
    """Keep the projects, and what they owe."""
    await commands.hear_projects(conn, events, now=now)


@subscribe_inbound(
    inbound_router,
    "inbound.{orgnr}.absence-figures.v1",
    refuse=commands.refuse_record,
    withhold=commands.withhold,
)
async def on_absence_figures(
    submissions: Sequence[Submission], conn: Connection, now: datetime
) -> None:
    """Put figures and withdrawals through the gate, in the order in which each publisher sent
    them.
    """
    rights = await auth.list_publishers(conn, {s.publisher for s in submissions})
    for kind, run in _runs(submissions):
        entries = [_entry(s) for s in run]
        if kind == inbound.AbsenceFigureWithdrawn.type:
            await commands.withdraw_figures(conn, entries, rights=rights, now=now)
        elif kind == inbound.AbsenceFigurePosted.type:
            await commands.post_figures(conn, entries, rights=rights, now=now)
        else:
            await commands.reject_unknown_type(conn, entries, kind=kind, now=now)


@subscribe_inbound(
    inbound_router,
    "inbound.{orgnr}.reports.v1",
    refuse=commands.refuse_record,
    withhold=commands.withhold,
    batch=100,
)
async def on_reports(submissions: Sequence[Submission], conn: Connection, now: datetime) -> None:
    """Take reports in."""
    rights = await auth.list_publishers(conn, {s.publisher for s in submissions})
    for kind, run in _runs(submissions):
        entries = [_entry(s) for s in run]
        if kind == inbound.ReportSubmitted.type:
            await commands.submit_reports(conn, entries, rights=rights, now=now)
        else:
            await commands.reject_unknown_type(conn, entries, kind=kind, now=now)


def _runs(submissions: Sequence[Submission]) -> list[tuple[str, list[Submission]]]:
    """Cut a batch where the type changes, so that a withdrawal stays behind the figure it takes
    back.
    """
    runs: list[tuple[str, list[Submission]]] = []
    for submission in submissions:
        if not runs or runs[-1][0] != submission.type:
            runs.append((submission.type, []))
        runs[-1][1].append(submission)
    return runs


def _entry(submission: Submission) -> Entry:
    return Entry(
        submission.submission_id,
        submission.publisher,
        submission.content,
        submission.origin,
        _attributes(submission),
        submission.record.timestamp,
    )


_TECHNICAL = frozenset({"id", "type", "data", "traceparent", "tracestate"})
"""What is looked at elsewhere, and what traces are told by: random digits, now and then such as
would be a person's.
"""


def _attributes(submission: Submission) -> dict[str, object]:
    """Return the attributes of the envelope that say something, in CloudEvents' binary or
    structured mode.
    """
    record = submission.record
    attributes: dict[str, object] = {
        name.removeprefix("ce_"): (value or b"").decode(errors="replace")
        for name, value in record.headers
        if name.startswith("ce_")
    }
    if record.is_structured:
        attributes |= strict_json.loads(submission.body)
    return {name: value for name, value in attributes.items() if name not in _TECHNICAL}
