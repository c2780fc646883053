"""Rounds, what they oblige projects to, the turning of states with the calendar, and reports that
come in.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from services.reporting import domain
from services.reporting.commands.judging import (
    Judged,
    Rights,
    principal_of,
    put_receipts,
    refuse_overtaken,
)
from services.reporting.commands.reading import Entry, hash_of, read_contract, read_id, refusal
from services.reporting.domain import Project, Round
from services.reporting.store import reports as store
from services.reporting.store.reports import KeptRound, Obligation, Report
from shared.access.auth import Action, require
from shared.audit import log as audit
from shared.clock import local_date
from shared.errors import Conflict, FieldError, NotAllowed, NotFound, RuleBroken
from shared.events import inbound
from shared.events.envelope import derived_id
from shared.events.reporting import ReportDue, ReportOverdue, ReportSubmitted
from shared.http.preconditions import Guard, unguarded
from shared.outbox import outbox
from shared.postgres.database import Connection


async def load_round(
    conn: Connection, round_: Round, *, now: datetime, guard: Guard = unguarded
) -> tuple[KeptRound, bool]:
    """Keep a round and make the obligations that follow from it; return it, and whether it is new.

    A round that is loaded after its time makes overdue obligations marked historical, and nobody is
    told. When its dates are moved, what is not handed in begins anew, and everybody is told of the
    new dates. A project that a changed round does not concern any longer goes on owing; taking that
    back is not built.

    Args:
        guard: told the version that was kept before; raises where the caller's condition is not
            met.
    """
    today = local_date(now)
    await store.lock_programme(conn, round_.programme_id)
    before = await store.find_round(conn, round_.round_id)
    guard(before.version if before is not None else None)
    if before is not None and before.round == round_:
        return before, False
    kept = (
        KeptRound(round_, 1, today)
        if before is None
        else KeptRound(round_, before.version + 1, before.loaded_on)
    )
    await store.put_round(conn, kept)
    state = {
        "version": kept.version,
        "opens_on": str(round_.opens_on),
        "due_on": str(round_.due_on),
    }
    await audit.note(conn, audit.Change("round-loaded", f"round/{round_.round_id}", state))
    if before is not None and (before.round.opens_on, before.round.due_on) != (
        round_.opens_on,
        round_.due_on,
    ):
        await store.reopen_obligations(conn, round_.round_id, today=today)
    await _oblige(conn, round_, await store.list_projects(conn, round_.programme_id), today=today)
    await turn_states(conn, now=now)
    return kept, before is None


async def oblige(conn: Connection, projects: Sequence[Project], *, now: datetime) -> None:
    """Let projects owe what the rounds of their programme ask for; those that owe it already are
    left alone.
    """
    for programme_id in sorted({project.programme_id for project in projects}):
        await store.lock_programme(conn, programme_id)
        theirs = [project for project in projects if project.programme_id == programme_id]
        for kept in await store.list_rounds(conn, programme_id):
            await _oblige(conn, kept.round, theirs, today=local_date(now))
    await turn_states(conn, now=now)


async def turn_states(conn: Connection, *, now: datetime) -> int:
    """Make due what opens today and overdue what was due yesterday; return how many changes there
    were.

    Each change happens once per obligation, because the update is guarded by the state it leaves.
    """
    today = local_date(now)
    turned: list[ReportDue | ReportOverdue] = []
    count = 0
    for kind, obligations in (
        (ReportDue, await store.turn_due(conn, today)),
        (ReportOverdue, await store.turn_overdue(conn, today)),
    ):
        count += len(obligations)
        turned += [
            kind(
                event_id=derived_id(
                    kind.__name__, obligation.obligation_id, obligation.round_version
                ),
                occurred_at=now,
                **_fields(obligation),
            )
            for obligation in obligations
            if not obligation.historical
        ]
    await outbox.put(conn, turned)
    return count


async def submit_reports(
    conn: Connection, entries: Sequence[Entry], *, rights: Rights, now: datetime
) -> list[Judged]:
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
    body = read_contract(inbound.ReportSubmitted, entry)
    if body.submission_id != read_id(entry, pointer="/submission_id"):
        raise refusal(
            (
                FieldError(
                    "id-malformed", "submission_id differs from the event's id", "/submission_id"
                ),
            )
        )
    body_hash = hash_of(body)
    obligation = await store.lock_obligation(conn, body.obligation_id)
    await _require(conn, entry, obligation, rights=rights, on=local_date(now))
    before = await store.find_report(conn, entry.publisher, body.submission_id)
    if before is not None:
        if before.body_hash == body_hash:
            return Judged(entry, "repeated", before.version)
        raise Conflict(
            f"submission id {body.submission_id} was used before with other content; a new version"
            " needs a new id",
            code="id-reused",
        )
    if local_date(now) < obligation.opens_on:
        raise RuleBroken(
            f"the report cannot be handed in before {obligation.opens_on.isoformat()}; "
            f"today is {local_date(now).isoformat()}",
            code="obligation-not-open",
        )
    newest_version, newest = await store.newest_report(conn, obligation.obligation_id)
    refuse_overtaken(entry, "version of the report", by=newest)
    report = Report(
        publisher=entry.publisher,
        submission_id=body.submission_id,
        body_hash=body_hash,
        obligation_id=obligation.obligation_id,
        version=newest_version + 1,
        form_version=body.form_version,
        answers=json.dumps(
            body.answers, default=str
        ),  # a number with a fraction stays exact as text
        signatures=tuple(body.signatures),
        submitted_at=now,
        origin=entry.origin,
    )
    await store.add_report(conn, report)
    submission = {
        "submission_id": str(report.submission_id),
        "version": report.version,
        "hash": body_hash.hex(),
    }
    await audit.note(
        conn, audit.Change("report-submitted", f"obligation/{report.obligation_id}", submission)
    )
    await _settle(conn, obligation, report, now=now)
    return Judged(entry, "accepted", report.version)


async def _settle(
    conn: Connection, obligation: Obligation, report: Report, *, now: datetime
) -> None:
    """Mark the obligation as met, and tell it; the first version decides how late it was."""
    late = obligation.days_late
    if late is None:
        late = domain.days_late(obligation.due_on, local_date(now))
    await store.settle_obligation(conn, obligation.obligation_id, submitted_at=now, days_late=late)
    submitted = ReportSubmitted(
        event_id=derived_id("ReportSubmitted", report.publisher, report.submission_id),
        occurred_at=now,
        **_fields(replace(obligation, state="submitted")),
        submission_id=report.submission_id,
        version=report.version,
        submitted_at=now,
        days_late=late,
        signed_by=list(report.signatures),
    )
    await outbox.put(conn, [submitted])


async def _require(
    conn: Connection, entry: Entry, obligation: Obligation, *, rights: Rights, on: date
) -> None:
    """A publisher may report for a project if it speaks for one of the project's members."""
    principal = principal_of(rights, entry.publisher)
    if principal.is_operator:
        return
    for municipality_id in await store.list_members(conn, obligation.project_id, on=on):
        with suppress(NotAllowed):
            require(principal, Action.PUBLISH, municipality_id=municipality_id, on=on)
            return
    raise NotAllowed(
        f"publisher {entry.publisher} speaks for no member of project {obligation.project_id}",
        code="publisher-not-allowed",
    )


async def _oblige(
    conn: Connection, round_: Round, projects: Sequence[Project], *, today: date
) -> None:
    # All begin as not_due, whatever the day: turning them is what tells the others, or not when
    # they are historical.
    await store.add_obligations(
        conn,
        round_.round_id,
        [
            (obligation_id_of(round_.round_id, project.project_id), project.project_id)
            for project in projects
            if round_.concerns(project)
        ],
        historical=domain.state_on(round_, today) == "overdue",
    )


def obligation_id_of(round_id: str, project_id: str) -> UUID:
    """Return the id of what a project owes in a round; it follows from the two, so nobody has to
    look it up.
    """
    return derived_id("obligation", round_id, project_id)


def _fields(obligation: Obligation) -> Mapping[str, object]:
    names = (
        "obligation_id",
        "project_id",
        "round_id",
        "report_kind",
        "period",
        "opens_on",
        "due_on",
        "state",
    )
    return {name: getattr(obligation, name) for name in names}
