"""Bringing figures and their topic together again after one of them was restored to another time.

A figure's event holds all that is kept of it, and the other way round, so each can be made from the
other, under the same id.
"""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter

from services.reporting.figures import events as written
from services.reporting.figures import store
from services.reporting.figures.auditing import body_hash_of
from services.reporting.figures.kinds.known import KINDS
from services.reporting.figures.places import KeptFigure
from services.reporting.heard import store as heard
from shared.audit import log as audit
from shared.delivery.restoring import Log
from shared.errors import Finding
from shared.events.envelope import Event
from shared.events.reporting import FigurePosted, FigureWithdrawn
from shared.postgres.database import Connection

ORIGIN = "log"
"""Where a figure came from that was taken from the log; how it had come in stands in no event."""

REASON = "taken from the log after a restore"


async def unknown(conn: Connection, events: Sequence[Event]) -> list[Event]:
    """Return the figures and withdrawals that are not kept."""
    theirs = [event for event in events if isinstance(event, FigurePosted | FigureWithdrawn)]
    kept = await store.list_withdrawn(
        conn, [(event.publisher, event.figure_id) for event in theirs]
    )
    return [
        event
        for event in theirs
        if (is_withdrawn := kept.get((event.publisher, event.figure_id))) is None
        or (isinstance(event, FigureWithdrawn) and not is_withdrawn)
    ]


async def adopt(conn: Connection, events: Sequence[Event]) -> None:
    """Keep figures and withdrawals as they were decided at the time."""
    await heard.lock_municipalities(conn, {event.key for event in events})
    for event in events:
        if isinstance(event, FigureWithdrawn):
            await _withdraw(conn, event)
        elif isinstance(event, FigurePosted):
            await _post(conn, event)


async def untold(conn: Connection, log: Log) -> list[Event]:
    """Return the figures and withdrawals that the log lacks, in the order in which they were
    decided at each place.
    """
    found: list[tuple[datetime, Event]] = []
    async for publisher, figure_id, is_withdrawn in store.list_all_ids(conn):
        lacks_figure = written.posted_id(publisher, figure_id) not in log.ids
        lacks_withdrawal = (
            is_withdrawn and written.withdrawn_id(publisher, figure_id) not in log.ids
        )
        if not (lacks_figure or lacks_withdrawal):
            continue
        figure = await store.find_figure(conn, publisher, figure_id)
        assert figure is not None
        if lacks_figure:
            found.append((figure.posted_at, written.posted(figure)))
        if lacks_withdrawal and figure.withdrawn_at is not None:
            holds = await store.find_in_force_at(conn, figure.place, figure.withdrawn_at)
            event = written.withdrawn(
                figure, holds, reason=figure.withdrawal_reason or "", now=figure.withdrawn_at
            )
            found.append((figure.withdrawn_at, event))
    return [event for _, event in sorted(found, key=itemgetter(0))]


async def _post(conn: Connection, event: FigurePosted) -> None:
    figure, body_hash = _kept(event), body_hash_of(event)
    await store.end_force_at(conn, figure.place)
    await store.add_figures(conn, [(figure, body_hash)])
    claimed = {"figures": {str(event.figure_id): body_hash.hex()}}
    await audit.note(
        conn, audit.Change("figures-accepted", f"publisher/{event.publisher}", claimed, REASON)
    )


async def _withdraw(conn: Connection, event: FigureWithdrawn) -> None:
    figure = await store.find_figure(conn, event.publisher, event.figure_id)
    if figure is None or figure.withdrawn_at is not None:
        return
    await store.withdraw(
        conn, figure, by=event.publisher, reason=event.reason, now=event.withdrawn_at
    )
    change = {"publisher": event.publisher, "by": event.publisher}
    await audit.note(
        conn, audit.Change("figure-withdrawn", f"figure/{event.figure_id}", change, REASON)
    )


def _kept(event: FigurePosted) -> KeptFigure:
    kind = next(kind for kind in KINDS if isinstance(event, kind.posted))
    findings = tuple(
        Finding(f.code, f.severity, f.message, f.field, f.message_args) for f in event.findings
    )
    posted_at = event.posted_at
    return KeptFigure(
        publisher=event.publisher,
        figure_id=event.figure_id,
        municipality_id=event.municipality_id,
        municipality_number=event.municipality_number,
        unit=event.unit or "",
        metric=kind.metric_of(event),
        period=event.period,
        window=kind.window_of(event),
        definition_key=event.definition_key,
        definition=event.definition,
        measure=kind.measure_of(event),
        parts=kind.parts_of(event),
        persons=kind.persons_of(event),
        note=event.note,
        generated=event.generated,
        findings=findings,
        vintage=event.vintage,
        replaces=event.replaces,
        in_force=True,
        origin=ORIGIN,
        arrived_at=posted_at.replace(microsecond=posted_at.microsecond // 1000 * 1000),
        posted_at=posted_at,
    )
