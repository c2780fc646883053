"""Reads what the pages show from the store: rows to the values that the templates write out."""

import csv
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from services.metrics.domain import GoalState, PublishedState, Row
from services.metrics.pages.atlas import Lineage, Today, today
from services.metrics.pages.board import Board
from services.metrics.pages.comparison import Comparison
from services.metrics.pages.front import Choice, Filters, FrontPage, Participant
from services.metrics.store import boards, roster, states
from services.metrics.store.roster import HeardMunicipality, HeardProject
from shared.errors import NotFound
from shared.events.registry import Cohort, Names, Theme
from shared.postgres.database import Connection
from shared.values import Definition, Period

_SOURCE_SMILEYS = Path(__file__).with_name("source_smileys.csv")


async def read_board(
    conn: Connection, municipality_id: str, definition_key: str | None = None
) -> Board:
    """Return a municipality's scoreboard.

    Args:
        definition_key: which of its series; that of its goal when not given.

    Raises:
        NotFound: nobody has told of such a municipality, or it has nothing by that definition.
    """
    board = await boards.get_board(conn, municipality_id, definition_key)
    goal, state = board.goal or (None, None)
    if definition_key is not None and goal is None and definition_key not in board.definitions:
        raise NotFound(f"{municipality_id[:80]!r} has no figures by {definition_key[:80]!r}")
    return Board(
        municipality_id=municipality_id,
        name=board.municipality.name if board.municipality else municipality_id,
        county=board.municipality.county_name if board.municipality else "",
        rows=board.rows,
        goal=goal,
        goal_row=board.goal_row,
        is_reached=state is GoalState.REACHED,
        definition=Definition.from_key(board.definition_key) if board.definition_key else None,
        other_definitions=[
            Definition.from_key(key) for key in board.definitions if key != board.definition_key
        ],
        smileys_in_source=_differing_in_source(municipality_id, board.rows),
    )


def _differing_in_source(municipality_id: str, rows: Sequence[Row]) -> dict[Period, int]:
    known = _source_smileys().get(municipality_id, {})
    by_rule = {
        row.period: row.smileys for row in rows if row.smileys is not None and not row.generated
    }
    return {period: count for period, count in known.items() if by_rule.get(period, count) != count}


@cache
def _source_smileys() -> dict[str, dict[Period, int]]:
    """Return what municipalities' own boards showed, by municipality and period."""
    found: dict[str, dict[Period, int]] = {}
    lines = [
        line
        for line in _SOURCE_SMILEYS.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    for row in csv.DictReader(lines):
        found.setdefault(row["municipality_id"], {})[Period.parse(row["period"])] = int(
            row["smileys"]
        )
    return found


async def read_front(
    conn: Connection, filters: Filters, programme_id: str | None = None
) -> FrontPage:
    """Return the front page of a programme.

    Args:
        programme_id: which programme, where there are several; the first when not given.

    Raises:
        NotFound: there is no such programme.
    """
    programmes = await roster.list_programmes(conn)
    chosen = programme_id or next(iter(programmes), None)
    if chosen is None:
        return FrontPage(None, [], [], [], filters)
    if chosen not in programmes:
        raise NotFound(f"no programme {chosen[:80]!r} is known")
    content = programmes[chosen]
    cohorts = [Cohort.model_validate(cohort) for cohort in content["cohorts"]]
    projects = [
        project for project in await roster.list_projects(conn) if project.programme_id == chosen
    ]
    known = {one.municipality_id: one for one in await roster.list_municipalities(conn)}
    participants = _participants(projects, cohorts, known)
    latest = await _read_latest(conn, {participant.municipality_id for participant in participants})
    comparison = Comparison(
        latest, await roster.list_goals(conn), {project.project_id for project in projects}
    )
    return FrontPage(
        programme=Names.model_validate(content["names"]),
        participants=[comparison.added_to(participant) for participant in participants],
        cohorts=[Choice(cohort.id, cohort.names) for cohort in cohorts],
        themes=[
            Choice(theme.id, theme.names) for theme in map(Theme.model_validate, content["themes"])
        ],
        filters=filters,
        definition=comparison.definition,
    )


async def _read_latest(
    conn: Connection, municipality_ids: Collection[str]
) -> dict[str, dict[str, PublishedState]]:
    """Return the newest state of each of some municipalities' series, by municipality and
    definition key.
    """
    found: dict[str, dict[str, PublishedState]] = {}
    for municipality_id, state in await states.list_latest(conn):
        if municipality_id in municipality_ids:
            found.setdefault(municipality_id, {})[state.definition_key] = state.published
    return found


def _participants(
    projects: Sequence[HeardProject],
    cohorts: Sequence[Cohort],
    known: Mapping[str, HeardMunicipality],
) -> list[Participant]:
    starts = {cohort.id: cohort.starts_on for cohort in cohorts}
    theirs: dict[str, list[HeardProject]] = {}
    for project in projects:
        for municipality_id in project.municipality_ids:
            theirs.setdefault(municipality_id, []).append(project)
    return [
        _participant(known[municipality_id], joined, starts, known)
        for municipality_id, joined in theirs.items()
        if municipality_id in known
    ]


def _participant(
    municipality: HeardMunicipality,
    joined: Sequence[HeardProject],
    starts: Mapping[str, date],
    known: Mapping[str, HeardMunicipality],
) -> Participant:
    cohort_ids = sorted({project.cohort_id for project in joined if project.cohort_id})
    version = _version_on(
        municipality,
        min((starts[cohort] for cohort in cohort_ids if cohort in starts), default=None),
    )
    return Participant(
        municipality_id=municipality.municipality_id,
        name=version["name"],
        county=version["county_name"],
        cohort_ids=tuple(cohort_ids),
        theme_ids=tuple(sorted({theme for project in joined for theme in project.theme_ids})),
        today=_today(municipality.municipality_id, known),
    )


def _version_on(municipality: HeardMunicipality, day: date | None) -> Mapping[str, Any]:
    """Return what the municipality was called on a day; the newest version when no day is known."""
    started = [
        one
        for one in municipality.versions
        if day is None or date.fromisoformat(one["valid_from"]) <= day
    ]
    return started[-1] if started else municipality.versions[0]


def _today(municipality_id: str, known: Mapping[str, HeardMunicipality]) -> tuple[Today, ...]:
    def lineage(one: str) -> Lineage | None:
        found = known.get(one)
        if found is None:
            return None
        return Lineage(
            found.number,
            found.name,
            tuple(successor["municipality_id"] for successor in found.successors),
        )

    return tuple(today(municipality_id, lineage))
