"""Making commitments and saying what became of them."""

from collections.abc import Sequence
from datetime import datetime

from services.registry.commitments import store
from services.registry.commitments.events import commitment_event, commitment_of
from services.registry.commitments.rules import Commitment, revised_commitment
from services.registry.entries.commands import Put, settle
from services.registry.entries.store import Kind, lock
from services.registry.gatherings.store import find_gathering
from services.registry.projects.store import find_project
from shared.clock import local_date
from shared.errors import RuleBroken
from shared.events import registry as told
from shared.http.preconditions import Guard, unguarded
from shared.postgres.database import Connection


async def put_commitment(
    conn: Connection, wanted: Commitment, *, now: datetime, guard: Guard = unguarded
) -> Put[Commitment]:
    """Make a commitment, change it, or say that it was kept or dropped; the same again changes
    nothing.

    Raises:
        RuleBroken: as `rules.revised_commitment`, `gathering-unknown`, `project-unknown`,
            `project-of-another-programme` or `member-unknown`.
        Conflict: what the guard raises.
    """
    await lock(conn, Kind.PROGRAMME)
    present = await store.find_commitment(conn, wanted.commitment_id)
    guard(present.version if present is not None else None)
    gathering = await find_gathering(conn, wanted.gathering_id)
    if gathering is None:
        raise RuleBroken(
            f"no gathering {wanted.gathering_id[:80]!r} is registered", code="gathering-unknown"
        )
    await _check_project(conn, wanted, gathering.programme_id)
    new = revised_commitment(present, wanted, begins_on=local_date(gathering.starts_at))
    return await settle(
        conn,
        present,
        new,
        keep=store.put_commitment,
        event=lambda commitment: commitment_event(commitment, now),
    )


async def restore(conn: Connection, events: Sequence[told.CommitmentEvent]) -> None:
    """Keep commitments as these events told them."""
    for event in events:
        await store.put_commitment(conn, commitment_of(event))


async def _check_project(conn: Connection, commitment: Commitment, programme_id: str) -> None:
    project = await find_project(conn, commitment.project_id)
    if project is None:
        raise RuleBroken(
            f"no project {commitment.project_id[:80]!r} is registered", code="project-unknown"
        )
    if project.programme_id != programme_id:
        raise RuleBroken(
            f"project {project.project_id} belongs to programme {project.programme_id} and the"
            f" gathering to {programme_id}",
            code="project-of-another-programme",
        )
    members = {member.municipality_id for member in project.members}
    if commitment.municipality_id is not None and commitment.municipality_id not in members:
        raise RuleBroken(
            f"{commitment.municipality_id[:100]!r} is not a member of {project.project_id}",
            code="member-unknown",
        )
