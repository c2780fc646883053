"""Forming and changing networks."""

from collections.abc import Sequence
from datetime import datetime

from services.registry.entries.commands import Put, settle
from services.registry.entries.store import Kind, lock
from services.registry.networks import store
from services.registry.networks.events import network_event, network_of
from services.registry.networks.rules import Network, revised_network
from services.registry.programmes.commands import get_known_programme
from services.registry.projects.store import list_projects
from shared.events import registry as told
from shared.http.preconditions import Guard, unguarded
from shared.postgres.database import Connection


async def put_network(
    conn: Connection, wanted: Network, *, now: datetime, guard: Guard = unguarded
) -> Put[Network]:
    """Form a network or change it; the same again changes nothing.

    Raises:
        RuleBroken: as `rules.revised_network`, or `programme-unknown`.
        Conflict: what the guard raises.
    """
    await lock(conn, Kind.PROGRAMME)
    present = await store.find_network(conn, wanted.network_id)
    guard(present.version if present is not None else None)
    programme = await get_known_programme(conn, wanted.programme_id)
    projects = await list_projects(conn, [member.project_id for member in wanted.members])
    new = revised_network(
        present,
        wanted,
        programme,
        {each.project_id: each.programme_id for each in projects.values()},
    )
    return await settle(
        conn,
        present,
        new,
        keep=store.put_network,
        event=lambda network: network_event(network, now),
    )


async def restore(conn: Connection, events: Sequence[told.NetworkEvent]) -> None:
    """Keep networks as these events told them."""
    for event in events:
        await store.put_network(conn, network_of(event))
