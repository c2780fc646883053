"""What is told of commitments: values to events, and back after a restore."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.registry.commitments.rules import Commitment, CommitmentState
from services.registry.entries.events import event_id_of
from shared.events import registry as told

_EVENTS: Mapping[CommitmentState, type[told.CommitmentEvent]] = {
    CommitmentState.OPEN: told.CommitmentChanged,
    CommitmentState.KEPT: told.CommitmentKept,
    CommitmentState.DROPPED: told.CommitmentDropped,
}


def commitment_event(commitment: Commitment, now: datetime) -> told.CommitmentEvent:
    """Tell a commitment's new state; one that is registered as kept is told as kept."""
    kind = _EVENTS[commitment.state]
    if commitment.version == 1 and commitment.state is CommitmentState.OPEN:
        kind = told.CommitmentMade
    return kind(
        event_id=event_id_of(kind, commitment.commitment_id, commitment.version),
        occurred_at=now,
        **commitment_fields(commitment),
    )


def commitment_fields(commitment: Commitment) -> dict[str, Any]:
    """Return a commitment's state as contracts carry it."""
    return {
        "commitment_id": commitment.commitment_id,
        "version": commitment.version,
        "gathering_id": commitment.gathering_id,
        "project_id": commitment.project_id,
        "municipality_id": commitment.municipality_id,
        "text": commitment.text,
        "due_on": commitment.due_on,
        "state": commitment.state.value,
        "note": commitment.note,
    }


def commitment_of(event: told.CommitmentEvent) -> Commitment:
    """Return the commitment as it was told."""
    return Commitment(
        event.commitment_id,
        event.gathering_id,
        event.project_id,
        event.municipality_id,
        event.text,
        event.due_on,
        CommitmentState(event.state),
        event.note,
        event.version,
    )
