"""What a commitment must be, and what may become of it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.registry.entries.rules import check_id, check_line, revised
from shared.errors import RuleBroken

TEXT_LENGTH_MAX = 500


class CommitmentState(StrEnum):
    """What became of a commitment."""

    OPEN = "open"
    KEPT = "kept"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Commitment:
    """Something that was promised at a gathering.

    Attributes:
        municipality_id: the member of the project that promised it; none for the project.
        note: how it was kept, or why it was dropped.
        version: rises by one with every change of this state, from 1.
    """

    commitment_id: str
    gathering_id: str
    project_id: str
    municipality_id: str | None
    text: str
    due_on: date
    state: CommitmentState = CommitmentState.OPEN
    note: str | None = None
    version: int = 1


def revised_commitment(
    present: Commitment | None, wanted: Commitment, *, begins_on: date
) -> Commitment | None:
    """Judge a commitment that was put; none when it is as it was.

    Args:
        begins_on: the first day of the gathering at which it was made.

    Raises:
        RuleBroken: `id-malformed`, `text-malformed`, `note-missing` (a dropped one says why),
            `due-before-made` or `commitment-moved` (to another gathering or project).
    """
    check_id(wanted.commitment_id, "commitment")
    check_line(wanted.text, "a commitment", length_max=TEXT_LENGTH_MAX)
    if wanted.note is not None:
        check_line(wanted.note, "a note", length_max=TEXT_LENGTH_MAX)
    if wanted.state is CommitmentState.DROPPED and wanted.note is None:
        raise RuleBroken(
            f"{wanted.commitment_id} is dropped: say why in `note`", code="note-missing"
        )
    if wanted.due_on < begins_on:
        raise RuleBroken(
            f"due_on must not be before {begins_on}, when the gathering begins, got"
            f" {wanted.due_on}",
            code="due-before-made",
        )
    if present is not None and (present.gathering_id, present.project_id) != (
        wanted.gathering_id,
        wanted.project_id,
    ):
        raise RuleBroken(
            f"{wanted.commitment_id} was made by {present.project_id} at {present.gathering_id} and"
            " stays there",
            code="commitment-moved",
        )
    return revised(present, wanted)
