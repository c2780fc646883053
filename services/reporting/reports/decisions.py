"""What the secretariat decides of reports and of what is owed: more time, sent back, accepted."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from services.reporting.reports import store
from services.reporting.rounds import rules
from services.reporting.rounds import store as rounds
from services.reporting.rounds.commands import told_of
from services.reporting.rounds.store import Obligation
from shared.audit import log as audit
from shared.clock import local_date
from shared.events.envelope import derived_id
from shared.events.reporting import DeadlineExtended, ReportAccepted, ReportSentBack
from shared.outbox import outbox
from shared.postgres.database import Connection


async def extend(
    conn: Connection, obligation_id: UUID, *, until: date, reason: str, now: datetime
) -> Obligation:
    """Give a project until the end of a day; return what it owes now.

    Lateness counts from the new day, also that of a report that came already. The same day again
    changes nothing.

    Raises:
        NotFound: `obligation-unknown`.
        Conflict, RuleBroken: see `rules.refuse_extension`.
    """
    obligation = await rounds.lock_obligation(conn, obligation_id)
    if obligation.extended_to == until:
        return obligation
    rules.refuse_extension(obligation.state, due_on=obligation.due_on, until=until)
    state, late = obligation.state, obligation.days_late
    if state not in rules.SETTLED:
        state = rules.state_on(obligation.opens_on, until, local_date(now))
    if obligation.first_submitted_at is not None:
        late = rules.days_late(until, local_date(obligation.first_submitted_at))
    extended = replace(obligation, state=state, due_on=until, extended_to=until, days_late=late)
    await rounds.extend_obligation(conn, extended)
    await _note(conn, "deadline-extended", extended, reason)
    told = DeadlineExtended(
        event_id=derived_id("DeadlineExtended", obligation_id, until),
        occurred_at=now,
        **told_of(extended),
        until=until,
        reason=reason,
    )
    await outbox.put(conn, [told])
    return extended


async def send_back(
    conn: Connection, obligation_id: UUID, *, note: str, now: datetime
) -> Obligation:
    """Send a report back to be mended; a new version is expected. Sent back already, it stays so.

    Raises:
        NotFound: `obligation-unknown`.
        Conflict: `obligation-not-submitted`.
    """
    obligation = await rounds.lock_obligation(conn, obligation_id)
    if obligation.state == "sent_back":
        return obligation
    decided, version = await _decide(conn, obligation, "sent_back")
    await _note(conn, "report-sent-back", decided, note)
    told = ReportSentBack(
        event_id=derived_id("ReportSentBack", obligation_id, version, now.isoformat()),
        occurred_at=now,
        **told_of(decided),
        version=version,
        note=note,
    )
    await outbox.put(conn, [told])
    return decided


async def accept(conn: Connection, obligation_id: UUID, *, now: datetime) -> Obligation:
    """Accept a report in its newest version. Accepted already, it stays so.

    Raises:
        NotFound: `obligation-unknown`.
        Conflict: `obligation-not-submitted`.
    """
    obligation = await rounds.lock_obligation(conn, obligation_id)
    if obligation.state == "accepted":
        return obligation
    decided, version = await _decide(conn, obligation, "accepted")
    await _note(conn, "report-accepted", decided, None)
    told = ReportAccepted(
        event_id=derived_id("ReportAccepted", obligation_id, version, now.isoformat()),
        occurred_at=now,
        **told_of(decided),
        version=version,
    )
    await outbox.put(conn, [told])
    return decided


async def _decide(
    conn: Connection, obligation: Obligation, decision: str
) -> tuple[Obligation, int]:
    """Keep a decision; return the obligation with it, and the version that it is about."""
    rules.refuse_decision(obligation.state, decision)
    version, _ = await store.newest_report(conn, obligation.obligation_id)
    await rounds.decide_obligation(conn, obligation.obligation_id, state=decision)
    return replace(obligation, state=decision), version


async def _note(conn: Connection, action: str, obligation: Obligation, reason: str | None) -> None:
    state = {"state": obligation.state, "due_on": obligation.due_on.isoformat()}
    name = f"obligation/{obligation.obligation_id}"
    await audit.note(conn, audit.Change(action, name, state, reason))
