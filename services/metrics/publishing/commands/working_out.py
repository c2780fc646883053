"""Working out which states a series has now, from the figures or the group's parts that are
kept.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from services.metrics.goals.rules import Goal
from services.metrics.groups import store as group_store
from services.metrics.groups.rules import Roster
from services.metrics.heard.rules import NOBODY
from services.metrics.publishing.rules.states import HistoryMissing, Settled, settle
from services.metrics.series import store as series_store
from services.metrics.series.rules.figures import Figure, PostedWindow, grain_months
from services.metrics.series.rules.formulas import Formula
from services.metrics.series.rules.plans import ANY_MONTH, Partly, Plan, Wholly
from services.metrics.series.rules.reach import affected
from services.metrics.series.rules.rows import KeptSeries
from services.metrics.series.rules.stretch import Part, Stretch
from services.metrics.series.rules.windows import Series, extent_of, own_series
from shared.postgres.database import Connection

Extent = tuple[int, int] | None
"""The ordinals of the first and last period that have states; None when there are none."""


class Worked(NamedTuple):
    """A series worked out.

    Attributes:
        kept: its row as it was.
        now: its row as it is to be kept.
        sweep: states that are kept elsewhere than at the settled places belong to no period any
            more.
    """

    kept: KeptSeries
    now: KeptSeries
    formula: Formula
    goals: Sequence[Goal]
    settled: Settled
    sweep: bool


class _Read(NamedTuple):
    """A series as it was read.

    Attributes:
        now: its row as it is to be kept.
        carried: its states may rest on figures of any age.
    """

    now: KeptSeries
    series: Series
    carried: bool


async def work_out(conn: Connection, roster: Roster, plans: Collection[Plan]) -> list[Worked]:
    """Work out series from their figures, and groups' from their parts, as planned.

    Figures of a metric that was not heard of yet are kept, and worked out when it is.
    """
    plans = [plan for plan in plans if plan.kept.metric in roster.formulas]
    since = {plan.kept.series_id: _since(plan, roster) for plan in plans}
    groups = {plan.kept.series_id for plan in plans if plan.kept.is_group}
    figures = await series_store.list_figures(
        conn, {one: month for one, month in since.items() if one not in groups}
    )
    parts = await group_store.list_parts(
        conn, {one: month for one, month in since.items() if one in groups}
    )
    worked: list[Worked] = []
    again: list[Plan] = []
    for plan in plans:
        series_id, formula = plan.kept.series_id, roster.formulas[plan.kept.metric]
        is_whole = since[series_id] == ANY_MONTH
        if plan.kept.is_group:
            read = _group(plan, parts[series_id], formula, roster)
        else:
            read = _own(plan, figures[series_id], formula, is_whole=is_whole)
        goals = roster.goals_of.get(plan.kept.key, ())
        try:
            worked.append(_settled(plan, read, goals, None if is_whole else since[series_id]))
        except HistoryMissing:
            again.append(plan.reading_all())
    return worked + (await work_out(conn, roster, again) if again else [])


def _since(plan: Plan, roster: Roster) -> int:
    """Return the first month to read: a year before the first state that may differ, two where a
    goal looks back.

    Windows reach back less than a year; the year-on-year change compares with a year before. A
    goal's state may be that of an earlier period, mostly the one just before; when it lies further
    back, all is read (`HistoryMissing`).
    """
    first = plan.first_month
    if first is None:
        return ANY_MONTH
    return first - 12 * (2 if plan.kept.key in roster.goals_of else 1)


def _own(plan: Plan, figures: Sequence[Figure], formula: Formula, *, is_whole: bool) -> _Read:
    """Read the series of a municipality or a unit."""
    kept = plan.kept
    if is_whole:
        months = grain_months(figures)
        extent = extent_of(figures, months)
        carried = any(
            f.window != PostedWindow.PERIOD or f.months != months or f.withdrawn for f in figures
        )
        joins = any(f.joins_groups and f.window == PostedWindow.PERIOD for f in figures)
        now = kept._replace(
            months=months,
            joins_groups=kept.municipality_id is not None and joins,
            is_whole=carried,
        )
    else:
        assert kept.months is not None
        months, carried, now = kept.months, False, kept
        extent = _wider(_extent(kept, months), _ordinals(plan, months))
    series = own_series(
        kept.key,
        formula,
        figures,
        months=months,
        extent=extent or (0, -1),
        is_unit=kept.municipality_id is None,
    )
    return _Read(_with_extent(now, extent, months), series, carried)


def _group(plan: Plan, parts: Mapping[int, Part], formula: Formula, roster: Roster) -> _Read:
    """Read the series of a group."""
    kept, months = plan.kept, plan.months or 1
    held = {last_month // months: part for last_month, part in parts.items()}
    before = None if isinstance(plan.reach, Wholly) else _extent(kept, months)
    extent = _wider(before, held)
    series = Series(
        kept.key,
        formula,
        months,
        *(extent or (0, -1)),
        Stretch.of(held),
        membership=roster.memberships.get(kept.subject, NOBODY),
    )
    return _Read(_with_extent(kept, extent, months), series, carried=False)


def _settled(plan: Plan, read: _Read, goals: Sequence[Goal], since: int | None) -> Worked:
    kept, series = plan.kept, read.series
    extent = (series.first, series.last)
    sweep = isinstance(plan.reach, Wholly) or (
        kept.months is not None and kept.months != series.months
    )
    ordinals: Sequence[int] = range(series.first, series.last + 1)
    if not sweep:
        ordinals = affected(
            _ordinals(plan, series.months),
            before=_extent(kept, series.months),
            extent=extent,
            per_year=series.per_year,
            to_end=read.carried or bool(goals),
        )
    loaded_from = None if since is None else since // series.months
    settled = settle(series, ordinals, goals, loaded_from=loaded_from)
    return Worked(kept, read.now, series.formula, goals, settled, sweep)


def _ordinals(plan: Plan, months: int) -> set[int]:
    """Return the touched periods by their ordinals."""
    periods = plan.reach.periods if isinstance(plan.reach, Partly) else ()
    return {last_month // months for last_month, _ in periods}


def _extent(kept: KeptSeries, months: int) -> Extent:
    if kept.first_month is None or kept.last_month is None:
        return None
    return kept.first_month // months, kept.last_month // months


def _wider(extent: Extent, ordinals: Collection[int]) -> Extent:
    if not ordinals:
        return extent
    first, last = extent or (min(ordinals), max(ordinals))
    return min(first, *ordinals), max(last, *ordinals)


def _with_extent(kept: KeptSeries, extent: Extent, months: int) -> KeptSeries:
    if extent is None:
        return kept._replace(months=None, first_month=None, last_month=None)
    first, last = extent
    return kept._replace(
        months=months, first_month=(first + 1) * months - 1, last_month=(last + 1) * months - 1
    )
