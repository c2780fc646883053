"""What is published of many subjects over one window."""

import json
from dataclasses import dataclass
from typing import Any

from services.metrics.publishing.rules.published import Cell
from services.metrics.publishing.store import unrounded_of
from services.metrics.series.rules.figures import GRAIN_WINDOWS, Definition, Window
from services.metrics.series.rules.windows import windows_at
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class Row:
    """One subject's figure."""

    subject: str
    municipality_id: str | None
    cell: Cell
    suppressed: bool
    generated: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which figures are asked for.

    Attributes:
        kind: of subjects, such as `municipality`.
        within: only members of this group; all when None.
        takes_last: as of the metric's formula.
    """

    definition: Definition
    kind: str
    within: str | None
    window: Window
    last_month: int
    takes_last: bool


async def list_figures(conn: Connection, wanted: Wanted) -> list[Row]:
    """Return the figures over a window, of series of any grain that have it there."""
    grains = _positions(wanted)
    rows = QUERIES.list_contenders(
        conn,
        metric=wanted.definition.metric,
        definition_key=wanted.definition.key,
        kind=wanted.kind,
        group_subject=wanted.within,
        last_month=wanted.last_month,
        window_name=wanted.window.value,
        months=list(grains),
        positions=list(grains.values()),
    )
    return [_row(row) async for row in rows if row["held"] is not None]


def _positions(wanted: Wanted) -> dict[int, int]:
    """Return by months per period where the window's unrounded value stands."""
    found = {}
    for months in GRAIN_WINDOWS:
        if (wanted.last_month + 1) % months == 0:
            spans = windows_at(wanted.last_month // months, months, takes_last=wanted.takes_last)
            names = [span.window for span in spans]
            if wanted.window in names:
                found[months] = 2 * names.index(wanted.window) + 1
    return found


def _row(row: Any) -> Row:
    held = json.loads(row["held"])
    cell = Cell(
        unrounded_of(row["computed"], held["value"]),
        unrounded_of(row["reported"], held["reported"]),
        held["coverage"]["present"],
        held["coverage"]["expected"],
        held["reason"],
    )
    is_withheld = cell.shown is None and held["reason"] is None
    return Row(
        row["subject"],
        row["municipality_id"],
        cell,
        row["suppressed"] == "true" and is_withheld,
        row["generated"] == "true",
    )
