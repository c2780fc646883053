"""What is told of commitments: the first thing that they do when they get home."""

from typing import Literal

from shared.events.envelope import Contract, Event, Slug
from shared.moments import Day


class CommitmentContract(Contract):
    """A commitment as it is. `note`: why it was dropped, or how it was kept."""

    commitment_id: Slug
    version: int
    gathering_id: Slug
    project_id: Slug
    municipality_id: str | None = None
    text: str
    due_on: Day
    state: Literal["open", "kept", "dropped"]
    note: str | None = None


class _CommitmentEvent(CommitmentContract, Event):
    producer = "registry"
    aggregate = "commitment"

    @property
    def key(self) -> str:
        return self.commitment_id


class CommitmentMade(_CommitmentEvent):
    """A commitment was made at a gathering."""


class CommitmentChanged(_CommitmentEvent):
    """A commitment's text, date or note changed, or it is open again."""


class CommitmentKept(_CommitmentEvent):
    """What was promised was done."""


class CommitmentDropped(_CommitmentEvent):
    """What was promised will not be done."""


CommitmentEvent = CommitmentMade | CommitmentChanged | CommitmentKept | CommitmentDropped
