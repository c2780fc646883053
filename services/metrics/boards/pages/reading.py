"""Reads what a board's page shows."""

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from services.metrics.boards import commands
from services.metrics.boards.pages.view import Board
from services.metrics.boards.rules import Row
from services.metrics.goals.rules import GoalState
from shared.errors import NotFound
from shared.postgres.database import Connection
from shared.values import Period

_SOURCE_SMILEYS = Path(__file__).with_name("source_smileys.csv")


async def read_board(
    conn: Connection,
    municipality_id: str,
    *,
    metric: str | None = None,
    definition_key: str | None = None,
) -> Board:
    """Return a municipality's scoreboard.

    Args:
        metric: what it is about; its goal's metric when not given.
        definition_key: which of its series; that of its goal when not given.

    Raises:
        NotFound: nobody has told of such a municipality, or it has nothing by that definition.
    """
    board = await commands.get_board(
        conn, municipality_id, metric=metric, definition_key=definition_key
    )
    goal, state = board.goal or (None, None)
    if definition_key is not None and goal is None and not board.rows:
        raise NotFound(f"{municipality_id[:80]!r} has no figures by {definition_key[:80]!r}")
    return Board(
        municipality_id=municipality_id,
        name=board.municipality.name if board.municipality else municipality_id,
        county=board.municipality.county_name if board.municipality else "",
        rows=board.rows,
        goal=goal,
        goal_row=board.goal_row,
        is_reached=state is GoalState.REACHED,
        meaning=board.meaning,
        others=board.others,
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
