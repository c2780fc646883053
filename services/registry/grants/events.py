"""What is told of grants: values to events, and back after a restore."""

from datetime import datetime
from typing import Any

from services.registry.entries.events import event_id_of
from services.registry.grants.rules import Grant
from shared.events import registry as told


def grant_event(grant: Grant, now: datetime) -> told.GrantEvent:
    """Tell a grant's new state."""
    kind = told.GrantAwarded if grant.version == 1 else told.GrantChanged
    return kind(
        event_id=event_id_of(kind, grant.grant_id, grant.version),
        occurred_at=now,
        **grant_fields(grant),
    )


def grant_fields(grant: Grant) -> dict[str, Any]:
    """Return a grant's state as contracts carry it."""
    return {
        "grant_id": grant.grant_id,
        "version": grant.version,
        "project_id": grant.project_id,
        "year": grant.year,
        "amount": grant.amount,
        "conditional": grant.is_conditional,
        "letter": grant.letter,
    }


def grant_of(event: told.GrantEvent) -> Grant:
    """Return the grant as it was told."""
    return Grant(
        event.grant_id,
        event.project_id,
        event.year,
        event.amount,
        event.conditional,
        event.letter,
        event.version,
    )
