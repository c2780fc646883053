"""What became of a submission, and the receipts by which its publisher learns it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from services.reporting.submissions.reading import Entry, printable, refusal, shown_id
from services.reporting.submissions.rules import Arrival, is_overtaken
from shared.access.auth import Principal
from shared.delivery.dead_letters import Failure
from shared.delivery.records import Record
from shared.delivery.submissions import sent_id
from shared.errors import AppError, Conflict, FieldError, Finding, NotAllowed
from shared.events.envelope import derived_id
from shared.events.reporting import (
    ErrorContract,
    FindingContract,
    SubmissionAccepted,
    SubmissionRejected,
)
from shared.identity_numbers import (
    bytes_hold_identity_number,
    holds_identity_number,
    person_fault,
)
from shared.outbox import outbox
from shared.postgres.database import Connection

Rights = Mapping[str, Principal]
"""Who acts for each publisher, by organisation number: the publisher itself, or the operator in its
name.
"""

Receipt = SubmissionAccepted | SubmissionRejected


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one submission.

    Attributes:
        result: `accepted`, `repeated` (the first answer again) or `rejected`.
        vintage: which vintage of its place, or version of its report, it is or was, when not
            rejected.
        error: why it was rejected.
    """

    entry: Entry
    result: str
    vintage: int | None = None
    findings: tuple[Finding, ...] = ()
    error: AppError | None = None


def principal_of(rights: Rights, publisher: str) -> Principal:
    """Return who acts for a publisher.

    Raises:
        NotAllowed: `publisher-unknown`; the publisher is not registered, or was revoked.
    """
    if (principal := rights.get(publisher)) is None:
        raise NotAllowed(
            f"publisher {publisher} is not registered or was revoked", code="publisher-unknown"
        )
    return principal


def refuse_overtaken(entry: Entry, what: str, *, by: Arrival | None) -> None:
    """Refuse what arrived before something that was taken already; see `is_overtaken`.

    Raises:
        Conflict: `overtaken`.
    """
    if is_overtaken(entry.arrival, by=by):
        raise Conflict(
            f"a {what} that arrived later was taken already; this one arrived at"
            f" {entry.arrived_at.isoformat(timespec='milliseconds')}, and nothing of it was kept:"
            " send it again if it is to hold",
            code="overtaken",
        )


def contracts_of(findings: Iterable[Finding]) -> list[FindingContract]:
    """Write findings as contracts carry them."""
    return [
        FindingContract(
            code=f.code,
            severity=f.severity,
            message=f.message,
            field=f.field,
            message_args=f.message_args,
        )
        for f in findings
    ]


async def put_receipts(conn: Connection, outcomes: Sequence[Judged], *, now: datetime) -> None:
    """Let each publisher know what became of its submissions, on a topic that only it may read."""
    await outbox.put(
        conn,
        [_receipt(judged, now) for judged in outcomes],
        topic=lambda r: r.topic_of(r.publisher),
    )


async def reject_unknown_type(
    conn: Connection, entries: Sequence[Entry], *, kind: str, now: datetime
) -> None:
    """Answer submissions of a type that this topic does not take."""
    shown = "(withheld)" if holds_identity_number(kind) else repr(printable(kind))
    error = refusal((FieldError("type-unknown", f"this topic takes no events of type {shown}"),))
    await put_receipts(conn, [Judged(entry, "rejected", error=error) for entry in entries], now=now)


async def refuse_record(conn: Connection, record: Record, failure: Failure) -> None:
    """Write the receipt of an inbound record that could not be read or handled at all."""
    publisher = record.topic.split(".")[1]
    receipt = _rejection(
        publisher=publisher,
        submission_id=shown_id(sent_id(record)),
        error=failure.told,
        origin=record.origin,
        now=datetime.now(UTC),
    )
    await outbox.put(conn, [receipt], topic=receipt.topic_of(publisher))


def withhold(record: Record) -> Failure | None:
    """Tell why an inbound record that ends as a dead letter must not be kept as it is; None when it
    may be.
    """
    headers = [part for name, value in record.headers for part in (name.encode(), value)]
    if not bytes_hold_identity_number(record.key, record.value, *headers):
        return None
    fault = person_fault()
    return Failure(fault.code, fault.message)


def _receipt(judged: Judged, now: datetime) -> Receipt:
    entry = judged.entry
    if judged.error is not None:
        return _rejection(
            publisher=entry.publisher,
            submission_id=entry.shown_id,
            error=judged.error,
            origin=entry.origin,
            now=now,
        )
    assert judged.vintage is not None
    assert entry.shown_id is not None
    return SubmissionAccepted(
        event_id=_receipt_id(entry.origin, entry.shown_id, "accepted"),
        occurred_at=now,
        publisher=entry.publisher,
        origin=entry.origin,
        submission_id=entry.shown_id,
        vintage=judged.vintage,
        findings=contracts_of(judged.findings),
    )


def _rejection(
    *, publisher: str, submission_id: str | None, error: AppError, origin: str, now: datetime
) -> SubmissionRejected:
    return SubmissionRejected(
        event_id=_receipt_id(origin, submission_id, error.code),
        occurred_at=now,
        publisher=publisher,
        origin=origin,
        submission_id=submission_id,
        code=error.code,
        message=error.message,
        errors=[
            ErrorContract(code=e.code, message=e.message, pointer=e.pointer) for e in error.errors
        ],
    )


def _receipt_id(origin: str, submission_id: str | None, verdict: str) -> UUID:
    """A record that is consumed again gets the same receipt again; one that is replayed to another
    verdict, another.

    So does another submission at the same place: a log that was put back to an earlier moment gives
    offsets out anew.
    """
    return (
        uuid4() if origin == "http" else derived_id("receipt", origin, submission_id or "", verdict)
    )
