"""Working out which states a series has now, from the figures or the group's parts that are
kept.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from services.metrics.domain import (
    NOBODY,
    Figure,
    Goal,
    HistoryMissing,
    Part,
    PostedWindow,
    Roster,
    Series,
    Settled,
    Stretch,
    affected,
    extent_of,
    grain_months,
    own_series,
    settle,
)
from services.metrics.store import series as store
from services.metrics.store.series import KeptSeries
from shared.postgres.database import Connection

_ANY_MONTH = -1


@dataclass(slots=True)
class Job:
    """A series of which something changed.

    Attributes:
        kept: its row as it was locked.
        months: for a group, the length of its periods now; for others found from the figures.
        touched: last month and length of the periods whose figures changed.
        from_all: work it out from all its figures, because some of them reach further than a year,
            or it is new.
        everything: all its states may differ: its goals, its members or its grain changed.
    """

    kept: KeptSeries
    months: int | None
    touched: set[tuple[int, int]] = field(default_factory=set)
    from_all: bool = False
    everything: bool = False


class Worked(NamedTuple):
    """A series worked out.

    Attributes:
        kept: its row as it was.
        now: its row as it is to be kept.
        sweep: states that are kept elsewhere than at the settled places belong to no period any
            more.
        carried: its states may rest on figures of any age.
    """

    kept: KeptSeries
    now: KeptSeries
    goals: Sequence[Goal]
    settled: Settled
    sweep: bool
    carried: bool


async def work_out_own(conn: Connection, roster: Roster, jobs: Collection[Job]) -> list[Worked]:
    """Work out series of municipalities and units from their figures."""
    since = {job.kept.series_id: _since(job, roster) for job in jobs}
    figures = await store.list_figures(conn, since)
    worked: list[Worked] = []
    again: list[Job] = []
    for job in jobs:
        series_id = job.kept.series_id
        goals = roster.goals_of.get(job.kept.key, ())
        try:
            worked.append(_own(job, figures[series_id], goals, since[series_id]))
        except HistoryMissing:
            again.append(replace(job, from_all=True))
    return worked + (await work_out_own(conn, roster, again) if again else [])


async def work_out_groups(conn: Connection, roster: Roster, jobs: Collection[Job]) -> list[Worked]:
    """Work out groups' series from their parts, which were summed before."""
    since = {job.kept.series_id: _since(job, roster) for job in jobs}
    parts = await store.list_parts(conn, since)
    worked: list[Worked] = []
    again: list[Job] = []
    for job in jobs:
        series_id = job.kept.series_id
        try:
            worked.append(_group(job, parts[series_id], roster, since[series_id]))
        except HistoryMissing:
            again.append(replace(job, from_all=True))
    return worked + (await work_out_groups(conn, roster, again) if again else [])


def _since(job: Job, roster: Roster) -> int:
    """Return the first month to load: a year before the first period to be settled, two where a
    goal looks back.

    That is the first touched one, or the first of the gap that a figure leaves behind the last one
    so far. Windows reach back less than a year; the year-on-year change compares with a year
    before. A goal's state may be that of an earlier period, mostly the one just before; when it
    lies further back, all is loaded (`HistoryMissing`).
    """
    if job.from_all or job.everything or not job.touched:
        return _ANY_MONTH
    years = 2 if job.kept.key in roster.goals_of else 1
    first = min(last_month for last_month, _ in job.touched)
    if job.kept.last_month is not None:
        first = min(first, job.kept.last_month + 1)
    return first - 12 * years


def _own(job: Job, figures: Sequence[Figure], goals: Sequence[Goal], since: int) -> Worked:
    kept = job.kept
    from_all = since == _ANY_MONTH
    if from_all:
        months = grain_months(figures)
        extent = extent_of(figures, months)
        carried = any(
            f.window != PostedWindow.PERIOD or f.months != months or f.withdrawn for f in figures
        )
        adds_days = any(f.adds_days and f.window == PostedWindow.PERIOD for f in figures)
        now = kept._replace(
            months=months,
            adds_days=kept.municipality_id is not None and adds_days,
            is_whole=carried,
        )
    else:
        assert kept.months is not None
        months, carried, now = kept.months, False, kept
        extent = _wider(
            _extent(kept, months), [last_month // months for last_month, _ in job.touched]
        )
    now = _with_extent(now, extent, months)
    series = own_series(
        kept.subject,
        kept.definition_key,
        figures,
        months=months,
        extent=extent or (0, -1),
        goals=goals,
        is_unit=kept.municipality_id is None,
    )
    return _settled(job, now, series, since=since, carried=carried)


def _group(job: Job, parts: Mapping[int, Part], roster: Roster, since: int) -> Worked:
    kept, months = job.kept, job.months or 1
    ordinals = [last_month // months for last_month in parts]
    before = None if job.everything else _extent(kept, months)
    extent = _wider(before, ordinals)
    stretch = Stretch.of({last_month // months: part for last_month, part in parts.items()})
    first, last = extent or (0, -1)
    series = Series(
        kept.subject,
        kept.definition_key,
        months,
        first,
        last,
        stretch,
        goals=roster.goals_of.get(kept.key, ()),
        membership=roster.memberships.get(kept.subject, NOBODY),
    )
    return _settled(job, _with_extent(kept, extent, months), series, since=since, carried=False)


def _settled(job: Job, now: KeptSeries, series: Series, *, since: int, carried: bool) -> Worked:
    kept, extent = job.kept, (series.first, series.last)
    sweep = job.everything or (kept.months is not None and kept.months != series.months)
    ordinals: Sequence[int] = range(series.first, series.last + 1)
    if not sweep:
        ordinals = affected(
            {last_month // series.months for last_month, _ in job.touched},
            before=_extent(kept, series.months),
            extent=extent,
            per_year=series.per_year,
            to_end=carried or bool(series.goals),
        )
    loaded_from = None if since == _ANY_MONTH else since // series.months
    settled = settle(series, ordinals, loaded_from=loaded_from)
    return Worked(kept, now, series.goals, settled, sweep, carried)


def _extent(kept: KeptSeries, months: int) -> tuple[int, int] | None:
    if kept.first_month is None or kept.last_month is None:
        return None
    return kept.first_month // months, kept.last_month // months


def _wider(extent: tuple[int, int] | None, ordinals: Collection[int]) -> tuple[int, int] | None:
    if not ordinals:
        return extent
    first, last = extent or (min(ordinals), max(ordinals))
    return min(first, *ordinals), max(last, *ordinals)


def _with_extent(kept: KeptSeries, extent: tuple[int, int] | None, months: int) -> KeptSeries:
    if extent is None:
        return kept._replace(months=None, first_month=None, last_month=None)
    first, last = extent
    return kept._replace(
        months=months, first_month=(first + 1) * months - 1, last_month=(last + 1) * months - 1
    )
