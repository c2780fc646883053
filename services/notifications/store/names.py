"""What things are called and belong to, as the registry told."""

from collections.abc import Collection, Mapping, Sequence

from services.notifications.domain.name import Name
from shared.database import Connection, load_queries

QUERIES = load_queries(__file__)


async def put_names(conn: Connection, names: Mapping[str, tuple[int, Name]]) -> None:
    """Keep what subjects are called, each with the version of the thing that said so; older ones are passed by."""
    versions, values = [version for version, _ in names.values()], [name for _, name in names.values()]
    await QUERIES.put_names(
        conn,
        subjects=list(names),
        versions=versions,
        nb=[name.nb for name in values],
        nn=[name.nn for name in values],
        en=[name.en for name in values],
    )


async def list_names(conn: Connection, subjects: Collection[str]) -> dict[str, Name]:
    """Return the names that are known, by subject."""
    rows = QUERIES.list_names(conn, subjects=list(subjects))
    return {row["subject"]: Name(row["nb"], row["nn"], row["en"]) async for row in rows}


async def put_project_subjects(conn: Connection, project_id: str, version: int, subjects: Sequence[str]) -> None:
    """Keep what a project belongs to; an older state is passed by."""
    await QUERIES.put_project_subjects(conn, project_id=project_id, version=version, subjects=list(subjects))


async def list_project_subjects(conn: Connection, project_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return what projects belong to, by project."""
    rows = QUERIES.list_project_subjects(conn, project_ids=list(project_ids))
    return {row["project_id"]: tuple(row["subjects"]) async for row in rows}
