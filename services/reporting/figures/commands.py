"""Accepting figures and taking them back."""

from collections.abc import Sequence
from datetime import datetime

from services.reporting.figures import events, gate, store
from services.reporting.figures.gate import Gate
from services.reporting.heard import store as heard
from services.reporting.submissions.judging import Judged, Rights, principal_of, put_receipts
from services.reporting.submissions.reading import Entry, read_contract, read_id
from services.reporting.submissions.rules import Arrival, is_overtaken, moment_after
from shared.audit import log as audit
from shared.clock import local_date
from shared.errors import NotAllowed, NotFound, RuleBroken
from shared.events import inbound
from shared.outbox import outbox
from shared.postgres.database import Connection

OPERATOR = "operator"
"""Who withdrew a figure in its publisher's name."""


async def post_figures(
    conn: Connection, entries: Sequence[Entry], *, rights: Rights, now: datetime
) -> list[Judged]:
    """Judge figures one by one and accept the good ones together; receipts and events leave with
    the commit.

    Args:
        entries: in the order in which they came; a later one of the same place replaces an earlier
            one.
        rights: principals of the publishers among them.

    Returns:
        One outcome per entry, in order. One bad figure never touches its neighbours.

    Raises:
        Unavailable: the same id is being posted for another municipality in the same moment;
            nothing was kept.
    """
    cases = [gate.read(entry) for entry in entries]
    await gate.find_municipalities(conn, cases, today=local_date(now))
    opened = await Gate.open(conn, cases, rights=rights, now=now)
    outcomes = [opened.judge(case) for case in cases]
    await opened.write(conn)
    await put_receipts(conn, outcomes, now=now)
    return outcomes


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
            outcomes.append(await _withdraw(conn, entry, rights=rights, now=now))
        except (RuleBroken, NotAllowed, NotFound) as error:
            outcomes.append(Judged(entry, "rejected", error=error))
    await put_receipts(conn, outcomes, now=now)
    return outcomes


async def _withdraw(conn: Connection, entry: Entry, *, rights: Rights, now: datetime) -> Judged:
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
    if is_overtaken(entry.origin, entry.timestamp, by=Arrival(figure.origin, figure.posted_at)):
        raise NotFound(
            f"figure {body.figure_id} came after {entry.origin}, which is read again",
            code="figure-unknown",
        )
    if figure.withdrawn_at is not None:
        return Judged(entry, "repeated", figure.vintage)
    standing = await store.list_standing(conn, [figure.place])
    now = moment_after(standing[figure.place].decided_at, now=now)
    in_force = await store.withdraw(conn, figure, by=by, reason=body.reason, now=now)
    change = {"publisher": entry.publisher, "by": by}
    await audit.note(
        conn, audit.Change("figure-withdrawn", f"figure/{body.figure_id}", change, body.reason)
    )
    await outbox.put(conn, [events.withdrawn(figure, in_force, reason=body.reason, now=now)])
    return Judged(entry, "accepted", figure.vintage)
