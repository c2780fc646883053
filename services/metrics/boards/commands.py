"""Reading scoreboards from the published states and the goals."""

from services.metrics.boards.rules import Board, board_rows, choose, goal_row, published_state
from services.metrics.goals import store as goal_store
from services.metrics.heard import store as heard_store
from services.metrics.publishing import store
from services.metrics.publishing.store import StateFilter
from shared.errors import NotFound
from shared.postgres.database import Connection

_STATES_MAX = 2_000
"""More than any municipality has: 166 years of months."""


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
    municipality = await heard_store.find_municipality(conn, municipality_id)
    spans = await store.list_spans(conn, subject)
    if municipality is None and not spans:
        raise NotFound(
            f"there is no municipality {municipality_id[:80]!r}", code="municipality-unknown"
        )
    goals = await goal_store.list_goals_of(conn, subject)
    definition_key, goal = choose(goals, spans, definition_key)
    span = spans.get(definition_key or "")
    wanted = StateFilter(subject, definition_key, *span) if span else None
    listed = await store.list_states(conn, wanted, count=_STATES_MAX) if wanted else []
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
