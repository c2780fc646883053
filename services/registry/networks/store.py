"""Networks with their members."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from services.registry.entries.rules import Names
from services.registry.entries.store import JsonColumn, names_json, read_names
from services.registry.networks.rules import Network, NetworkMember
from shared.errors import NotFound
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)
GOALS = JsonColumn[tuple[Names, ...]](tuple[Names, ...])


@dataclass(frozen=True, slots=True)
class NetworkFilter:
    """What to look for; a field that is none does not narrow."""

    programme: str | None = None
    project: str | None = None


async def list_networks(conn: Connection, ids: Iterable[str]) -> dict[str, Network]:
    """Return those of the networks that are known, by id."""
    wanted = list(ids)
    members: defaultdict[str, list[NetworkMember]] = defaultdict(list)
    async for row in QUERIES.list_network_members(conn, network_ids=wanted):
        member = NetworkMember(row["project_id"], row["member_from"], row["member_to"])
        members[row["network_id"]].append(member)
    return {
        row["network_id"]: Network(
            row["network_id"],
            row["programme_id"],
            read_names(row["names"]),
            tuple(row["cohort_ids"]),
            tuple(row["theme_ids"]),
            tuple(members[row["network_id"]]),
            GOALS.read(row["goals"]),
            row["version"],
        )
        async for row in QUERIES.list_networks(conn, network_ids=wanted)
    }


async def find_network(conn: Connection, network_id: str) -> Network | None:
    """Return a network, or none."""
    return (await list_networks(conn, [network_id])).get(network_id)


async def get_network(conn: Connection, network_id: str) -> Network:
    """Return a network.

    Raises:
        NotFound: `network-unknown`.
    """
    found = await find_network(conn, network_id)
    if found is None:
        raise NotFound(f"no network {network_id[:80]!r} is registered", code="network-unknown")
    return found


async def seek_networks(
    conn: Connection, wanted: NetworkFilter, *, after: str, count: int
) -> list[Network]:
    """Return networks that fit, in the order of their ids, those behind `after` only."""
    rows = QUERIES.seek_network_ids(
        conn, programme=wanted.programme, project=wanted.project, after=after, count=count
    )
    return list((await list_networks(conn, [row["network_id"] async for row in rows])).values())


async def put_network(conn: Connection, network: Network) -> None:
    """Keep a network's state in place of what was kept of it."""
    await QUERIES.put_network(
        conn,
        network_id=network.network_id,
        version=network.version,
        programme_id=network.programme_id,
        names=names_json(network.names),
        cohort_ids=list(network.cohort_ids),
        theme_ids=list(network.theme_ids),
        goals=GOALS.write(network.goals),
    )
    await QUERIES.remove_network_members(conn, network_id=network.network_id)
    await QUERIES.add_network_members(
        conn,
        network_id=network.network_id,
        project_ids=[member.project_id for member in network.members],
        member_from=[member.from_ for member in network.members],
        member_to=[member.to for member in network.members],
    )
