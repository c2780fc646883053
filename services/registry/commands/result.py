"""What a command that puts something answers, and how a caller guards against a lost update."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

State = TypeVar("State")

Guard = Callable[[int | None], None]
"""Told the version that is in force (none when there is nothing yet) before anything is written; raises to refuse."""


@dataclass(frozen=True, slots=True)
class Put(Generic[State]):
    """The state in force after a command.

    Attributes:
        created: it was not there before.
        changed: this command changed it; false when the same was put again, and then nothing was published.
    """

    state: State
    created: bool
    changed: bool


def unguarded(_version: int | None) -> None:
    """Let every state be overwritten."""
