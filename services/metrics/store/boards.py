"""Scoreboards, read from the published states and the goals."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.metrics.domain import (
    Goal,
    GoalState,
    Row,
    board_rows,
    goal_of_board,
    goal_row,
    published_state,
)
from services.metrics.store import roster, states
from services.metrics.store.roster import HeardMunicipality
from services.metrics.store.states import StateFilter
from shared.errors import NotFound
from shared.postgres.database import Connection
from shared.values import Definition

_STATES_MAX = 2_000
"""More than any municipality has: 166 years of months."""


@dataclass(frozen=True, slots=True)
class Board:
    """A municipality's board.

    Attributes:
        municipality: as the registry told of it; None when it has not yet.
        definition_key: by which definition; None when there are no figures and no goal.
        definitions: all by which it has figures.
        goal: the goal that smileys count from, and where it stands.
        goal_row: the newest rate of the goal's own window.
    """

    municipality_id: str
    municipality: HeardMunicipality | None
    definition_key: str | None
    definitions: Sequence[str]
    goal: tuple[Goal, GoalState] | None
    rows: Sequence[Row]
    goal_row: Row | None

    @property
    def generated(self) -> bool:
        """Whether any figure on it was made for demonstration."""
        return any(row.generated for row in self.rows)

    @property
    def suppressed(self) -> bool:
        """Whether anything on it must not be shown."""
        return any(row.suppressed for row in self.rows)


async def get_board(
    conn: Connection, municipality_id: str, definition_key: str | None = None
) -> Board:
    """Return a municipality's board: by the definition that is asked for, else its goal's, else
    what counts most.

    It reaches from the first period with a figure in force to the last one; what was withdrawn
    takes no part.

    Raises:
        NotFound: nobody has told of the municipality, neither the registry nor a figure.
    """
    subject = f"municipality/{municipality_id}"
    municipality = await roster.find_municipality(conn, municipality_id)
    spans = await states.list_spans(conn, subject)
    if municipality is None and not spans:
        raise NotFound(
            f"there is no municipality {municipality_id[:80]!r}", code="municipality-unknown"
        )
    goals = await roster.list_goals_of(conn, subject)
    goal = goal_of_board(goal for goal in goals if definition_key in (None, goal.definition_key))
    if definition_key is None:
        definition_key = goal.definition_key if goal else min(spans, key=_order, default=None)
    span = spans.get(definition_key or "")
    wanted = StateFilter(subject, definition_key, *span) if span else None
    listed = await states.list_states(conn, wanted, count=_STATES_MAX) if wanted else []
    published = [state.published for state, _ in listed]
    return Board(
        municipality_id=municipality_id,
        municipality=municipality,
        definition_key=definition_key,
        definitions=list(spans),
        goal=(goal, published_state(goal, published)) if goal else None,
        rows=board_rows(published, goal),
        goal_row=goal_row(published, goal) if goal else None,
    )


def _order(definition_key: str) -> tuple[int, str]:
    return Definition.from_key(definition_key).order
