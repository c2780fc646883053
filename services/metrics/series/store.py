"""Series, and figures with every vintage."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from services.metrics.series.rules.figures import Figure, PostedWindow, SeriesKey
from services.metrics.series.rules.rows import KeptSeries, NewFigure, Withdrawal
from shared.postgres.arrays import columns, named, numbers
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)

_EXTENT_COLUMNS = (
    "series_ids",
    "months",
    "first_months",
    "last_months",
    "joins_groups",
    "is_whole",
)
_FIGURE_COLUMNS = (
    "series_ids",
    "last_months",
    "months",
    "posted_windows",
    "vintages",
    "figure_ids",
    "weighings",
    "amounts",
    "weights",
    "persons",
    "generated",
)
_PLACE_COLUMNS = ("series_ids", "last_months", "months", "posted_windows")


async def lock_series(
    conn: Connection, keys: Mapping[SeriesKey, str | None]
) -> dict[SeriesKey, KeptSeries]:
    """Return series, new ones among them, and let nobody else change them until this transaction
    ends.

    Args:
        keys: the municipality that each series is of, where it is one's.
    """
    held = await _lock(conn, keys)
    missing = [key for key in keys if key not in held]
    if missing:
        await QUERIES.add_series(
            conn,
            subjects=[key.subject for key in missing],
            metrics=[key.metric for key in missing],
            definition_keys=[key.definition_key for key in missing],
            municipality_ids=[keys[key] for key in missing],
        )
        held |= await _lock(conn, missing)
    return held


async def _lock(conn: Connection, keys: Collection[SeriesKey]) -> dict[SeriesKey, KeptSeries]:
    subjects, metrics, definition_keys = columns(keys, 3)
    rows = QUERIES.lock_series(
        conn, subjects=subjects, metrics=metrics, definition_keys=definition_keys
    )
    return {SeriesKey(row[1], row[2], row[3]): KeptSeries._make(row) async for row in rows}


async def list_series_of_metric(conn: Connection, metric: str) -> dict[SeriesKey, str | None]:
    """Return all series of a metric, each with the municipality that it is of, where it is
    one's.
    """
    return {
        SeriesKey(row["subject"], row["metric"], row["definition_key"]): row["municipality_id"]
        async for row in QUERIES.list_series_of_metric(conn, metric=metric)
    }


async def put_extents(conn: Connection, series: Iterable[KeptSeries]) -> None:
    """Keep the grain and the extent of series, and what kind of figures they have."""
    rows = [
        (s.series_id, s.months, s.first_month, s.last_month, s.joins_groups, s.is_whole)
        for s in series
    ]
    if rows:
        await QUERIES.put_extents(conn, **named(_EXTENT_COLUMNS, rows))


async def add_figures(conn: Connection, figures: Sequence[tuple[int, NewFigure]]) -> None:
    """Keep vintages that are not kept yet; those withdrawn before they came are kept as withdrawn.

    Args:
        figures: series id and figure.
    """
    if figures:
        await QUERIES.add_figures(
            conn,
            **named(
                _FIGURE_COLUMNS,
                [(one, *figure) for one, figure in figures],
                listed=("figure_ids",),
            ),
        )


async def withdraw_figures(conn: Connection, withdrawals: Sequence[tuple[int, Withdrawal]]) -> None:
    """Take figures back, also those that have not come yet.

    Args:
        withdrawals: series id and withdrawal.
    """
    if withdrawals:
        ids, lasts, months, windows, figure_ids = columns(
            [(one, *rest) for one, rest in withdrawals], 5
        )
        await QUERIES.add_withdrawals(conn, series_ids=ids, figure_ids=figure_ids)
        await QUERIES.withdraw_figures(
            conn,
            series_ids=ids,
            last_months=lasts,
            months=months,
            posted_windows=windows,
            figure_ids=figure_ids,
        )
        await QUERIES.unmark_replaced(
            conn, series_ids=ids, last_months=lasts, months=months, posted_windows=windows
        )


async def mark_replaced(
    conn: Connection, places: Collection[tuple[int, int, int, PostedWindow]]
) -> None:
    """Mark the vintages that a later one of their place has replaced; they are kept, and not listed
    any more.

    Args:
        places: series id, and what a figure replaces others at within it: last month, length,
            window.
    """
    if places:
        await QUERIES.mark_replaced(conn, **named(_PLACE_COLUMNS, sorted(places)))


async def list_figures(conn: Connection, since: Mapping[int, int]) -> dict[int, list[Figure]]:
    """Return series' figures from a month on, by series id: all vintages but those that were
    replaced.

    Args:
        since: the first last month of each series, counted from year 0.
    """
    found: dict[int, list[Figure]] = {series_id: [] for series_id in since}
    if since:
        rows = QUERIES.list_figures(
            conn, series_ids=numbers(since), since_months=numbers(since.values())
        )
        async for row in rows:
            found[row[0]].append(Figure._make(row[1:]))
    return found
