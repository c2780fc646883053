"""Rounds, what they oblige projects to, the turning of states with the calendar, and reports that come in."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import date, datetime

from services.reporting import domain
from services.reporting.commands.figures import Judged, Rights, put_receipts
from services.reporting.commands.reading import Entry, hash_of, read_contract, refusal
from services.reporting.domain import Project, Round
from services.reporting.store import reports as store_reports
from services.reporting.store.reports import Obligation
from shared.auth import Action, require
from shared.clock import local_date
from shared.database import Connection
from shared.errors import Conflict, FieldError, NotAllowed, NotFound, RuleBroken
from shared.events import inbound
from shared.events.envelope import derived_id
from shared.events.reporting import ReportDue, ReportOverdue, ReportSubmitted
from shared.messaging import outbox


async def load_round(conn: Connection, round_: Round, *, today: date) -> bool:
    """Keep a round and make the obligations that follow from it; False if it was kept just so before.

    A round that is loaded after its time makes overdue obligations marked historical, and nobody is told.
    """
    await store_reports.lock_programme(conn, round_.programme_id)
    before = await store_reports.find_round(conn, round_.round_id)
    if before is not None and before.round == round_:
        return False
    await store_reports.put_round(
        conn,
        round_,
        version=1 if before is None else before.version + 1,
        loaded_on=today if before is None else before.loaded_on,
    )
    projects = await store_reports.list_projects(conn, round_.programme_id)
    await _oblige(conn, round_, projects, today=today)
    return True


async def oblige(conn: Connection, projects: Sequence[Project], *, today: date) -> None:
    """Let projects owe what the rounds of their programme ask for; those that owe it already are left alone."""
    for project in projects:
        await store_reports.lock_programme(conn, project.programme_id)
        for kept in await store_reports.list_rounds(conn, project.programme_id):
            await _oblige(conn, kept.round, [project], today=today)


async def turn_states(conn: Connection, *, now: datetime) -> int:
    """Make due what opens today and overdue what was due yesterday; return how many changed.

    Each change happens once per obligation, because the update is guarded by the state it leaves.
    """
    today = local_date(now)
    turned: list[ReportDue | ReportOverdue] = []
    count = 0
    for kind, obligations in (
        (ReportDue, await store_reports.turn_due(conn, today)),
        (ReportOverdue, await store_reports.turn_overdue(conn, today)),
    ):
        count += len(obligations)
        turned += [
            kind(event_id=derived_id(kind.__name__, o.obligation_id), occurred_at=now, **_fields(o))
            for o in obligations
            if not o.historical
        ]
    await outbox.put(conn, turned)
    return count


async def submit_reports(conn: Connection, entries: Sequence[Entry], *, rights: Rights, now: datetime) -> list[Judged]:
    """Take reports in, each on its own; every version is kept, lateness is that of the first."""
    outcomes = []
    for entry in entries:
        try:
            outcomes.append(await _submit(conn, entry, rights=rights, now=now))
        except (RuleBroken, NotAllowed, NotFound) as error:
            outcomes.append(Judged(entry, "rejected", error=error))
    await put_receipts(conn, outcomes, now=now)
    return outcomes


async def _submit(conn: Connection, entry: Entry, *, rights: Rights, now: datetime) -> Judged:
    body = read_contract(inbound.ReportSubmitted, entry.content)
    if str(body.submission_id) != entry.submission_id.lower():
        raise refusal((FieldError("id-malformed", "submission_id differs from the event's id", "/submission_id"),))
    body_hash = hash_of(body)
    obligation = await store_reports.lock_obligation(conn, body.obligation_id)
    await _require(conn, entry, obligation, rights=rights, on=local_date(now))
    before = await store_reports.find_report(conn, entry.publisher, body.submission_id)
    if before is not None:
        if before.body_hash == body_hash:
            return Judged(entry, "repeated", before.version)
        raise Conflict(f"submission id {body.submission_id} was used before with other content", code="id-reused")
    if obligation.state == "not_due":
        raise RuleBroken(
            f"the report cannot be handed in before {obligation.opens_on.isoformat()}", code="obligation-not-open"
        )
    version = obligation.report_count + 1
    await store_reports.add_report(
        conn,
        store_reports.Report(
            publisher=entry.publisher,
            submission_id=body.submission_id,
            body_hash=body_hash,
            obligation_id=obligation.obligation_id,
            version=version,
            form_version=body.form_version,
            answers=json.dumps(body.answers, default=str),
            signatures=tuple(body.signatures),
            submitted_at=now,
            origin=entry.origin,
        ),
    )
    late = (
        domain.days_late(obligation.due_on, local_date(now)) if obligation.days_late is None else obligation.days_late
    )
    await store_reports.settle_obligation(conn, obligation.obligation_id, submitted_at=now, days_late=late)
    submitted = ReportSubmitted(
        event_id=derived_id("ReportSubmitted", entry.publisher, body.submission_id),
        occurred_at=now,
        **_fields(replace(obligation, state="submitted")),
        submission_id=body.submission_id,
        version=version,
        submitted_at=now,
        days_late=late,
        signed_by=list(body.signatures),
    )
    await outbox.put(conn, [submitted])
    return Judged(entry, "accepted", version)


async def _require(conn: Connection, entry: Entry, obligation: Obligation, *, rights: Rights, on: date) -> None:
    """A publisher may report for a project if it speaks for one of the project's members."""
    principal = rights.get(entry.publisher)
    if principal is None:
        raise NotAllowed(f"publisher {entry.publisher} is not registered or was revoked", code="publisher-unknown")
    if principal.is_operator:
        return
    for municipality_id in await store_reports.list_members(conn, obligation.project_id, on=on):
        with suppress(NotAllowed):
            require(principal, Action.PUBLISH, municipality_id=municipality_id, on=on)
            return
    raise NotAllowed(
        f"publisher {entry.publisher} speaks for no member of project {obligation.project_id}",
        code="publisher-not-allowed",
    )


async def _oblige(conn: Connection, round_: Round, projects: Sequence[Project], *, today: date) -> None:
    state = domain.state_on(round_, today)
    historical = state == "overdue"
    owing = [project for project in projects if round_.concerns(project)]
    # What is due from the start begins as not_due: turning it is what tells the others, once.
    first = state if historical else "not_due"
    await store_reports.add_obligations(
        conn,
        [
            (derived_id("obligation", round_.round_id, project.project_id), round_.round_id, project.project_id)
            for project in owing
        ],
        state=first,
        historical=historical,
    )


def _fields(obligation: Obligation) -> Mapping[str, object]:
    names = ("obligation_id", "project_id", "round_id", "report_kind", "period", "opens_on", "due_on", "state")
    kept = asdict(obligation)
    return {name: kept[name] for name in names}
