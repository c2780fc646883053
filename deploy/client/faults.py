"""What can go wrong that whoever runs the client can mend."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FAULTS_SHOWN = 20


class ClientError(Exception):
    """Something that whoever runs the client can mend; the text is for them."""


class NotReached(ClientError):
    """Kafka or a topic is not there, or receipts did not come."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What in a file cannot be read: where, and what to write instead.

    Attributes:
        line: as an editor counts; None for the file as a whole.
        column: its number and name.
    """

    line: int | None
    column: str | None
    message: str

    def __str__(self) -> str:
        line = "" if self.line is None else f"line {self.line}"
        column = "" if self.column is None else f"column {self.column}"
        place = ", ".join(filter(None, (line, column)))
        return f"{place}: {self.message}" if place else self.message


class FileUnreadable(ClientError):
    """A file cannot be read whole, so nothing of it may be posted."""

    def __init__(self, path: Path, faults: Sequence[Fault]) -> None:
        shown = [str(fault) for fault in faults[:FAULTS_SHOWN]]
        if len(faults) > FAULTS_SHOWN:
            shown.append(f"and {len(faults) - FAULTS_SHOWN} more")
        between = "\n  " if len(shown) > 1 else " "
        super().__init__(between.join([f"nothing is posted of {path}:", *shown]))
        self.faults = tuple(faults)
