"""Summing groups anew from their members' figures, in the periods that were touched."""

from collections.abc import Collection, Mapping, Sequence

from services.metrics.commands.settling import Job
from services.metrics.domain import Figure, Part, Roster, SeriesKey, group_parts, in_force
from services.metrics.store import series as store
from shared.postgres.database import Connection


async def regrain(
    conn: Connection, jobs: Mapping[SeriesKey, Job], keys: Collection[SeriesKey]
) -> None:
    """Find the grain of groups anew, because a member's is another now; a group whose grain changed
    is all new.

    Args:
        jobs: the groups, locked.
        keys: which of them.
    """
    for definition_key in sorted({definition_key for _, definition_key in keys}):
        subjects = [subject for subject, other in keys if other == definition_key]
        grains = await store.list_group_grains(conn, subjects, definition_key)
        for subject in subjects:
            job = jobs[subject, definition_key]
            job.months = grains.get(subject)
            job.everything |= job.months != job.kept.months


async def sum_groups(
    conn: Connection, roster: Roster, jobs: Collection[Job], *, with_small: bool
) -> None:
    """Sum groups' parts in the touched periods from their members' figures, and keep them.

    Args:
        jobs: the groups, locked; with the grain that they have now.
        with_small: some members have too few persons; then all groups are compared, so that none
            gives a member away.
    """
    renewed = [job.kept.series_id for job in jobs if job.everything]
    if renewed:
        await store.remove_parts(conn, renewed)
    batches: dict[tuple[str, int, bool], list[Job]] = {}
    for job in jobs:
        if job.months is not None:
            batches.setdefault((job.kept.definition_key, job.months, job.everything), []).append(
                job
            )
    for batch in batches.values():
        await _sum(conn, roster, batch, with_small=with_small)


async def _sum(conn: Connection, roster: Roster, batch: Sequence[Job], *, with_small: bool) -> None:
    """Sum groups of one definition and one grain, all in touched periods or all in every period."""
    months, everything = batch[0].months, batch[0].everything
    assert months is not None
    wanted = {
        job.kept.subject: {month for month, length in job.touched if length == months}
        for job in batch
    }
    last_months = None if everything else set().union(*wanted.values())
    if last_months is not None and not last_months:
        return
    compared = (
        roster.members_of
        if with_small
        else {subject: roster.members_of.get(subject, ()) for subject in wanted}
    )
    vintages = await store.list_member_figures(
        conn,
        batch[0].kept.definition_key,
        {one for members in compared.values() for one in members},
        months=months,
        last_months=last_months,
    )
    parts: dict[tuple[int, int], Part] = {}
    for last_month, figures in _by_month(vintages).items():
        here = [job for job in batch if everything or last_month in wanted[job.kept.subject]]
        groups = (
            compared
            if with_small
            else {job.kept.subject: compared[job.kept.subject] for job in here}
        )
        living = {
            one: f for one, f in figures.items() if f is not None and roster.exists(one, last_month)
        }
        sums = group_parts(groups, living)
        for job in here:
            part = sums.get(job.kept.subject)
            if part and (part.present or any(one in figures for one in compared[job.kept.subject])):
                parts[job.kept.series_id, last_month] = part
    await store.put_parts(conn, parts)


def _by_month(
    vintages: Mapping[tuple[int, str], Sequence[Figure]],
) -> dict[int, dict[str, Figure | None]]:
    """Return the figure in force of each municipality in each month; None where all that would go
    in were withdrawn.

    A municipality whose figures of that month never were such that go into groups is left out.
    """
    by_month: dict[int, dict[str, Figure | None]] = {}
    for (last_month, municipality_id), held in vintages.items():
        if any(figure.adds_days for figure in held):
            only = held[0] if len(held) == 1 and not held[0].withdrawn else None
            chosen = only or next(iter(in_force(held).values()), None)
            by_month.setdefault(last_month, {})[municipality_id] = chosen
    return by_month
