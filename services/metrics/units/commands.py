"""Withholding what would give away a small unit, before anything is worked out."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from services.metrics.series.rules.figures import PostedWindow, SeriesKey, Weighing
from services.metrics.series.rules.formulas import Formula
from services.metrics.series.rules.rows import KeptSeries
from services.metrics.units import store
from services.metrics.units.rules import MUNICIPALITY, Held, span_of, withheld_beside
from services.metrics.units.store import Place, Row
from shared.postgres.database import Connection


@dataclass(frozen=True, slots=True)
class Watched:
    """The municipalities with units that a batch touches, before its figures are kept.

    Attributes:
        kept: their series and those of their units, locked.
        known: the vintages that were there before; what was shown of them is out.
        years: the first and the last year that are looked at.
    """

    kept: Mapping[int, KeptSeries]
    known: frozenset[Place]
    years: tuple[int, int]

    async def rows(self, conn: Connection) -> list[Row]:
        """Return every vintage of the years that are looked at."""
        return await store.list_cells(conn, self.kept, self.years)


NOTHING = Watched({}, frozenset(), (0, 0))
EVER = (0, 9999)
"""All years."""


async def watch(
    conn: Connection, keys: Collection[SeriesKey], last_months: Collection[int]
) -> Watched:
    """Lock everything of the municipalities that have units, or get one now.

    It is read after the series were locked, and before the batch's figures are kept: two replicas
    cannot judge one municipality at the same time.

    Args:
        keys: the series of municipalities and units that figures came for, locked.
        last_months: of the periods of the figures.
    """
    owners = {(_owner(key), key.metric) for key in keys}
    if not owners:
        return NOTHING
    pairs = await store.list_with_units(
        conn, {municipality for municipality, _ in owners}, {metric for _, metric in owners}
    )
    pairs &= owners
    if not pairs:
        return NOTHING
    return await _watched(conn, pairs, (min(last_months) // 12, max(last_months) // 12))


async def watch_all(conn: Connection, metric: str) -> Watched:
    """Lock everything of all municipalities that have units by a metric."""
    owners = await store.list_all_with_units(conn, metric)
    return await _watched(conn, {(one, metric) for one in owners}, EVER) if owners else NOTHING


async def _watched(
    conn: Connection, pairs: Collection[tuple[str, str]], years: tuple[int, int]
) -> Watched:
    kept = await store.lock_municipalities(conn, pairs)
    watched = Watched({one.series_id: one for one in kept}, frozenset(), years)
    return replace(watched, known=frozenset(row.place for row in await watched.rows(conn)))


async def withhold_beside(
    conn: Connection, watched: Watched, formulas: Mapping[str, Formula]
) -> dict[SeriesKey, set[tuple[int, int]]]:
    """Mark which figures are withheld beside small ones now.

    Args:
        watched: the municipalities, with the vintages from before the batch.
        formulas: of the metrics that were heard of.

    Returns:
        Last month and length of the periods whose marks changed, by series.
    """
    if not watched.kept:
        return {}
    by_owner: dict[tuple[str, str], list[Row]] = {}
    for row in await watched.rows(conn):
        series = watched.kept[row.place.series_id]
        if series.metric in formulas:
            by_owner.setdefault((_owner(series.key), series.metric), []).append(row)
    marks: list[tuple[Place, bool, bool]] = []
    changed: dict[SeriesKey, set[tuple[int, int]]] = {}
    for (_, metric), rows in by_owner.items():
        for row, withheld, was_shown in _judged(watched, rows, formulas[metric]):
            marks.append((row.place, withheld, was_shown))
            key = watched.kept[row.place.series_id].key
            changed.setdefault(key, set()).add((row.place.last_month, row.place.months))
    await store.mark_figures(conn, marks)
    return changed


def _owner(key: SeriesKey) -> str:
    return key.subject.split("/", 2)[1]


def _judged(
    watched: Watched, rows: Iterable[Row], formula: Formula
) -> Iterable[tuple[Row, bool, bool]]:
    """Yield the figures whose mark is another now, each with whether it is withheld, and whether it
    had been shown before.
    """
    rows = list(rows)
    out = {row.place._replace(vintage=0) for row in rows if _is_out(row, watched, formula)}
    parts: dict[tuple[int, int], dict[Held, Row]] = {}
    for row in _that_count(rows, formula, watched, out):
        place = row.place
        rolling = place.window == PostedWindow.ROLLING_12
        part = (place.window, place.last_month) if rolling else (0, place.last_month // 12)
        parts.setdefault(part, {})[_held(row, watched, formula, out)] = row
    for held in parts.values():
        withheld = withheld_beside(held.keys(), formula.small_persons)
        for one, row in held.items():
            if (one in withheld) != row.withheld and not row.withdrawn:
                yield row, one in withheld, one.was_shown


def _that_count(
    rows: Iterable[Row], formula: Formula, watched: Watched, out: Collection[Place]
) -> Iterable[Row]:
    """Return the figure in force at each place; where there is none, one that was taken back, if it
    was small and stays secret, or was published and stays known.
    """
    best: dict[Place, Row] = {}
    for row in sorted(rows, key=lambda row: row.place.vintage):
        where = row.place._replace(vintage=0)
        if row.weighing == Weighing.NOTHING and not row.withdrawn:
            best.pop(where, None)
        elif not row.withdrawn or (
            (where not in best or best[where].withdrawn)
            and (where in out or _is_small(row, watched, formula))
        ):
            best[where] = row
    return best.values()


def _is_small(row: Row, watched: Watched, formula: Formula) -> bool:
    is_unit = watched.kept[row.place.series_id].municipality_id is None
    return formula.is_small(row.persons, unknown_is_small=is_unit)


def _is_out(row: Row, watched: Watched, formula: Formula) -> bool:
    """Tell whether a vintage has been published."""
    is_shown = row.place in watched.known and not row.withheld
    return row.was_shown or (is_shown and not _is_small(row, watched, formula))


def _held(row: Row, watched: Watched, formula: Formula, out: Collection[Place]) -> Held:
    """Return a figure as it is judged.

    Args:
        out: places of which a vintage has been published. Of a unit the next one counts as
            published too, for it may have the same numbers; a municipality's can still be withheld.
    """
    series = watched.kept[row.place.series_id]
    is_unit = series.municipality_id is None
    return Held(
        series.subject.split("/", 2)[2] if is_unit else MUNICIPALITY,
        series.definition_key,
        row.place.window,
        span_of(row.place.last_month, row.place.months, row.place.window),
        row.persons,
        _is_small(row, watched, formula),
        row.place._replace(vintage=0) in out if is_unit else _is_out(row, watched, formula),
    )
