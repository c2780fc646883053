"""How long steps tell the person at the terminal that they are still moving."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich import progress as rich_progress
from rich.console import Console


class Progress(Protocol):
    """Called by a long step each time it moved."""

    def __call__(self, step: str, *, done: int = 0, total: int = 0) -> None:
        """Say that `step` moved; `total` 0 means that nobody can know how much is left."""


def silent(step: str, *, done: int = 0, total: int = 0) -> None:
    """Show nothing: for tests and for output that is read by machines."""


@contextmanager
def shown(console: Console | None = None) -> Iterator[Progress]:
    """Show each step on a line of its own while the block runs, on standard error so that output
    stays readable.
    """
    columns = (rich_progress.SpinnerColumn(), rich_progress.TextColumn("{task.description}"))
    counts = (rich_progress.TextColumn("{task.fields[count]}"), rich_progress.TimeElapsedColumn())
    with rich_progress.Progress(*columns, *counts, console=console or Console(stderr=True)) as bars:
        lines: dict[str, rich_progress.TaskID] = {}

        def show(step: str, *, done: int = 0, total: int = 0) -> None:
            line = lines.get(step)
            if line is None:
                line = lines[step] = bars.add_task(step, total=total or None, count="")
            bars.update(
                line, completed=done, total=total or None, count=f"{done}/{total}" if total else ""
            )

        yield show


@contextmanager
def showing(step: str) -> Iterator[None]:
    """Show one step while the block runs, to somebody who looks: a log needs no line for it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with shown(console) as progress:
        progress(step)
        yield
