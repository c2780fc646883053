"""Series, figures with every vintage, and groups' parts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from services.metrics.domain import Figure, Part, PostedWindow, SeriesKey, Weighing
from services.metrics.store.arrays import columns, numbers
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)

_EXTENT_COLUMNS = ("series_ids", "months", "first_months", "last_months", "adds_days", "is_whole")
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
_PART_COLUMNS = (
    "series_ids",
    "last_months",
    "numerators",
    "denominators",
    "weighings",
    "present",
    "suppressed",
    "generated",
)


class KeptSeries(NamedTuple):
    """A series' row, locked, in the order of its columns; see the migration for what they mean."""

    series_id: int
    subject: str
    definition_key: str
    municipality_id: str | None
    months: int | None
    first_month: int | None
    last_month: int | None
    adds_days: bool
    is_whole: bool

    @property
    def key(self) -> SeriesKey:
        """Subject and definition key."""
        return self.subject, self.definition_key


class NewFigure(NamedTuple):
    """A vintage to be kept, in the order of the columns after `series_id`."""

    last_month: int
    months: int
    window: PostedWindow
    vintage: int
    figure_id: UUID
    weighing: Weighing
    amount_micro: int
    weight_micro: int | None
    persons: int | None
    generated: bool


class Withdrawal(NamedTuple):
    """A figure to be taken back, and the place that it filled."""

    last_month: int
    months: int
    window: PostedWindow
    figure_id: UUID


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
            subjects=[subject for subject, _ in missing],
            definition_keys=[definition_key for _, definition_key in missing],
            municipality_ids=[keys[key] for key in missing],
        )
        held |= await _lock(conn, missing)
    return held


async def _lock(conn: Connection, keys: Collection[SeriesKey]) -> dict[SeriesKey, KeptSeries]:
    subjects, definition_keys = columns(keys, 2)
    rows = QUERIES.lock_series(conn, subjects=subjects, definition_keys=definition_keys)
    return {(row["subject"], row["definition_key"]): KeptSeries._make(row) async for row in rows}


async def put_extents(conn: Connection, series: Iterable[KeptSeries]) -> None:
    """Keep the grain and the extent of series, and what kind of figures they have."""
    rows = [
        (s.series_id, s.months, s.first_month, s.last_month, s.adds_days, s.is_whole)
        for s in series
    ]
    if rows:
        await QUERIES.put_extents(conn, **_named(_EXTENT_COLUMNS, rows))


async def list_group_keys(conn: Connection, group_subjects: Collection[str]) -> list[SeriesKey]:
    """Return the series that groups have, or should have by their members' figures."""
    rows = QUERIES.list_group_keys(conn, group_subjects=list(group_subjects))
    return [(row["subject"], row["definition_key"]) async for row in rows]


async def list_group_grains(
    conn: Connection, group_subjects: Collection[str], definition_key: str
) -> dict[str, int]:
    """Return the months per period of groups, which are those of their finest member that goes into
    groups.
    """
    rows = QUERIES.list_group_grains(
        conn, group_subjects=list(group_subjects), definition_key=definition_key
    )
    return {row["subject"]: row["months"] async for row in rows}


async def add_figures(conn: Connection, figures: Sequence[tuple[int, NewFigure]]) -> None:
    """Keep vintages that are not kept yet; those withdrawn before they came are kept as withdrawn.

    Args:
        figures: series id and figure.
    """
    if figures:
        await QUERIES.add_figures(
            conn, **_named(_FIGURE_COLUMNS, [(one, *figure) for one, figure in figures])
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
        await QUERIES.mark_replaced(conn, **_named(_PLACE_COLUMNS, sorted(places)))


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


async def list_member_figures(
    conn: Connection,
    definition_key: str,
    municipality_ids: Collection[str],
    *,
    months: int,
    last_months: Collection[int] | None,
) -> dict[tuple[int, str], list[Figure]]:
    """Return municipalities' figures for single periods, by last month and municipality; see
    `list_figures`.

    Args:
        months: months per period.
        last_months: the periods; None for all.
    """
    if last_months is None:
        rows = QUERIES.list_all_member_figures(
            conn,
            definition_key=definition_key,
            municipality_ids=list(municipality_ids),
            months=months,
        )
    else:
        rows = QUERIES.list_member_figures(
            conn,
            definition_key=definition_key,
            municipality_ids=list(municipality_ids),
            last_months=list(last_months),
            months=months,
        )
    found: dict[tuple[int, str], list[Figure]] = {}
    async for row in rows:
        found.setdefault((row[1], row[0]), []).append(Figure._make(row[1:]))
    return found


async def add_small_cells(conn: Connection, cells: Collection[tuple[int, str]]) -> None:
    """Keep in which months which municipalities have too few persons.

    Args:
        cells: last month and municipality.
    """
    last_months, municipality_ids = columns(cells, 2)
    await QUERIES.add_small_cells(conn, last_months=last_months, municipality_ids=municipality_ids)


async def list_small_municipalities(
    conn: Connection, last_months: Collection[int] | None
) -> set[str]:
    """Return the municipalities with a cell of too few persons at some of these months; None for
    any month.
    """
    months = None if last_months is None else list(last_months)
    return {
        row["municipality_id"]
        async for row in QUERIES.list_small_municipalities(conn, last_months=months)
    }


async def remove_parts(conn: Connection, series_ids: Collection[int]) -> None:
    """Forget what groups' members bring in, because all of it is about to be summed anew."""
    await QUERIES.remove_parts(conn, series_ids=list(series_ids))


async def put_parts(conn: Connection, parts: Mapping[tuple[int, int], Part]) -> None:
    """Keep what groups' members bring in, by series id and last month."""
    if parts:
        await QUERIES.put_parts(
            conn, **_named(_PART_COLUMNS, [(*place, *part) for place, part in parts.items()])
        )


async def list_parts(conn: Connection, since: Mapping[int, int]) -> dict[int, dict[int, Part]]:
    """Return what groups' members bring in from a month on, by series id and last month."""
    found: dict[int, dict[int, Part]] = {series_id: {} for series_id in since}
    if since:
        rows = QUERIES.list_parts(
            conn, series_ids=numbers(since), since_months=numbers(since.values())
        )
        async for (
            series_id,
            last_month,
            numerator,
            denominator,
            weighing,
            present,
            suppressed,
            generated,
        ) in rows:
            found[series_id][last_month] = Part(
                int(numerator), int(denominator), weighing, present, suppressed, generated
            )
    return found


def _named(names: Sequence[str], rows: Collection[Sequence[Any]]) -> dict[str, Any]:
    """Return the columns of rows by name, all but the ids written as arrays of numbers."""
    return {
        name: list(column) if name == "figure_ids" else numbers(column)
        for name, column in zip(names, columns(rows, len(names)), strict=True)
    }
