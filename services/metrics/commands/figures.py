"""Taking in figures and withdrawals: keep every vintage, and work out anew what they touch."""

from collections.abc import Sequence
from datetime import datetime

from services.metrics.commands.arrivals import Arrival, read
from services.metrics.commands.groups import regrain, sum_groups
from services.metrics.commands.publishing import Mover, publish
from services.metrics.commands.settling import Job, Worked, work_out_groups, work_out_own
from services.metrics.domain import PostedWindow, Roster, SeriesKey, Weighing
from services.metrics.store import roster as roster_store
from services.metrics.store import series as store
from services.metrics.store.series import KeptSeries, NewFigure, Withdrawal
from shared.events.reporting import FigureEvent
from shared.postgres.database import Connection


async def apply_figures(conn: Connection, events: Sequence[FigureEvent], *, now: datetime) -> None:
    """Keep figures and publish what they change of their series and of the groups that their
    municipalities are in.

    Everything is worked out from the figures that are kept, never by adding differences: a batch
    that comes twice, or in another order, leaves the same states. A group is worked out once for
    the whole batch.
    """
    roster, has_small = await roster_store.hold_roster(conn)
    arrivals = read(events)
    small = await _small_municipalities(conn, arrivals, has_small=has_small)
    owners = {arrival.key: arrival.municipality_id for arrival in arrivals}
    groups = _touched_groups(roster, arrivals, small)
    kept = await store.lock_series(conn, {**owners, **dict.fromkeys(groups)})
    await _keep(conn, arrivals, kept)
    own = await work_out_own(conn, roster, list(_own_jobs(arrivals, kept).values()))
    jobs = {key: Job(kept[key], kept[key].months, touched) for key, touched in groups.items()}
    await _regrain(conn, roster, own, jobs)
    small |= await _compare_turned(conn, roster, jobs)
    await sum_groups(conn, roster, list(jobs.values()), with_small=bool(small))
    worked = own + await work_out_groups(conn, roster, list(jobs.values()))
    await publish(conn, worked, _moved(roster, arrivals, kept), now=now)


async def _small_municipalities(
    conn: Connection, arrivals: Sequence[Arrival], *, has_small: bool
) -> set[str]:
    """Return the municipalities with too few persons in a touched period, now or before; keep those
    that are new.
    """
    cells = {cell for arrival in arrivals if (cell := arrival.small_cell) is not None}
    if cells:
        await store.add_small_cells(conn, sorted(cells))
    months = {arrival.change.last_month for arrival in arrivals if arrival.touches_groups}
    return await store.list_small_municipalities(conn, months) if has_small or cells else set()


def _touched_groups(
    roster: Roster, arrivals: Sequence[Arrival], small: set[str]
) -> dict[SeriesKey, set[tuple[int, int]]]:
    """Return the groups to be summed anew, and in which periods: last month and length.

    Where there are small cells, also the groups that hold one: whether they may be shown depends on
    the others.
    """
    touched: dict[SeriesKey, set[tuple[int, int]]] = {}
    places = set()
    for arrival in arrivals:
        if arrival.touches_groups:
            place = (arrival.change.last_month, arrival.change.months)
            places.add((arrival.key[1], place))
            for group in roster.groups_of.get(str(arrival.municipality_id), ()):
                touched.setdefault((group, arrival.key[1]), set()).add(place)
    for group in {group for one in small for group in roster.groups_of.get(one, ())}:
        for definition_key, place in places:
            touched.setdefault((group, definition_key), set()).add(place)
    return touched


async def _keep(
    conn: Connection, arrivals: Sequence[Arrival], kept: dict[SeriesKey, KeptSeries]
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


def _own_jobs(
    arrivals: Sequence[Arrival], kept: dict[SeriesKey, KeptSeries]
) -> dict[SeriesKey, Job]:
    jobs: dict[SeriesKey, Job] = {}
    for arrival in arrivals:
        series = kept[arrival.key]
        job = jobs.get(arrival.key)
        if job is None:
            job = jobs[arrival.key] = Job(
                series, series.months, from_all=series.is_whole or series.months is None
            )
        change = arrival.change
        job.touched.add((change.last_month, change.months))
        job.from_all |= _reaches_far(series, change)
    return jobs


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
        and change.weighing <= Weighing.AGREED_DAYS
        and not series.adds_days
    )


async def _regrain(
    conn: Connection, roster: Roster, own: Sequence[Worked], jobs: dict[SeriesKey, Job]
) -> None:
    """Let groups follow members whose grain changed, or that go into groups for the first time.

    A group without a grain is asked for as well: it loses it when a member turns to periods that it
    has no days for yet, and such a member turns no more when they come.
    """
    turned = [
        one
        for one in own
        if (one.now.months, one.now.adds_days) != (one.kept.months, one.kept.adds_days)
    ]
    await store.put_extents(conn, [one.now for one in turned])
    keys = {
        (group, one.kept.definition_key)
        for one in turned
        for group in roster.groups_of.get(str(one.kept.municipality_id), ())
    }
    keys |= {key for key, job in jobs.items() if job.months is None}
    await regrain(conn, jobs, keys & jobs.keys())


def _moved(
    roster: Roster, arrivals: Sequence[Arrival], kept: dict[SeriesKey, KeptSeries]
) -> dict[int, list[Mover]]:
    """Return by series id which figures came."""
    moved: dict[int, list[Mover]] = {}
    for arrival in arrivals:
        change = arrival.change
        mover = Mover(change.last_month, str(arrival.moved_by), arrival.is_correction)
        moved.setdefault(kept[arrival.key].series_id, []).append(mover)
        if arrival.touches_groups:
            for group in roster.groups_of.get(str(arrival.municipality_id), ()):
                moved.setdefault(kept[group, arrival.key[1]].series_id, []).append(mover)
    return moved


async def _compare_turned(conn: Connection, roster: Roster, jobs: dict[SeriesKey, Job]) -> set[str]:
    """Let all groups with a small member, of whatever period, be summed wholly beside groups whose
    grain changed.

    Such a group is published anew in all its periods, and may give away a member of a group that no
    figure touched. Those are locked out of turn; should two batches wait for each other, the
    database ends one, and it comes again.

    Returns:
        The small municipalities; none when no grain changed.
    """
    turned = {key[1] for key, job in jobs.items() if job.everything}
    small = await store.list_small_municipalities(conn, None) if turned else set()
    groups = {group for one in small for group in roster.groups_of.get(one, ())}
    keys = (
        {key for key in await store.list_group_keys(conn, groups) if key[1] in turned}
        if groups
        else set()
    )
    for key, kept in (await store.lock_series(conn, dict.fromkeys(keys - jobs.keys()))).items():
        jobs[key] = Job(kept, kept.months)
    for key in keys:
        jobs[key].everything = True
    return small
