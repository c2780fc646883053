"""Reads what the pages show from the store: rows to the values that the templates write out."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from services.metrics.domain import (
    Cell,
    Goal,
    GoalState,
    PublishedState,
    Row,
    Window,
    from_micro,
    goal_of_board,
    percent,
)
from services.metrics.pages.atlas import Lineage, Today, today
from services.metrics.pages.board import Board
from services.metrics.pages.front import Choice, Filters, FrontPage, Participant
from services.metrics.store import boards, roster, states
from services.metrics.store.roster import HeardMunicipality, HeardProject
from services.metrics.store.states import ListedState
from shared.database import Connection
from shared.errors import NotFound
from shared.events.registry import Cohort, Names, Theme
from shared.values import Definition, Period

_SOURCE_SMILEYS = Path(__file__).with_name("source_smileys.csv")


async def read_board(conn: Connection, municipality_id: str, definition_key: str | None = None) -> Board:
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
        other_definitions=[Definition.from_key(key) for key in board.definitions if key != board.definition_key],
        smileys_in_source=_differing_in_source(municipality_id, board.rows),
    )


def _differing_in_source(municipality_id: str, rows: Sequence[Row]) -> dict[Period, int]:
    known = _source_smileys().get(municipality_id, {})
    by_rule = {row.period: row.smileys for row in rows if row.smileys is not None and not row.generated}
    return {period: count for period, count in known.items() if by_rule.get(period, count) != count}


@cache
def _source_smileys() -> dict[str, dict[Period, int]]:
    """Return what municipalities' own boards showed, by municipality and period."""
    found: dict[str, dict[Period, int]] = {}
    lines = [line for line in _SOURCE_SMILEYS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    for row in csv.DictReader(lines):
        found.setdefault(row["municipality_id"], {})[Period.parse(row["period"])] = int(row["smileys"])
    return found


async def read_front(conn: Connection, filters: Filters, programme_id: str | None = None) -> FrontPage:
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
    projects = [project for project in await roster.list_projects(conn) if project.programme_id == chosen]
    known = {one.municipality_id: one for one in await roster.list_municipalities(conn)}
    figures = _Figures(await states.list_latest(conn), await roster.list_goals(conn))
    return FrontPage(
        programme=Names.model_validate(content["names"]),
        participants=_participants(projects, cohorts, known, figures),
        cohorts=[Choice(cohort.id, cohort.names) for cohort in cohorts],
        themes=[Choice(theme.id, theme.names) for theme in map(Theme.model_validate, content["themes"])],
        filters=filters,
    )


class _Figures:
    """The newest state of each municipality's series, and the goals that are judged on them."""

    def __init__(self, latest: Iterable[tuple[str, ListedState]], goals: Iterable[Goal]) -> None:
        self._states: dict[str, dict[str, ListedState]] = {}
        for municipality_id, state in latest:
            self._states.setdefault(municipality_id, {})[state.definition_key] = state
        self._goals: dict[str, list[Goal]] = {}
        for goal in goals:
            self._goals.setdefault(goal.subject, []).append(goal)

    def added_to(self, participant: Participant) -> Participant:
        """Return the participant with its figures; as it is when there are none."""
        held = self._states.get(participant.municipality_id, {})
        goal = goal_of_board(self._goals.get(f"municipality/{participant.municipality_id}", []))
        key = goal.definition_key if goal is not None else min(held, default="")
        if key not in held:
            return participant
        state = held[key].published
        level = _level(state)
        is_computed = level is not None and level.reported is None
        return replace(
            participant,
            level=percent(level.shown) if level else None,
            change=None if goal is None else _change(state, goal),
            change_window=None if goal is None else goal.window,
            period=state.period,
            generated=state.generated,
            suppressed=state.suppressed and level is None,
            present=level.present if level and is_computed else 0,
            expected=level.expected if level and is_computed else 0,
        )


def _level(state: PublishedState) -> Cell | None:
    """Return the rate of the last twelve months, else of the year so far, so that the season does not show."""
    cells = (state.cells.get(window) for window in (Window.ROLLING_12, Window.YEAR_TO_DATE))
    return next((cell for cell in cells if cell is not None and cell.shown is not None), None)


def _change(state: PublishedState, goal: Goal) -> Decimal | None:
    """Return how many percentage points the goal's rate lies from its baseline, unrounded; None if figures lack."""
    cell = state.cells.get(goal.window)
    rate = None if cell is None else percent(cell.whole)
    return None if rate is None else rate - from_micro(goal.baseline)


def _participants(
    projects: Sequence[HeardProject],
    cohorts: Sequence[Cohort],
    known: Mapping[str, HeardMunicipality],
    figures: _Figures,
) -> list[Participant]:
    starts = {cohort.id: cohort.starts_on for cohort in cohorts}
    theirs: dict[str, list[HeardProject]] = {}
    for project in projects:
        for municipality_id in project.municipality_ids:
            theirs.setdefault(municipality_id, []).append(project)
    return [
        figures.added_to(_participant(known[municipality_id], joined, starts, known))
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
        municipality, min((starts[cohort] for cohort in cohort_ids if cohort in starts), default=None)
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
    started = [one for one in municipality.versions if day is None or date.fromisoformat(one["valid_from"]) <= day]
    return started[-1] if started else municipality.versions[0]


def _today(municipality_id: str, known: Mapping[str, HeardMunicipality]) -> tuple[Today, ...]:
    def lineage(one: str) -> Lineage | None:
        found = known.get(one)
        if found is None:
            return None
        return Lineage(found.number, found.name, tuple(successor["municipality_id"] for successor in found.successors))

    return tuple(today(municipality_id, lineage))
