"""What is told of knowledge: values to events, and back after a restore."""

from datetime import datetime
from typing import Any

from services.registry.entries.events import event_id_of, read_names, tell_names
from services.registry.knowledge.rules import Knowledge, KnowledgeKind, KnowledgeState, Provenance
from shared.events import registry as told


def knowledge_event(knowledge: Knowledge, now: datetime) -> told.KnowledgeEvent:
    """Tell a piece's new state."""
    kind = _event_of(knowledge)
    return kind(
        event_id=event_id_of(kind, knowledge.knowledge_id, knowledge.version),
        occurred_at=now,
        **knowledge_fields(knowledge),
    )


def _event_of(knowledge: Knowledge) -> type[told.KnowledgeEvent]:
    is_new = knowledge.version == 1
    match knowledge.kind:
        case KnowledgeKind.GOOD_EXAMPLE:
            return told.GoodExamplePublished if is_new else told.GoodExampleChanged
        case KnowledgeKind.CHALLENGE:
            if knowledge.status is KnowledgeState.ANSWERED:
                return told.ChallengeAnswered
            return told.ChallengeRaised if is_new else told.ChallengeChanged
        case _:
            return told.PublicationPublished if is_new else told.PublicationChanged


def knowledge_fields(knowledge: Knowledge) -> dict[str, Any]:
    """Return a piece's state as contracts carry it."""
    source = knowledge.source
    return {
        "id": knowledge.knowledge_id,
        "version": knowledge.version,
        "programme_id": knowledge.programme_id,
        "kind": knowledge.kind.value,
        "names": tell_names(knowledge.names),
        "summary": tell_names(knowledge.summary),
        "theme_ids": list(knowledge.theme_ids),
        "project_ids": list(knowledge.project_ids),
        "measure_ids": list(knowledge.measure_ids),
        "provenance": told.Provenance(by=source.by, on=source.on, where=source.where),
        "status": knowledge.status.value if knowledge.status is not None else None,
        "answer": tell_names(knowledge.answer) if knowledge.answer is not None else None,
    }


def knowledge_of(event: told.KnowledgeEvent) -> Knowledge:
    """Return the piece of knowledge as it was told."""
    return Knowledge(
        knowledge_id=event.id,
        programme_id=event.programme_id,
        kind=KnowledgeKind(event.kind),
        names=read_names(event.names),
        source=Provenance(event.provenance.by, event.provenance.on, event.provenance.where),
        summary=read_names(event.summary),
        theme_ids=tuple(event.theme_ids),
        project_ids=tuple(event.project_ids),
        measure_ids=tuple(event.measure_ids),
        status=KnowledgeState(event.status) if event.status is not None else None,
        answer=read_names(event.answer) if event.answer is not None else None,
        version=event.version,
    )
