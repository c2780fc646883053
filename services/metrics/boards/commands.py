"""Reading scoreboards from the published states and the goals."""

from services.metrics.boards.rules import Board, board_rows, choose, goal_row, published_state
from services.metrics.goals import store as goal_store
from services.metrics.heard import store as heard_store
from services.metrics.publishing import store
from services.metrics.publishing.rules.published import check_asked
from services.metrics.publishing.store import StateFilter
from services.metrics.series.rules.figures import Meaning
from shared.errors import NotFound
from shared.postgres.database import Connection

_STATES_MAX = 2_000
"""More than any municipality has: 166 years of months."""


async def get_board(
    conn: Connection,
    municipality_id: str,
    *,
    metric: str | None = None,
    definition_key: str | None = None,
) -> Board:
    """Return a municipality's board: of the metric and by the definition that are asked for, else
    its goal's, else what counts most.

    It reaches from the first period with a figure in force to the last one; what was withdrawn
    takes no part.

    Raises:
        NotFound: nobody has told of the municipality, neither the registry nor a figure.
        RuleBroken: `metric-unknown`, `definition-unknown`; what is asked for is no metric, or no
            definition of it.
    """
    subject = f"municipality/{municipality_id}"
    municipality = await heard_store.find_municipality(conn, municipality_id)
    spans = await store.list_spans(conn, subject)
    if municipality is None and not spans:
        raise NotFound(
            f"there is no municipality {municipality_id[:80]!r}", code="municipality-unknown"
        )
    goals = await goal_store.list_goals_of(conn, subject)
    metrics = {one.metric_id: one for one in await heard_store.list_metrics(conn)}
    check_asked(metrics, metric=metric, definition_key=definition_key)
    held = {one: span for one, span in spans.items() if one.metric in metrics}
    definition, goal = choose(goals, held, metrics, metric=metric, definition_key=definition_key)
    span = held.get(definition) if definition else None
    wanted = StateFilter(subject, *definition, *span) if definition and span else None
    listed = await store.list_states(conn, wanted, count=_STATES_MAX) if wanted else []
    published = [state.published for state, _ in listed]
    meanings = {one: Meaning(metrics[one.metric], one.key) for one in held}
    if definition is not None and definition.metric in metrics:
        meanings[definition] = Meaning(metrics[definition.metric], definition.key)
    return Board(
        municipality_id=municipality_id,
        municipality=municipality,
        meaning=meanings.pop(definition, None) if definition else None,
        others=list(meanings.values()),
        goal=(goal, published_state(goal, published)) if goal else None,
        rows=board_rows(published, goal),
        goal_row=goal_row(published, goal) if goal else None,
    )
