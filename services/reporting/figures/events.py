"""Writing out what reporting tells of figures: the mapping from what is kept to the events."""

from datetime import datetime
from uuid import UUID

from services.reporting.figures.places import KeptFigure
from services.reporting.figures.reading import ABSENCE
from services.reporting.figures.rules import Draft
from services.reporting.submissions.judging import contracts_of
from shared.errors import Finding
from shared.events.envelope import derived_id
from shared.events.reporting import (
    AbsenceFigureInForce,
    AbsenceFigurePosted,
    FigureWithdrawn,
)


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


def posted(figure: KeptFigure) -> AbsenceFigurePosted:
    """Tell that a figure was accepted; its event id follows from the publisher's id."""
    return AbsenceFigurePosted(
        event_id=posted_id(figure.publisher, figure.figure_id),
        occurred_at=figure.posted_at,
        **_fields(figure),
    )


def withdrawn(
    figure: KeptFigure, in_force: KeptFigure | None, *, reason: str, now: datetime
) -> FigureWithdrawn:
    """Tell that a figure was taken back, and what holds again."""
    return FigureWithdrawn(
        event_id=withdrawn_id(figure.publisher, figure.figure_id),
        occurred_at=now,
        figure_id=figure.figure_id,
        municipality_id=figure.municipality_id,
        unit=figure.unit or None,
        metric="absence",
        period=figure.period,
        window=figure.window,
        definition=ABSENCE.definition_of(figure.definition_key),
        definition_key=figure.definition_key,
        reason=reason,
        publisher=figure.publisher,
        withdrawn_at=now,
        in_force=None if in_force is None else AbsenceFigureInForce(**_fields(in_force)),
    )


def posted_id(publisher: str, figure_id: UUID) -> UUID:
    """Return the id of the event that tells of a figure."""
    return derived_id("AbsenceFigurePosted", publisher, figure_id)


def withdrawn_id(publisher: str, figure_id: UUID) -> UUID:
    """Return the id of the event that tells of a figure's withdrawal."""
    return derived_id("FigureWithdrawn", publisher, figure_id)


def _fields(figure: KeptFigure) -> dict[str, object]:
    return {
        "figure_id": figure.figure_id,
        "municipality": figure.municipality_number,
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
        "definition": ABSENCE.definition_of(figure.definition_key),
        "definition_key": figure.definition_key,
        "note": figure.note,
        "generated": figure.generated,
        "vintage": figure.vintage,
        "replaces": figure.replaces,
        "publisher": figure.publisher,
        "posted_at": figure.posted_at,
        "findings": contracts_of(figure.findings),
    }
