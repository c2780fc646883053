"""Publishing knowledge, and raising and answering challenges."""

from collections.abc import Sequence
from datetime import datetime

from services.registry.entries.commands import Put, settle
from services.registry.entries.store import Kind, lock
from services.registry.knowledge import store
from services.registry.knowledge.events import knowledge_event, knowledge_of
from services.registry.knowledge.rules import Knowledge, revised_knowledge
from services.registry.programmes.commands import get_known_programme
from services.registry.projects.store import list_projects
from shared.events import registry as told
from shared.http.preconditions import Guard, unguarded
from shared.postgres.database import Connection


async def put_knowledge(
    conn: Connection, wanted: Knowledge, *, now: datetime, guard: Guard = unguarded
) -> Put[Knowledge]:
    """Publish a piece of knowledge or change it; the same again changes nothing.

    Raises:
        RuleBroken: as `rules.revised_knowledge`, or `programme-unknown`.
        Conflict: what the guard raises.
    """
    await lock(conn, Kind.PROGRAMME)
    present = await store.find_knowledge(conn, wanted.knowledge_id)
    guard(present.version if present is not None else None)
    programme = await get_known_programme(conn, wanted.programme_id)
    projects = await list_projects(conn, wanted.project_ids)
    return await settle(
        conn,
        present,
        revised_knowledge(present, wanted, programme, projects.values()),
        keep=store.put_knowledge,
        event=lambda knowledge: knowledge_event(knowledge, now),
    )


async def restore(conn: Connection, events: Sequence[told.KnowledgeEvent]) -> None:
    """Keep pieces of knowledge as these events told them."""
    for event in events:
        await store.put_knowledge(conn, knowledge_of(event))
