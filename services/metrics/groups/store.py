"""Who belongs to which group, and what groups' members bring in together."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from uuid import UUID

from services.metrics.goals import store as goal_store
from services.metrics.groups.rules import Roster
from services.metrics.heard import store as heard_store
from services.metrics.series.rules.figures import Definition, Figure, SeriesKey
from services.metrics.series.rules.stretch import Part
from shared.postgres.arrays import named, numbers
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)

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

_ROSTERS: OrderedDict[UUID, Roster] = OrderedDict()
"""Rosters by their stamp. Right with any number of replicas and after a rollback, because a stamp
names one content for ever: it is new whenever members or goals change, and it is read under a lock
that keeps them from changing.
"""

_ROSTERS_MAX = 4


async def hold_roster(conn: Connection) -> Roster:
    """Return the roster; nobody changes it until this transaction ends."""
    return await _roster(conn, await QUERIES.hold_roster(conn))


async def turn_roster(conn: Connection) -> None:
    """Hold the roster alone, to change members or goals, until this transaction ends. Comes before
    any change.
    """
    await QUERIES.turn_roster(conn)


async def _roster(conn: Connection, stamp: UUID) -> Roster:
    roster = _ROSTERS.get(stamp)
    if roster is None:
        members = [
            (row["group_subject"], row["municipality_id"])
            async for row in QUERIES.list_members(conn)
        ]
        roster = Roster.of(
            members,
            await heard_store.list_lives(conn),
            await goal_store.list_goals(conn),
            await heard_store.list_metrics(conn),
        )
        _ROSTERS[stamp] = roster
        while len(_ROSTERS) > _ROSTERS_MAX:
            _ROSTERS.popitem(last=False)
    return roster


async def put_county(conn: Connection, municipality_id: str, county_number: str) -> None:
    """Keep the county that a municipality belongs to now."""
    await QUERIES.remove_county_of_municipality(conn, municipality_id=municipality_id)
    await QUERIES.add_members(
        conn,
        group_subjects=[f"county/{county_number}"],
        municipality_ids=[municipality_id],
        project_id="",
    )


async def list_groups_of_municipality(conn: Connection, municipality_id: str) -> set[str]:
    """Return the groups that a municipality belongs to now."""
    rows = QUERIES.list_groups_of_municipality(conn, municipality_id=municipality_id)
    return {row["group_subject"] async for row in rows}


async def replace_members(
    conn: Connection, project_id: str, members: set[tuple[str, str]]
) -> set[str]:
    """Keep who belongs to which group through a project; return the groups whose members changed.

    Args:
        members: (group, municipality) pairs.
    """
    rows = QUERIES.list_members_of_project(conn, project_id=project_id)
    before = {(row["group_subject"], row["municipality_id"]) async for row in rows}
    if before == members:
        return set()
    await QUERIES.remove_members_of_project(conn, project_id=project_id)
    pairs = sorted(members)
    await QUERIES.add_members(
        conn,
        group_subjects=[group for group, _ in pairs],
        municipality_ids=[municipality_id for _, municipality_id in pairs],
        project_id=project_id,
    )
    return {group for group, _ in before ^ members}


async def list_group_keys(conn: Connection, group_subjects: Collection[str]) -> list[SeriesKey]:
    """Return the series that groups have, or should have by their members' figures."""
    rows = QUERIES.list_group_keys(conn, group_subjects=list(group_subjects))
    return [SeriesKey(row["subject"], row["metric"], row["definition_key"]) async for row in rows]


async def list_group_grains(
    conn: Connection, group_subjects: Collection[str], definition: Definition
) -> dict[str, int]:
    """Return the months per period of groups, which are those of their finest member that goes into
    groups.
    """
    rows = QUERIES.list_group_grains(
        conn,
        group_subjects=list(group_subjects),
        metric=definition.metric,
        definition_key=definition.key,
    )
    return {row["subject"]: row["months"] async for row in rows}


async def list_member_figures(
    conn: Connection,
    definition: Definition,
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
            metric=definition.metric,
            definition_key=definition.key,
            municipality_ids=list(municipality_ids),
            months=months,
        )
    else:
        rows = QUERIES.list_member_figures(
            conn,
            metric=definition.metric,
            definition_key=definition.key,
            municipality_ids=list(municipality_ids),
            last_months=list(last_months),
            months=months,
        )
    found: dict[tuple[int, str], list[Figure]] = {}
    async for row in rows:
        found.setdefault((row[1], row[0]), []).append(Figure._make(row[1:]))
    return found


async def remove_parts(conn: Connection, series_ids: Collection[int]) -> None:
    """Forget what groups' members bring in, because all of it is about to be summed anew."""
    await QUERIES.remove_parts(conn, series_ids=list(series_ids))


async def put_parts(conn: Connection, parts: Mapping[tuple[int, int], Part]) -> None:
    """Keep what groups' members bring in, by series id and last month."""
    if parts:
        await QUERIES.put_parts(
            conn, **named(_PART_COLUMNS, [(*place, *part) for place, part in parts.items()])
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
