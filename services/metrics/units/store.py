"""The figures of municipalities and their units, as far as it has to be judged whether they are
shown.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from services.metrics.series.rules.rows import KeptSeries
from shared.postgres.arrays import named
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)

_MARK_COLUMNS = (
    "series_ids",
    "last_months",
    "months",
    "posted_windows",
    "vintages",
    "withheld",
    "was_shown",
)


class Place(NamedTuple):
    """Where a vintage of a figure stands."""

    series_id: int
    last_month: int
    months: int
    window: int
    vintage: int


class Row(NamedTuple):
    """A vintage of a figure.

    Attributes:
        withheld: because a small one could be found with it.
        was_shown: it had been published when it was withheld.
    """

    place: Place
    withdrawn: bool
    weighing: int
    persons: int | None
    withheld: bool
    was_shown: bool


async def list_with_units(
    conn: Connection, municipality_ids: Collection[str], metrics: Collection[str]
) -> set[tuple[str, str]]:
    """Return which municipalities have units, and by which of some metrics."""
    rows = QUERIES.list_with_units(
        conn, municipality_ids=list(municipality_ids), metrics=list(metrics)
    )
    return {(row["municipality_id"], row["metric"]) async for row in rows}


async def list_all_with_units(conn: Connection, metric: str) -> set[str]:
    """Return all municipalities that have units by a metric."""
    rows = QUERIES.list_all_with_units(conn, metric=metric)
    return {row["municipality_id"] async for row in rows}


async def lock_municipalities(
    conn: Connection, pairs: Collection[tuple[str, str]]
) -> list[KeptSeries]:
    """Return the series of municipalities and their units, and let nobody else change them until
    this transaction ends.

    Args:
        pairs: municipality and metric.
    """
    rows = QUERIES.lock_municipalities(
        conn,
        municipality_ids=sorted({municipality_id for municipality_id, _ in pairs}),
        metrics=sorted({metric for _, metric in pairs}),
    )
    return [KeptSeries._make(row) async for row in rows]


async def list_cells(
    conn: Connection, series_ids: Iterable[int], years: tuple[int, int]
) -> list[Row]:
    """Return every vintage of series whose period ends in some years, the first to the last."""
    first, last = years
    rows = QUERIES.list_cells(
        conn, series_ids=list(series_ids), from_month=first * 12, to_month=last * 12 + 11
    )
    return [Row(Place(*tuple(row)[:5]), *tuple(row)[5:]) async for row in rows]


async def mark_figures(conn: Connection, marks: Collection[tuple[Place, bool, bool]]) -> None:
    """Mark vintages as withheld or not, and as published before or not."""
    if marks:
        rows = [(*place, withheld, was_shown) for place, withheld, was_shown in marks]
        await QUERIES.mark_figures(conn, **named(_MARK_COLUMNS, rows))
