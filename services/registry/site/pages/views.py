"""What the programme's pages show, read from the stores of the other subjects."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from services.registry.commitments.store import CommitmentFilter, seek_commitments
from services.registry.gatherings.rules import AgendaItem, Attendance, Gathering
from services.registry.gatherings.store import GatheringFilter, get_gathering, seek_gatherings
from services.registry.grants.store import GrantFilter, seek_grants, sum_grants
from services.registry.knowledge.store import KnowledgeFilter, seek_knowledge
from services.registry.metrics.commands import get_metrics
from services.registry.municipalities.rules.municipality import Municipality
from services.registry.municipalities.store import list_municipalities
from services.registry.networks.store import NetworkFilter, get_network, seek_networks
from services.registry.programmes.rules import Programme
from services.registry.programmes.store import get_programme, seek_programmes
from services.registry.projects.rules import Project
from services.registry.projects.rules.quality import findings
from services.registry.projects.store import (
    ProjectFilter,
    get_project,
    list_projects,
    seek_projects,
)
from services.registry.tables.api import read_table
from services.registry.tables.rules import TOTAL
from shared.clock import OSLO
from shared.postgres.database import Connection
from shared.web.languages import norwegian_order

ALL = 10_000
"""More than any programme has of one kind."""

TABLES = (
    *("theme-by-end-year", "full-time-matrix", "start-up-profiles"),
    *("projects-by-county", "claimed-and-counted"),
)


async def programmes_view(conn: Connection) -> dict[str, Any]:
    """Return what the page of all programmes shows."""
    return {"programmes": await seek_programmes(conn, after="", count=ALL)}


async def programme_view(conn: Connection, programme_id: str) -> dict[str, Any]:
    """Return what the page of a programme shows.

    Raises:
        NotFound: `programme-unknown`.
    """
    programme = await get_programme(conn, programme_id)
    projects = await seek_projects(conn, ProjectFilter(programme_id), after="", count=ALL)
    networks = await seek_networks(conn, NetworkFilter(programme_id), after="", count=ALL)
    gatherings = await seek_gatherings(conn, GatheringFilter(programme_id), after="", count=ALL)
    knowledge = await seek_knowledge(conn, KnowledgeFilter(programme_id), after="", count=ALL)
    sums = await sum_grants(conn, programme_id)
    return {
        "programme": programme,
        "groups": [
            (cohort, _in_order(each for each in projects if each.cohort_id == cohort.cohort_id))
            for cohort in programme.cohorts
        ],
        "without_cohort": _in_order(each for each in projects if each.cohort_id is None),
        "themes": _themes(programme),
        "networks": networks,
        "gatherings": sorted(gatherings, key=lambda each: each.starts_at),
        "knowledge": knowledge,
        "grants": next(each for each in sums if each.by == "all"),
        "tables": TABLES,
    }


async def project_view(conn: Connection, project_id: str, *, today: date) -> dict[str, Any]:
    """Return what the page of a project shows.

    Raises:
        NotFound: `project-unknown`.
    """
    project = await get_project(conn, project_id)
    programme = await get_programme(conn, project.programme_id)
    metrics = await get_metrics(conn, [goal.metric for goal in project.goals])
    known = await list_municipalities(conn, [each.municipality_id for each in project.members])
    related = [
        other
        for theme_id in project.theme_ids
        for other in await seek_projects(
            conn, ProjectFilter(project.programme_id, theme=theme_id), after="", count=ALL
        )
        if other.project_id != project_id
    ]
    return {
        "project": project,
        "programme": programme,
        "cohort": next((c for c in programme.cohorts if c.cohort_id == project.cohort_id), None),
        "themes": _themes(programme),
        "members": _named(known, [member.municipality_id for member in project.members]),
        "metrics": metrics,
        "findings": findings(project, metrics),
        "networks": await seek_networks(
            conn, NetworkFilter(project=project_id), after="", count=ALL
        ),
        "commitments": await seek_commitments(
            conn, CommitmentFilter(project=project_id), after="", count=ALL
        ),
        "grants": await seek_grants(conn, GrantFilter(project=project_id), after="", count=ALL),
        "knowledge": await seek_knowledge(
            conn, KnowledgeFilter(project=project_id), after="", count=ALL
        ),
        "related": _in_order({each.project_id: each for each in related}.values()),
        "today": today,
    }


async def network_view(conn: Connection, network_id: str) -> dict[str, Any]:
    """Return what the page of a network shows.

    Raises:
        NotFound: `network-unknown`.
    """
    network = await get_network(conn, network_id)
    programme = await get_programme(conn, network.programme_id)
    projects = await list_projects(conn, [member.project_id for member in network.members])
    gatherings = await seek_gatherings(
        conn, GatheringFilter(network=network_id), after="", count=ALL
    )
    return {
        "network": network,
        "programme": programme,
        "themes": _themes(programme),
        "projects": projects,
        "gatherings": sorted(gatherings, key=lambda each: each.starts_at),
    }


async def gathering_view(conn: Connection, gathering_id: str) -> dict[str, Any]:
    """Return what the page of a gathering shows, with the commitments that are open in its network.

    Raises:
        NotFound: `gathering-unknown`.
    """
    gathering = await get_gathering(conn, gathering_id)
    made = CommitmentFilter(gathering=gathering_id)
    before = CommitmentFilter(network=gathering.network_id, state="open")
    is_networks = gathering.network_id is not None
    waiting = await seek_commitments(conn, before, after="", count=ALL) if is_networks else []
    known = await list_municipalities(conn, gathering.municipality_ids)
    return {
        "gathering": gathering,
        "programme": await get_programme(conn, gathering.programme_id),
        "network": (
            await get_network(conn, gathering.network_id)
            if gathering.network_id is not None
            else None
        ),
        "begins": gathering.starts_at.astimezone(OSLO),
        "ends": gathering.ends_at.astimezone(OSLO),
        "days": _days(gathering),
        "expected": _named(known, gathering.expected_municipality_ids),
        "panel": _named(known, gathering.panel),
        "names": dict(_named(known, gathering.municipality_ids)),
        "signed_up": _by_municipality(gathering.signed_up),
        "attended": _by_municipality(gathering.attended),
        "made": await seek_commitments(conn, made, after="", count=ALL),
        "waiting": [each for each in waiting if each.gathering_id != gathering_id],
    }


async def table_view(
    conn: Connection, programme_id: str, table_id: str, cohort_id: str | None
) -> dict[str, Any]:
    """Return what the page of a table shows.

    Raises:
        NotFound: `programme-unknown` or `theme-unknown`.
    """
    table = await read_table(conn, table_id, programme_id, cohort_id=cohort_id)
    programme = await get_programme(conn, programme_id)
    heads = {head.head_id: head.names for head in (*table.rows, *table.columns)}
    heads |= {theme.theme_id: theme.names for theme in programme.themes}
    return {
        "table": table,
        "programme": programme,
        "cohort_id": cohort_id,
        "heads": heads,
        "differences": table.differences(),
        "total": TOTAL,
    }


def _themes(programme: Programme) -> dict[str, Any]:
    return {theme.theme_id: theme for theme in programme.themes}


def _in_order(projects: Iterable[Project]) -> list[Project]:
    def name(project: Project) -> bytes:
        names = project.names
        return norwegian_order(names.nb or names.nn or names.en or project.project_id)

    return sorted(projects, key=name)


def _named(known: Mapping[str, Municipality], ids: Sequence[str]) -> list[tuple[str, str]]:
    """Return ids with the newest name of each, in the order of the names."""
    named = [(each, known[each].last.name) for each in dict.fromkeys(ids)]
    return sorted(named, key=lambda pair: norwegian_order(pair[1]))


def _by_municipality(attendance: Iterable[Attendance]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for each in attendance:
        found.setdefault(each.municipality_id, {})[each.party.value] = each.count
    return found


def _days(gathering: Gathering) -> list[tuple[date, list[tuple[str, str, AgendaItem]]]]:
    """Return the agenda by day, with the times of day in Norway."""
    days: dict[date, list[tuple[str, str, AgendaItem]]] = {}
    for item in gathering.agenda:
        begins, ends = item.starts_at.astimezone(OSLO), item.ends_at.astimezone(OSLO)
        days.setdefault(begins.date(), []).append((f"{begins:%H:%M}", f"{ends:%H:%M}", item))
    return list(days.items())
