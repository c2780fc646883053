"""Accepting figures and taking them back."""

from collections.abc import Sequence
from datetime import datetime

from services.reporting.figures import events, store
from services.reporting.figures.cases import read_cases
from services.reporting.figures.gate import Gate
from services.reporting.figures.kinds.kind import Kind
from services.reporting.figures.kinds.known import NEEDED_METRICS
from services.reporting.heard import store as heard
from services.reporting.submissions.judging import Judged, Rights, principal_of, put_receipts
from services.reporting.submissions.reading import Entry, read_contract, read_id
from services.reporting.submissions.rules import Arrival, is_overtaken, moment_after
from shared.audit import log as audit
from shared.errors import NotAllowed, NotFound, RuleBroken
from shared.events import inbound
from shared.outbox import outbox
from shared.postgres.database import Connection

OPERATOR = "operator"
"""Who withdrew a figure in its publisher's name."""


async def post_figures(
    conn: Connection, entries: Sequence[Entry], kind: Kind, *, rights: Rights, now: datetime
) -> list[Judged]:
    """Judge figures one by one and accept the good ones together; receipts and events leave with
    the commit.

    Args:
        entries: in the order in which they came; a later one of the same place replaces an earlier
            one.
        kind: of all of them.
        rights: principals of the publishers among them.
        now: when they are judged; what counts is when each arrived.

    Returns:
        One outcome per entry, in order. One bad figure never touches its neighbours.

    Raises:
        Unavailable: the same id is being posted for another municipality in the same moment;
            nothing was kept.
    """
    cases = await read_cases(conn, entries, kind)
    gate = await Gate.open(conn, cases, rights=rights)
    outcomes = [gate.judge(case) for case in cases]
    await gate.write(conn)
    await put_receipts(conn, outcomes, now=now)
    return outcomes


async def lacks_metrics(conn: Connection) -> str | None:
    """Say which metrics have to be heard before figures can be judged; none when all are known."""
    missing = NEEDED_METRICS - set(await heard.list_metrics(conn, NEEDED_METRICS))
    if not missing:
        return None
    return f"the registry has not told of the metrics {', '.join(sorted(missing))} yet"


async def withdraw_figures(
    conn: Connection, entries: Sequence[Entry], *, rights: Rights, now: datetime
) -> list[Judged]:
    """Take figures back; what was in force at their places before holds again.

    A figure that was already withdrawn answers as the first time. Only its publisher, or the
    operator, may.
    """
    outcomes = []
    for entry in entries:
        try:
            outcomes.append(await _withdraw(conn, entry, rights=rights))
        except (RuleBroken, NotAllowed, NotFound) as error:
            outcomes.append(Judged(entry, "rejected", error=error))
    await put_receipts(conn, outcomes, now=now)
    return outcomes


async def _withdraw(conn: Connection, entry: Entry, *, rights: Rights) -> Judged:
    body = read_contract(inbound.FigureWithdrawn, entry)
    read_id(entry, pointer="/id")
    by = OPERATOR if principal_of(rights, entry.publisher).is_operator else entry.publisher
    figure = await store.find_figure(conn, entry.publisher, body.figure_id)
    if figure is not None:
        await heard.lock_municipalities(conn, {figure.municipality_id})
        figure = await store.find_figure(conn, entry.publisher, body.figure_id)
    if figure is None:
        raise NotFound(
            f"publisher {entry.publisher} has posted no figure {body.figure_id}",
            code="figure-unknown",
        )
    if is_overtaken(entry.arrival, by=Arrival.of(figure.arrived_at, figure.origin)):
        raise NotFound(
            f"figure {body.figure_id} came after {entry.origin}, which was appended before it",
            code="figure-unknown",
        )
    if figure.withdrawn_at is not None:
        return Judged(entry, "repeated", figure.vintage)
    standing = await store.list_standing(conn, [figure.place])
    at = moment_after(standing[figure.place].decided_at, now=entry.arrived_at)
    in_force = await store.withdraw(conn, figure, by=by, reason=body.reason, now=at)
    change = {"publisher": entry.publisher, "by": by}
    await audit.note(
        conn, audit.Change("figure-withdrawn", f"figure/{body.figure_id}", change, body.reason)
    )
    await outbox.put(conn, [events.withdrawn(figure, in_force, reason=body.reason, now=at)])
    return Judged(entry, "accepted", figure.vintage)
