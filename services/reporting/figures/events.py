"""Writing out what reporting tells of figures: the mapping from what is kept to the events."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from services.reporting.figures.kinds.kind import Kind
from services.reporting.figures.kinds.known import kind_of
from services.reporting.figures.places import KeptFigure
from services.reporting.submissions.judging import contracts_of
from shared.events.envelope import Event, derived_id
from shared.events.reporting import FigureWithdrawn


def posted(figure: KeptFigure) -> Event:
    """Tell that a figure was accepted; its event id follows from the publisher's id."""
    kind = kind_of(figure.metric)
    return kind.posted.model_validate(
        {
            "event_id": posted_id(figure.publisher, figure.figure_id),
            "occurred_at": figure.posted_at,
            **_fields(figure, kind),
        }
    )


def withdrawn(
    figure: KeptFigure, in_force: KeptFigure | None, *, reason: str, now: datetime
) -> FigureWithdrawn:
    """Tell that a figure was taken back, and what holds again."""
    again = None
    if in_force is not None:
        kind = kind_of(in_force.metric)
        again = kind.in_force.model_validate(_fields(in_force, kind))
    return FigureWithdrawn(
        event_id=withdrawn_id(figure.publisher, figure.figure_id),
        occurred_at=now,
        figure_id=figure.figure_id,
        municipality_id=figure.municipality_id,
        unit=figure.unit or None,
        metric=figure.metric,
        period=figure.period,
        window=figure.window,
        definition=dict(figure.definition),
        definition_key=figure.definition_key,
        reason=reason,
        publisher=figure.publisher,
        withdrawn_at=now,
        in_force=again,
    )


def posted_id(publisher: str, figure_id: UUID) -> UUID:
    """Return the id of the event that tells of a figure, of whatever kind."""
    return derived_id("FigurePosted", publisher, figure_id)


def withdrawn_id(publisher: str, figure_id: UUID) -> UUID:
    """Return the id of the event that tells of a figure's withdrawal."""
    return derived_id("FigureWithdrawn", publisher, figure_id)


def _fields(figure: KeptFigure, kind: Kind) -> Mapping[str, object]:
    numbers = {name: getattr(figure.measure, part) for part, name in kind.measure.items()}
    return {
        "figure_id": figure.figure_id,
        "municipality": figure.municipality_number,
        "municipality_id": figure.municipality_id,
        "municipality_number": figure.municipality_number,
        "unit": figure.unit or None,
        "metric": figure.metric,
        "period": figure.period,
        "window": figure.window,
        **numbers,
        **(figure.parts or {}),
        "persons": figure.persons,
        "definition": dict(figure.definition),
        "definition_key": figure.definition_key,
        "note": figure.note,
        "generated": figure.generated,
        "vintage": figure.vintage,
        "replaces": figure.replaces,
        "publisher": figure.publisher,
        "posted_at": figure.posted_at,
        "findings": contracts_of(figure.findings),
    }
