"""Pieces of knowledge: rows to values and back."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.registry.entries.rules import Names
from services.registry.entries.store import JsonColumn, names_json, read_names
from services.registry.knowledge.rules import Knowledge, KnowledgeKind, KnowledgeState, Provenance
from shared.errors import NotFound
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)
SOURCE = JsonColumn[Provenance](Provenance)
ANSWER = JsonColumn[Names | None](Names | None)


@dataclass(frozen=True, slots=True)
class KnowledgeFilter:
    """What to look for; a field that is none does not narrow."""

    programme: str | None = None
    kind: str | None = None
    theme: str | None = None
    project: str | None = None


async def list_knowledge(conn: Connection, ids: Iterable[str]) -> dict[str, Knowledge]:
    """Return those of the pieces that are known, by id."""
    rows = QUERIES.list_knowledge(conn, knowledge_ids=list(ids))
    return {
        row["knowledge_id"]: Knowledge(
            knowledge_id=row["knowledge_id"],
            programme_id=row["programme_id"],
            kind=KnowledgeKind(row["kind"]),
            names=read_names(row["names"]),
            source=SOURCE.read(row["source"]),
            summary=read_names(row["summary"]),
            theme_ids=tuple(row["theme_ids"]),
            project_ids=tuple(row["project_ids"]),
            measure_ids=tuple(row["measure_ids"]),
            status=KnowledgeState(row["status"]) if row["status"] is not None else None,
            answer=ANSWER.read(row["answer"] or "null"),
            version=row["version"],
        )
        async for row in rows
    }


async def find_knowledge(conn: Connection, knowledge_id: str) -> Knowledge | None:
    """Return a piece of knowledge, or none."""
    return (await list_knowledge(conn, [knowledge_id])).get(knowledge_id)


async def get_knowledge(conn: Connection, knowledge_id: str) -> Knowledge:
    """Return a piece of knowledge.

    Raises:
        NotFound: `knowledge-unknown`.
    """
    found = await find_knowledge(conn, knowledge_id)
    if found is None:
        raise NotFound(
            f"no piece of knowledge {knowledge_id[:80]!r} is registered", code="knowledge-unknown"
        )
    return found


async def seek_knowledge(
    conn: Connection, wanted: KnowledgeFilter, *, after: str, count: int
) -> list[Knowledge]:
    """Return pieces that fit, in the order of their ids, those behind `after` only."""
    rows = QUERIES.seek_knowledge_ids(
        conn,
        programme=wanted.programme,
        kind=wanted.kind,
        theme=wanted.theme,
        project=wanted.project,
        after=after,
        count=count,
    )
    return list((await list_knowledge(conn, [row["knowledge_id"] async for row in rows])).values())


async def put_knowledge(conn: Connection, knowledge: Knowledge) -> None:
    """Keep a piece's state in place of what was kept of it."""
    await QUERIES.put_knowledge(
        conn,
        knowledge_id=knowledge.knowledge_id,
        version=knowledge.version,
        programme_id=knowledge.programme_id,
        kind=knowledge.kind.value,
        names=names_json(knowledge.names),
        summary=names_json(knowledge.summary),
        theme_ids=list(knowledge.theme_ids),
        project_ids=list(knowledge.project_ids),
        measure_ids=list(knowledge.measure_ids),
        source=SOURCE.write(knowledge.source),
        status=knowledge.status.value if knowledge.status is not None else None,
        answer=ANSWER.write(knowledge.answer),
    )
