"""Scheduling gatherings, signing up, seating, and saying that they were held or cancelled."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from services.registry.entries.commands import Put, settle
from services.registry.entries.store import Kind, lock
from services.registry.gatherings import store
from services.registry.gatherings.events import gathering_event, gathering_of
from services.registry.gatherings.rules import (
    Attendance,
    Gathering,
    Party,
    cancelled,
    held,
    revised_gathering,
    seated,
    with_sign_up,
)
from services.registry.gatherings.rules.seating import Guest, SeatingPlan, plan_tables
from services.registry.municipalities.commands import check_registered
from services.registry.municipalities.rules.membership import Membership
from services.registry.networks.store import NetworkFilter, find_network, seek_networks
from services.registry.programmes.commands import get_known_programme
from services.registry.projects.store import ProjectFilter, seek_projects
from shared.clock import local_date
from shared.errors import RuleBroken
from shared.events import registry as told
from shared.http.preconditions import Guard, unguarded
from shared.postgres.database import Connection

PROJECTS_MAX = 10_000
"""Projects and networks of one programme that a seating plan looks at; more than any has."""


async def put_gathering(
    conn: Connection, wanted: Gathering, *, now: datetime, guard: Guard = unguarded
) -> Put[Gathering]:
    """Schedule a gathering or change it; the same again changes nothing.

    Raises:
        RuleBroken: as `rules.revised_gathering`, `programme-unknown`, `network-unknown`,
            `network-of-another-programme` or `municipality-unknown`.
        Conflict: what the guard raises.
    """
    await lock(conn, Kind.PROGRAMME)
    present = await store.find_gathering(conn, wanted.gathering_id)
    guard(present.version if present is not None else None)
    await get_known_programme(conn, wanted.programme_id)
    await _check_network(conn, wanted)
    await check_registered(conn, [Membership(each) for each in wanted.municipality_ids])
    return await _settle(conn, present, revised_gathering(present, wanted), now)


async def sign_up(
    conn: Connection,
    gathering_id: str,
    municipality_id: str,
    counts: Mapping[Party, int],
    *,
    now: datetime,
) -> Put[Gathering]:
    """Say how many of a municipality come, in place of what it said before.

    Raises:
        NotFound: `gathering-unknown`.
        RuleBroken: `municipality-unknown`, or as `rules.with_sign_up`.
        Conflict: `gathering-over`.
    """
    present = await _locked(conn, gathering_id)
    await check_registered(conn, [Membership(municipality_id)])
    return await _settle(conn, present, with_sign_up(present, municipality_id, counts), now)


async def seat(
    conn: Connection, gathering_id: str, *, table_size: int, now: datetime
) -> tuple[Put[Gathering], SeatingPlan]:
    """Make the seating plan of those who signed up and put it in force.

    Raises:
        NotFound: `gathering-unknown`.
        RuleBroken: `table-size-malformed` or `nobody-to-seat`.
        Conflict: `gathering-over`.
    """
    present = await _locked(conn, gathering_id)
    plan = plan_tables(await _guests(conn, present), table_size)
    return await _settle(conn, present, seated(present, plan.seats()), now), plan


async def hold(
    conn: Connection, gathering_id: str, attended: Iterable[Attendance], *, now: datetime
) -> Put[Gathering]:
    """Say that a gathering was held, and with whom.

    Raises:
        NotFound: `gathering-unknown`.
        RuleBroken: `municipality-unknown`, or as `rules.held`.
        Conflict: `gathering-over`.
    """
    present = await _locked(conn, gathering_id)
    who = tuple(attended)
    await check_registered(conn, [Membership(each.municipality_id) for each in who])
    return await _settle(conn, present, held(present, who, now=now), now)


async def cancel(
    conn: Connection, gathering_id: str, reason: str, *, now: datetime
) -> Put[Gathering]:
    """Say that a gathering does not take place.

    Raises:
        NotFound: `gathering-unknown`.
        RuleBroken: `text-malformed`.
        Conflict: `gathering-over`.
    """
    present = await _locked(conn, gathering_id)
    return await _settle(conn, present, cancelled(present, reason), now)


async def restore(conn: Connection, events: Sequence[told.GatheringEvent]) -> None:
    """Keep gatherings as these events told them."""
    for event in events:
        await store.put_gathering(conn, gathering_of(event))


async def _locked(conn: Connection, gathering_id: str) -> Gathering:
    await lock(conn, Kind.PROGRAMME)
    return await store.get_gathering(conn, gathering_id)


async def _settle(
    conn: Connection, present: Gathering | None, new: Gathering | None, now: datetime
) -> Put[Gathering]:
    return await settle(
        conn,
        present,
        new,
        keep=store.put_gathering,
        event=lambda gathering: gathering_event(gathering, now),
    )


async def _check_network(conn: Connection, gathering: Gathering) -> None:
    if gathering.network_id is None:
        return
    network = await find_network(conn, gathering.network_id)
    if network is None:
        raise RuleBroken(
            f"no network {gathering.network_id[:80]!r} is registered", code="network-unknown"
        )
    if network.programme_id != gathering.programme_id:
        raise RuleBroken(
            f"network {network.network_id} belongs to programme {network.programme_id} and has no"
            f" gatherings in {gathering.programme_id}",
            code="network-of-another-programme",
        )


async def _guests(conn: Connection, gathering: Gathering) -> list[Guest]:
    """Return everybody who signed up, with the project and the network of each municipality on the
    day.
    """
    programme_id, day = gathering.programme_id, local_date(gathering.starts_at)
    projects = await seek_projects(
        conn, ProjectFilter(programme=programme_id), after="", count=PROJECTS_MAX
    )
    networks = await seek_networks(
        conn, NetworkFilter(programme=programme_id), after="", count=PROJECTS_MAX
    )
    project_of = {
        member.municipality_id: project.project_id
        for project in reversed(projects)
        for member in project.members
        if member.holds(day)
    }
    network_of = {
        member.project_id: network.network_id
        for network in reversed(networks)
        for member in network.members
        if member.holds(day)
    }
    guests = []
    for each in gathering.signed_up:
        project_id = project_of.get(each.municipality_id, "")
        guest = Guest(network_of.get(project_id, ""), project_id, each.municipality_id, each.party)
        guests += [guest] * each.count
    return guests
