"""Taking reports in."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime

from services.reporting.forms import commands as forms
from services.reporting.heard import store as heard
from services.reporting.reports import store
from services.reporting.reports.store import EarlierReport, Report
from services.reporting.rounds import rules
from services.reporting.rounds import store as rounds
from services.reporting.rounds.commands import told_of
from services.reporting.rounds.store import Obligation
from services.reporting.submissions.judging import (
    Judged,
    Rights,
    principal_of,
    put_receipts,
    refuse_overtaken,
)
from services.reporting.submissions.reading import Entry, hash_of, read_contract, read_id, refusal
from shared.access.auth import require
from shared.access.roles import Action
from shared.audit import log as audit
from shared.clock import local_date
from shared.errors import Conflict, FieldError, Finding, NotAllowed, NotFound, RuleBroken
from shared.events import inbound
from shared.events.envelope import derived_id
from shared.events.reporting import ReportSubmitted
from shared.outbox import outbox
from shared.postgres.database import Connection


async def submit_reports(
    conn: Connection, entries: Sequence[Entry], *, rights: Rights, now: datetime
) -> list[Judged]:
    """Take reports in, each on its own; every version is kept, lateness is that of the first.

    Args:
        now: when they are read; what counts is when each arrived.
    """
    outcomes = []
    for entry in entries:
        try:
            outcomes.append(await _submit(conn, entry, rights=rights))
        except (RuleBroken, NotAllowed, NotFound) as error:
            outcomes.append(Judged(entry, "rejected", error=error))
    await put_receipts(conn, outcomes, now=now)
    return outcomes


async def _submit(conn: Connection, entry: Entry, *, rights: Rights) -> Judged:
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
    obligation = await rounds.lock_obligation(conn, body.obligation_id)
    arrived_on = local_date(entry.arrived_at)
    await _require(conn, entry, obligation, rights=rights, on=arrived_on)
    before = await store.find_report(conn, entry.publisher, body.submission_id)
    if before is not None:
        return await _repeated(conn, entry, obligation, body, before)
    _refuse_closed(obligation, arrived_on)
    _refuse_empty(body)
    findings = await _findings(conn, obligation, body)
    _refuse_blocking(findings)
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
        submitted_at=entry.arrived_at,
        origin=entry.origin,
        nothing_to_report=body.nothing_to_report,
        reason=body.reason,
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
    await _settle(conn, obligation, report)
    return Judged(entry, "accepted", report.version, findings)


async def _repeated(
    conn: Connection,
    entry: Entry,
    obligation: Obligation,
    body: inbound.ReportSubmitted,
    before: EarlierReport,
) -> Judged:
    """Answer a submission id that was used before.

    Raises:
        Conflict: `id-reused`; it was used with other content.
    """
    if before.body_hash != hash_of(body):
        raise Conflict(
            f"submission id {body.submission_id} was used before with other content; a new version"
            " needs a new id",
            code="id-reused",
        )
    return Judged(entry, "repeated", before.version, await _findings(conn, obligation, body))


def _refuse_closed(obligation: Obligation, arrived_on: date) -> None:
    """Refuse a report that came before its time, or after it was accepted.

    Raises:
        RuleBroken: `obligation-not-open`.
        Conflict: `obligation-accepted`.
    """
    if arrived_on < obligation.opens_on:
        raise RuleBroken(
            f"the report cannot be handed in before {obligation.opens_on.isoformat()}; it came on"
            f" {arrived_on.isoformat()}",
            code="obligation-not-open",
        )
    if obligation.state == "accepted":
        raise Conflict(
            "the report was accepted; ask the secretariat to send it back, then hand it in anew",
            code=rules.ACCEPTED,
        )


async def _findings(
    conn: Connection, obligation: Obligation, body: inbound.ReportSubmitted
) -> tuple[Finding, ...]:
    """Judge answers by the form of their round, in the version that they were given to.

    A round that asks by another version now still takes answers to an earlier one.

    Raises:
        RuleBroken: `form-version`; the form has no such version, or the round asks by an earlier.
    """
    asked = await rounds.find_asked_form(conn, obligation.round_id)
    if asked is None or body.nothing_to_report:
        return ()
    if not 1 <= body.form_version <= asked.version:
        raise refusal(
            (
                FieldError(
                    "form-version",
                    f"form {asked.form_id} is asked in version {asked.version}, got"
                    f" {body.form_version}",
                    "/form_version",
                ),
            )
        )
    judged = await forms.judge_answers(
        conn, asked.form_id, body.form_version, body.answers, language="en"
    )
    return tuple(
        Finding(each.code, each.severity.value, each.message, f"/answers{each.pointer}")
        for each in judged.findings
    )


def _refuse_empty(body: inbound.ReportSubmitted) -> None:
    """Refuse a report of nothing without a reason, or with answers; and a reason for anything else.

    Raises:
        RuleBroken: `nothing-to-report`.
    """
    if body.nothing_to_report and body.reason is None:
        sentence, pointer = "nothing_to_report needs a reason", "/reason"
    elif body.nothing_to_report and body.answers:
        sentence, pointer = "a report of nothing has no answers; leave them out", "/answers"
    elif not body.nothing_to_report and body.reason is not None:
        sentence, pointer = "a reason belongs to nothing_to_report only", "/reason"
    else:
        return
    raise refusal((FieldError("nothing-to-report", sentence, pointer),))


def _refuse_blocking(findings: tuple[Finding, ...]) -> None:
    """Raise RuleBroken for what must not be handed in, each fault with its place."""
    faults = tuple(
        FieldError(each.code, f"{each.field}: {each.message}", each.field or "")
        for each in findings
        if each.severity == "error"
    )
    if faults:
        raise refusal(faults)


async def _settle(conn: Connection, obligation: Obligation, report: Report) -> None:
    """Mark the obligation as met, and tell it; the first version decides how late it was."""
    submitted_at, late = report.submitted_at, obligation.days_late
    if late is None:
        late = rules.days_late(obligation.due_on, local_date(submitted_at))
    await rounds.settle_obligation(
        conn, obligation.obligation_id, submitted_at=submitted_at, days_late=late
    )
    submitted = ReportSubmitted(
        event_id=derived_id("ReportSubmitted", report.publisher, report.submission_id),
        occurred_at=submitted_at,
        **told_of(replace(obligation, state="submitted")),
        submission_id=report.submission_id,
        version=report.version,
        submitted_at=submitted_at,
        days_late=late,
        signed_by=list(report.signatures),
        nothing_to_report=report.nothing_to_report,
    )
    await outbox.put(conn, [submitted])


async def _require(
    conn: Connection, entry: Entry, obligation: Obligation, *, rights: Rights, on: date
) -> None:
    """A publisher may report for a project if it speaks for one of the project's members."""
    principal = principal_of(rights, entry.publisher)
    if principal.is_operator:
        return
    for municipality_id in await heard.list_members(conn, obligation.project_id, on=on):
        with suppress(NotAllowed):
            require(principal, Action.PUBLISH, municipality_id=municipality_id, on=on)
            return
    raise NotAllowed(
        f"publisher {entry.publisher} speaks for no member of project {obligation.project_id}",
        code="publisher-not-allowed",
    )
