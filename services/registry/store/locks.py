"""The lock that every writer takes first."""

from enum import StrEnum

from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


class Kind(StrEnum):
    """What a writer locks: things whose rules look at each other are one kind."""

    MUNICIPALITY = "registry.municipality"
    PROGRAMME = "registry.programme"
    PUBLISHER = "registry.publisher"


async def lock(conn: Connection, kind: Kind) -> None:
    """Let no other transaction write things of this kind until this one ends."""
    await QUERIES.lock(conn, what=kind.value)
