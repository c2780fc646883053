"""After a restore: the registry takes its states from the log, and tells the log what it lacks."""

import json
from dataclasses import replace
from datetime import timedelta

from services.registry import restoring
from services.registry.commitments import store as commitments
from services.registry.commitments.commands import put_commitment
from services.registry.gatherings import store as gatherings
from services.registry.gatherings.commands import put_gathering
from services.registry.grants import store as grants
from services.registry.grants.commands import put_grant
from services.registry.knowledge import store as knowledge
from services.registry.knowledge.commands import put_knowledge
from services.registry.metrics import store as metrics
from services.registry.metrics.commands import load_builtin, put_metric
from services.registry.municipalities import store as municipalities
from services.registry.municipalities.commands import put_municipality
from services.registry.networks import store as networks
from services.registry.networks.commands import put_network
from services.registry.programmes import store as programmes
from services.registry.programmes.commands import put_programme
from services.registry.projects import store as projects
from services.registry.projects.commands import put_project
from services.registry.publishers import store as publishers
from services.registry.publishers.commands import add_key, put_publisher, revoke_key
from shared.events.envelope import Event
from shared.postgres.database import Database
from tests.conftest import MakeDatabase
from tests.registry import factories, together
from tests.registry.factories import NOW
from tests.support.logs import log_of

LATER = NOW + timedelta(days=1)


async def written(database: Database) -> list[Event]:
    """Register and change one of each kind; return what was told, in order."""
    somebody = factories.publisher()
    async with database.transaction() as conn:
        await load_builtin(conn, {"digest": factories.metric("absence")}, now=NOW)
        await put_metric(conn, factories.metric("absence", decimals=1), now=NOW)
        await put_municipality(conn, factories.municipality(), now=NOW)
        await put_programme(conn, factories.programme(), now=NOW)
        await put_project(conn, factories.project(), now=NOW)
        await put_project(conn, factories.full_project(), now=LATER)
        await put_network(conn, together.network(), now=NOW)
        await put_gathering(conn, together.gathering(), now=NOW)
        await put_commitment(conn, together.commitment(), now=NOW)
        await put_grant(conn, together.grant(), now=NOW)
        await put_knowledge(conn, together.knowledge(), now=NOW)
        await put_publisher(conn, somebody, now=NOW)
        made, _ = await add_key(conn, somebody.organisation_number, expires_at=None, now=NOW)
        await add_key(conn, somebody.organisation_number, expires_at=None, now=NOW)
        await revoke_key(conn, somebody.organisation_number, made.key_id, now=LATER)
        rows = await conn.fetch("SELECT headers::text AS headers, payload FROM outbox ORDER BY id")
    headers = [json.loads(row["headers"]) for row in rows]
    return [
        restoring.EVENTS[each["ce_type"].split(".")[3]].from_wire(
            each["ce_id"], each["ce_time"], row["payload"]
        )
        for each, row in zip(headers, rows, strict=True)
    ]


async def test_an_empty_registry_takes_its_states_from_the_log(
    database: Database, make_database: MakeDatabase
) -> None:
    events = await written(database)
    again = await make_database("registry")
    for _ in range(2):
        async with again.transaction() as conn:
            await restoring.adopt(conn, await restoring.unknown(conn, events), log_of())

    number = next(event.key for event in events if event.aggregate == "publisher")
    async with again.connection() as new, database.connection() as old:
        assert await restoring.unknown(new, events) == []
        assert await municipalities.find_municipality(
            new, "vefsn-1824"
        ) == await municipalities.find_municipality(old, "vefsn-1824")
        assert await programmes.find_programme(new, "saman") == await programmes.find_programme(
            old, "saman"
        )
        assert await metrics.find_metric(new, "absence") == await metrics.find_metric(
            old, "absence"
        )
        for listed in (
            networks.list_networks,
            gatherings.list_gatherings,
            commitments.list_commitments,
            grants.list_grants,
            knowledge.list_knowledge,
        ):
            known_ids = [event.key for event in events]
            restored = await listed(new, known_ids)
            assert len(restored) == 1
            assert restored == await listed(old, known_ids)
        assert await projects.find_project(new, "vefsn") == await projects.find_project(
            old, "vefsn"
        )
        kept, known = (
            await publishers.get_publisher(new, number),
            await publishers.get_publisher(old, number),
        )
        live = [key for key in known.keys if key.revoked_at is None]
        assert [key.hash for key in kept.keys] == [key.hash for key in live], (
            "what was taken back stands in no event"
        )
        assert replace(kept, keys=()) == replace(known, keys=())
        assert await new.fetchval("SELECT count(*) FROM outbox") == 0, "it is in the log"


async def test_a_registry_that_is_as_new_as_the_log_takes_nothing(database: Database) -> None:
    events = await written(database)
    async with database.connection() as conn:
        assert await restoring.unknown(conn, events) == []
        assert await restoring.untold(conn, log_of(*events)) == []


async def test_a_key_that_was_taken_back_stays_taken_back(
    database: Database, make_database: MakeDatabase
) -> None:
    events = await written(database)
    again = await make_database("registry")
    async with again.transaction() as conn:  # as of a moment before the revocation
        await restoring.adopt(conn, events[:-1], log_of())
        await restoring.adopt(conn, await restoring.unknown(conn, events), log_of())
        kept = await publishers.get_publisher(conn, events[-1].key)

    assert sorted(key.revoked_at is None for key in kept.keys) == [False, True]


async def test_an_empty_log_is_told_everything_under_its_ids_in_its_order(
    database: Database,
) -> None:
    events = await written(database)
    async with database.connection() as conn:
        told = await restoring.untold(conn, log_of())
        assert [event.event_id for event in await restoring.untold(conn, log_of(*events[:3]))] == [
            event.event_id for event in events[3:]
        ]

    assert [(event.event_id, event.type(), json.loads(event.payload())) for event in told] == [
        (event.event_id, event.type(), json.loads(event.payload())) for event in events
    ]


async def test_what_an_older_state_came_behind_is_told_again(database: Database) -> None:
    """Compaction would keep the older one."""
    events = await written(database)
    first, second = (event for event in events if event.aggregate == "project")
    async with database.connection() as conn:
        told = await restoring.untold(conn, log_of(*events, first))

    assert [event.event_id for event in told] == [second.event_id]


async def test_what_a_registry_took_from_the_log_it_can_tell_again(
    database: Database, make_database: MakeDatabase
) -> None:
    events = await written(database)
    again = await make_database("registry")
    async with again.transaction() as conn:
        await restoring.adopt(conn, events, log_of())
        told = await restoring.untold(conn, log_of())

    assert {event.event_id for event in told} == {event.event_id for event in events}
