"""Commitments: rows to values and back."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.registry.commitments.rules import Commitment, CommitmentState
from shared.errors import NotFound
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class CommitmentFilter:
    """What to look for; a field that is none does not narrow."""

    gathering: str | None = None
    network: str | None = None
    project: str | None = None
    municipality: str | None = None
    state: str | None = None


async def list_commitments(conn: Connection, ids: Iterable[str]) -> dict[str, Commitment]:
    """Return those of the commitments that are known, by id."""
    rows = QUERIES.list_commitments(conn, commitment_ids=list(ids))
    return {
        row["commitment_id"]: Commitment(
            row["commitment_id"],
            row["gathering_id"],
            row["project_id"],
            row["municipality_id"],
            row["text"],
            row["due_on"],
            CommitmentState(row["state"]),
            row["note"],
            row["version"],
        )
        async for row in rows
    }


async def find_commitment(conn: Connection, commitment_id: str) -> Commitment | None:
    """Return a commitment, or none."""
    return (await list_commitments(conn, [commitment_id])).get(commitment_id)


async def get_commitment(conn: Connection, commitment_id: str) -> Commitment:
    """Return a commitment.

    Raises:
        NotFound: `commitment-unknown`.
    """
    found = await find_commitment(conn, commitment_id)
    if found is None:
        raise NotFound(
            f"no commitment {commitment_id[:80]!r} is registered", code="commitment-unknown"
        )
    return found


async def seek_commitments(
    conn: Connection, wanted: CommitmentFilter, *, after: str, count: int
) -> list[Commitment]:
    """Return commitments that fit, in the order of their ids, those behind `after` only."""
    rows = QUERIES.seek_commitment_ids(
        conn,
        gathering=wanted.gathering,
        network=wanted.network,
        project=wanted.project,
        municipality=wanted.municipality,
        state=wanted.state,
        after=after,
        count=count,
    )
    ids = [row["commitment_id"] async for row in rows]
    return list((await list_commitments(conn, ids)).values())


async def put_commitment(conn: Connection, commitment: Commitment) -> None:
    """Keep a commitment's state in place of what was kept of it."""
    await QUERIES.put_commitment(
        conn,
        commitment_id=commitment.commitment_id,
        version=commitment.version,
        gathering_id=commitment.gathering_id,
        project_id=commitment.project_id,
        municipality_id=commitment.municipality_id,
        text=commitment.text,
        due_on=commitment.due_on,
        state=commitment.state.value,
        note=commitment.note,
    )
