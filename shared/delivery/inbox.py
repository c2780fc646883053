"""The inbox: an event that a consumer has applied once is not applied again.

Rows are kept for ever by default, because any replay older than the oldest kept row would be
applied twice.
"""

from collections.abc import Sequence
from uuid import UUID

from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


async def claim(conn: Connection, consumer: str, arrivals: Sequence[tuple[UUID, str]]) -> set[UUID]:
    """Claim events for a consumer in the transaction of their effect; return the ids that were new.

    Args:
        conn: inside the transaction of the effect.
        consumer: the consumer group.
        arrivals: event id and origin of each.
    """
    rows = QUERIES.claim_events(
        conn,
        consumer=consumer,
        event_ids=[event_id for event_id, _ in arrivals],
        origins=[origin for _, origin in arrivals],
    )
    return {row["event_id"] async for row in rows}
