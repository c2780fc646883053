"""Taking in figures and withdrawals: keep every vintage, and work out anew what they touch."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from services.metrics.groups import store as group_store
from services.metrics.groups.commands import plan_groups, sum_groups
from services.metrics.groups.rules import Roster
from services.metrics.intake.commands.arrivals import Arrival, read
from services.metrics.publishing.commands.publish import Mover, publish
from services.metrics.publishing.commands.working_out import Worked, work_out
from services.metrics.series import store
from services.metrics.series.rules.figures import PostedWindow, SeriesKey, Weighing
from services.metrics.series.rules.plans import Partly, Plan
from services.metrics.series.rules.rows import KeptSeries, NewFigure, Withdrawal
from services.metrics.units.commands import watch, withhold_beside
from shared.events.reporting import FigureEvent
from shared.postgres.database import Connection


async def apply_figures(conn: Connection, events: Sequence[FigureEvent], *, now: datetime) -> None:
    """Keep figures and publish what they change of their series and of the groups that their
    municipalities are in.

    Everything is worked out from the figures that are kept, never by adding differences: a batch
    that comes twice, or in another order, leaves the same states. A group is worked out once for
    the whole batch.
    """
    roster = await group_store.hold_roster(conn)
    arrivals = read(events)
    owners = {arrival.key: arrival.municipality_id for arrival in arrivals}
    groups = _touched_groups(roster, arrivals)
    kept = await store.lock_series(conn, {**owners, **dict.fromkeys(groups)})
    watched = await watch(conn, owners, {arrival.change.last_month for arrival in arrivals})
    await _keep(conn, arrivals, kept)
    marked = await withhold_beside(conn, watched, roster.formulas)
    kept |= {one.key: one for one in watched.kept.values()}
    kept |= await _lock_more(conn, roster, marked, groups)
    own = await work_out(conn, roster, _own_plans(arrivals, marked, kept))
    # A group loses its grain when a member turns to periods that it has no days for yet. When they
    # come, that member turns no more; so a group without a grain is always asked for.
    turned = await _turned_groups(conn, roster, own)
    turned |= {key for key in groups if kept[key].months is None}
    known = {key: kept[key] for key in groups if key.metric in roster.formulas}
    plans = await plan_groups(conn, known, groups, turned & known.keys())
    await sum_groups(conn, roster, plans)
    worked = own + await work_out(conn, roster, plans)
    await publish(conn, worked, _moved(roster, arrivals, kept), now=now)


def _touched_groups(roster: Roster, arrivals: Sequence[Arrival]) -> dict[SeriesKey, Partly]:
    """Return the groups to be summed anew, and in which periods."""
    touched: dict[SeriesKey, set[tuple[int, int]]] = {}
    for arrival in arrivals:
        if arrival.touches_groups:
            for group in roster.groups_of.get(str(arrival.municipality_id), ()):
                touched.setdefault(arrival.key._replace(subject=group), set()).add(arrival.period)
    return {key: Partly(frozenset(periods)) for key, periods in touched.items()}


async def _lock_more(
    conn: Connection,
    roster: Roster,
    marked: Mapping[SeriesKey, Collection[tuple[int, int]]],
    groups: dict[SeriesKey, Partly],
) -> dict[SeriesKey, KeptSeries]:
    """Add to the touched groups those of municipalities that are withheld now, or no more; return
    the rows of those that were not locked yet.

    They are locked out of turn. Should two batches wait for each other, the database ends one, and
    it comes again.
    """
    more: dict[SeriesKey, set[tuple[int, int]]] = {}
    for key, periods in marked.items():
        for group in roster.groups_of.get(key.subject.removeprefix("municipality/"), ()):
            more.setdefault(key._replace(subject=group), set()).update(periods)
    new = more.keys() - groups.keys()
    for key, periods in more.items():
        held = groups[key].periods if key in groups else frozenset()
        groups[key] = Partly(held | periods)
    return await store.lock_series(conn, dict.fromkeys(new)) if new else {}


async def _keep(
    conn: Connection, arrivals: Sequence[Arrival], kept: Mapping[SeriesKey, KeptSeries]
) -> None:
    """Keep withdrawals, then vintages, so that a figure that is withdrawn in its own batch is kept
    as such.
    """
    withdrawals, figures, corrected = [], [], set()
    for arrival in arrivals:
        series_id, change = kept[arrival.key].series_id, arrival.change
        if isinstance(change, Withdrawal):
            withdrawals.append((series_id, change))
        else:
            figures.append((series_id, change))
        if arrival.is_correction:
            corrected.add((series_id, *change[:3]))
    await store.withdraw_figures(conn, withdrawals)
    await store.add_figures(conn, figures)
    await store.mark_replaced(conn, corrected)


def _own_plans(
    arrivals: Sequence[Arrival],
    marked: Mapping[SeriesKey, Collection[tuple[int, int]]],
    kept: Mapping[SeriesKey, KeptSeries],
) -> list[Plan]:
    """Return what is to be worked out of the series that the figures belong to, and of those of
    which some are withheld now, or no more.
    """
    periods: dict[SeriesKey, set[tuple[int, int]]] = {}
    far: set[SeriesKey] = set()
    for arrival in arrivals:
        key, series = arrival.key, kept[arrival.key]
        periods.setdefault(key, set()).add(arrival.period)
        if series.is_whole or series.months is None or _reaches_far(series, arrival.change):
            far.add(key)
    for key, touched in marked.items():
        periods.setdefault(key, set()).update(touched)
        far.add(key)
    return [
        Plan(kept[key], None, Partly(frozenset(touched), key in far))
        for key, touched in periods.items()
    ]


def _reaches_far(series: KeptSeries, change: NewFigure | Withdrawal) -> bool:
    """Tell whether a change may alter the grain, the extent or the kind of a series, or reach
    further than a year.
    """
    if (
        isinstance(change, Withdrawal)
        or change.window is not PostedWindow.PERIOD
        or change.months != series.months
    ):
        return True
    return (
        series.municipality_id is not None
        and change.weighing <= Weighing.WEIGHTED
        and not series.joins_groups
    )


async def _turned_groups(conn: Connection, roster: Roster, own: Sequence[Worked]) -> set[SeriesKey]:
    """Return the groups of members whose grain changed, or that go into groups for the first time;
    what these members are now is kept, so that the groups' grain can be found.
    """
    turned = [
        one
        for one in own
        if (one.now.months, one.now.joins_groups) != (one.kept.months, one.kept.joins_groups)
    ]
    await store.put_extents(conn, [one.now for one in turned])
    return {
        one.kept.key._replace(subject=group)
        for one in turned
        for group in roster.groups_of.get(str(one.kept.municipality_id), ())
    }


def _moved(
    roster: Roster, arrivals: Sequence[Arrival], kept: Mapping[SeriesKey, KeptSeries]
) -> dict[int, list[Mover]]:
    """Return by series id which figures came."""
    moved: dict[int, list[Mover]] = {}
    for arrival in arrivals:
        change = arrival.change
        mover = Mover(change.last_month, str(arrival.moved_by), arrival.is_correction)
        moved.setdefault(kept[arrival.key].series_id, []).append(mover)
        if arrival.touches_groups:
            for group in roster.groups_of.get(str(arrival.municipality_id), ()):
                key = arrival.key._replace(subject=group)
                moved.setdefault(kept[key].series_id, []).append(mover)
    return moved
