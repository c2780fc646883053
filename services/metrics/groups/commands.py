"""Summing groups anew from their members' figures, in the periods that were touched."""

from collections.abc import Collection, Mapping, Sequence

from services.metrics.groups import store
from services.metrics.groups.rules import Roster, group_parts
from services.metrics.series.rules.figures import Definition, Figure, SeriesKey, in_force
from services.metrics.series.rules.plans import Partly, Plan, Wholly
from services.metrics.series.rules.rows import KeptSeries
from services.metrics.series.rules.stretch import Part
from shared.postgres.database import Connection


async def plan_groups(
    conn: Connection,
    groups: Mapping[SeriesKey, KeptSeries],
    reaches: Mapping[SeriesKey, Partly | Wholly],
    turned: Collection[SeriesKey],
) -> list[Plan]:
    """Return what is to be worked out of groups.

    Args:
        groups: their rows, locked.
        reaches: what touched each of them.
        turned: those of which a member's grain is another now, so that theirs may be. A group
            whose grain changed is all new.
    """
    months = {key: kept.months for key, kept in groups.items()}
    for definition in sorted({key.definition for key in turned}):
        keys = [key for key in turned if key.definition == definition]
        grains = await store.list_group_grains(conn, [key.subject for key in keys], definition)
        months |= {key: grains.get(key.subject) for key in keys}
    return [
        Plan(kept, months[key], reaches[key] if months[key] == kept.months else Wholly())
        for key, kept in groups.items()
    ]


async def sum_groups(conn: Connection, roster: Roster, plans: Collection[Plan]) -> None:
    """Sum groups' parts in the touched periods from their members' figures, and keep them."""
    renewed = [plan.kept.series_id for plan in plans if isinstance(plan.reach, Wholly)]
    if renewed:
        await store.remove_parts(conn, renewed)
    batches: dict[tuple[Definition, int, bool], list[Plan]] = {}
    for plan in plans:
        if plan.months is not None:
            alike = (plan.kept.key.definition, plan.months, isinstance(plan.reach, Wholly))
            batches.setdefault(alike, []).append(plan)
    for (definition, months, is_whole), batch in batches.items():
        await _sum(conn, roster, batch, definition, months=months, is_whole=is_whole)


async def _sum(
    conn: Connection,
    roster: Roster,
    plans: Sequence[Plan],
    definition: Definition,
    *,
    months: int,
    is_whole: bool,
) -> None:
    """Sum groups of one definition and one grain, all in touched periods or all in every period."""
    wanted = {plan.kept.subject: _months_of(plan) for plan in plans}
    last_months = None if is_whole else set().union(*wanted.values())
    if last_months is not None and not last_months:
        return
    members = {subject: roster.members_of.get(subject, ()) for subject in wanted}
    vintages = await store.list_member_figures(
        conn,
        definition,
        {one for municipality_ids in members.values() for one in municipality_ids},
        months=months,
        last_months=last_months,
    )
    formula = roster.formulas[definition.metric]
    parts: dict[tuple[int, int], Part] = {}
    for last_month, figures in _by_month(vintages).items():
        living = {
            one: f for one, f in figures.items() if f is not None and roster.exists(one, last_month)
        }
        here = {
            plan.kept.subject: plan.kept.series_id
            for plan in plans
            if is_whole or last_month in wanted[plan.kept.subject]
        }
        sums = group_parts({subject: members[subject] for subject in here}, living, formula)
        for subject, part in sums.items():
            if part.present or any(one in figures for one in members[subject]):
                parts[here[subject], last_month] = part
    await store.put_parts(conn, parts)


def _months_of(plan: Plan) -> set[int]:
    """Return the last months of the touched periods that are periods of the group's grain."""
    if isinstance(plan.reach, Wholly):
        return set()
    return {month for month, length in plan.reach.periods if length == plan.months}


def _by_month(
    vintages: Mapping[tuple[int, str], Sequence[Figure]],
) -> dict[int, dict[str, Figure | None]]:
    """Return the figure in force of each municipality in each month; None where all that would go
    in were withdrawn.

    A municipality whose figures of that month never were such that go into groups is left out.
    """
    by_month: dict[int, dict[str, Figure | None]] = {}
    for (last_month, municipality_id), held in vintages.items():
        if any(figure.joins_groups for figure in held):
            only = held[0] if len(held) == 1 and not held[0].withdrawn else None
            chosen = only or next(iter(in_force(held).values()), None)
            by_month.setdefault(last_month, {})[municipality_id] = chosen
    return by_month
