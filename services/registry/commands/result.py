"""What a command that puts something answers."""

from dataclasses import dataclass
from typing import Generic, TypeVar

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Put(Generic[State]):
    """The state in force after a command.

    Attributes:
        created: it was not there before.
        changed: this command changed it; false when the same was put again, and then nothing was
            published.
    """

    state: State
    created: bool
    changed: bool
