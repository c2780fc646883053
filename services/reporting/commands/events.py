"""Writing out what reporting tells: the mapping from kept figures and judgements to events and receipts."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from services.reporting.domain import Draft
from services.reporting.store.figures import KeptFigure
from shared.errors import AppError, Finding
from shared.events.envelope import derived_id
from shared.events.registry import DefinitionContract
from shared.events.reporting import (
    AbsenceFigurePosted,
    AbsenceFigureWithdrawn,
    ErrorContract,
    Figure,
    FindingContract,
    SubmissionAccepted,
    SubmissionRejected,
)
from shared.values import Definition

if TYPE_CHECKING:
    from services.reporting.commands.figures import Judged

OPERATOR = "operator"
"""The publisher's name where the operator posts for nobody else; it has no receipts topic."""

Receipt = SubmissionAccepted | SubmissionRejected


def kept_figure(
    draft: Draft,
    municipality_id: str,
    *,
    vintage: int,
    replaces: UUID | None,
    findings: tuple[Finding, ...],
    now: datetime,
) -> KeptFigure:
    """Make the figure that is kept of a draft that was accepted."""
    return KeptFigure(
        publisher=draft.publisher,
        figure_id=draft.figure_id,
        municipality_id=municipality_id,
        municipality_number=draft.number,
        unit=draft.unit,
        period=str(draft.period),
        window=draft.window,
        definition_key=draft.definition.key,
        lost_days=draft.lost_days,
        agreed_days=draft.agreed_days,
        rate_percent=draft.rate_percent,
        weight_kind=draft.weight_kind,
        weight=draft.weight,
        persons=draft.persons,
        note=draft.note,
        generated=draft.generated,
        findings=findings,
        vintage=vintage,
        replaces=replaces,
        in_force=True,
        origin=draft.origin,
        posted_at=now,
    )


def posted(figure: KeptFigure, definition: Definition) -> AbsenceFigurePosted:
    """Tell that a figure was accepted; its event id follows from the publisher's id."""
    return AbsenceFigurePosted(
        event_id=derived_id("AbsenceFigurePosted", figure.publisher, figure.figure_id),
        occurred_at=figure.posted_at,
        **_fields(figure, definition),
    )


def withdrawn(
    figure: KeptFigure, in_force: KeptFigure | None, *, reason: str, by: str, now: datetime
) -> AbsenceFigureWithdrawn:
    """Tell that a figure was taken back, and what holds again."""
    definition = Definition.from_key(figure.definition_key)
    return AbsenceFigureWithdrawn(
        event_id=derived_id("AbsenceFigureWithdrawn", figure.publisher, figure.figure_id),
        occurred_at=now,
        figure_id=figure.figure_id,
        municipality_id=figure.municipality_id,
        unit=figure.unit or None,
        period=figure.period,
        window=figure.window,
        definition=_definition(definition),
        reason=reason,
        publisher=by,
        withdrawn_at=now,
        in_force=None if in_force is None else Figure(**_fields(in_force, definition)),
    )


def receipt(judged: "Judged", now: datetime) -> Receipt:
    """Write the receipt of a judgement; a record that comes again gets the same receipt again."""
    entry = judged.entry
    if judged.error is not None:
        return rejection(
            publisher=entry.publisher, submission_id=entry.submission_id, error=judged.error, origin=entry.origin
        )
    assert judged.vintage is not None
    return SubmissionAccepted(
        event_id=_receipt_id(entry.origin),
        occurred_at=now,
        publisher=entry.publisher,
        origin=entry.origin,
        submission_id=UUID(entry.submission_id),
        vintage=judged.vintage,
        findings=contracts_of(judged.findings),
    )


def rejection(*, publisher: str, submission_id: str | None, error: AppError, origin: str) -> SubmissionRejected:
    """Write the receipt of something that was refused."""
    return SubmissionRejected(
        event_id=_receipt_id(origin),
        publisher=publisher,
        origin=origin,
        submission_id=submission_id,
        code=error.code,
        message=error.message,
        errors=[ErrorContract(code=e.code, message=e.message, pointer=e.pointer) for e in error.errors],
    )


def contracts_of(findings: Iterable[Finding]) -> list[FindingContract]:
    """Write findings as contracts carry them."""
    return [
        FindingContract(code=f.code, severity=f.severity, message=f.message, field=f.field, message_args=f.message_args)
        for f in findings
    ]


def _receipt_id(origin: str) -> UUID:
    return uuid4() if origin == "http" else derived_id("receipt", origin)


def _definition(definition: Definition) -> DefinitionContract:
    return DefinitionContract(
        certification=definition.certification.value,
        denominator=definition.denominator.value,
        holiday_corrected=definition.holiday_corrected,
        source=definition.source.value,
    )


def _fields(figure: KeptFigure, definition: Definition) -> dict[str, object]:
    return {
        "figure_id": figure.figure_id,
        "municipality_id": figure.municipality_id,
        "municipality_number": figure.municipality_number,
        "unit": figure.unit or None,
        "period": figure.period,
        "window": figure.window,
        "lost_days": figure.lost_days,
        "agreed_days": figure.agreed_days,
        "rate_percent": figure.rate_percent,
        "weight_kind": figure.weight_kind,
        "weight": figure.weight,
        "persons": figure.persons,
        "definition": _definition(definition),
        "note": figure.note,
        "generated": figure.generated,
        "vintage": figure.vintage,
        "replaces": figure.replaces,
        "publisher": figure.publisher,
        "posted_at": figure.posted_at,
        "findings": contracts_of(figure.findings),
    }
