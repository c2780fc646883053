"""Reading the log anew, on the real broker and a fresh database."""

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer

from deploy.operate.rebuild import Target, rebuild
from deploy.operate.rebuild.published import Published
from deploy.operate.rebuild.run import Reading
from services.metrics.app import Settings, create_app
from shared.errors import Unavailable
from shared.outbox import outbox
from shared.service.runtime import Service
from tests.metrics import factories
from tests.metrics.factories import posted_event
from tests.metrics.posted import posted
from tests.notifications.factories import target_lost, target_reached
from tests.support.bus import Bus
from tests.support.infrastructure import Infra

MUNICIPALITY = "flyttet-9101"
MANY = 3_000
"""Versions of a municipality: more than a client fetches of one partition at once."""


async def test_figures_meet_the_registry_as_it_is_now(bus: Bus, infra: Infra) -> None:
    versions = [
        factories.municipality(MUNICIPALITY, county="91", version=number)
        for number in range(1, MANY)
    ]
    await bus.publish(*versions, factories.municipality(MUNICIPALITY, county="92", version=MANY))
    await bus.publish(posted_event(posted("2013-02", municipality_id=MUNICIPALITY)))
    handle = await infra.make_database("metrics")
    settings = Settings.model_validate({"database_dsn": handle.dsn, "bus": infra.bus})
    service: Service = create_app(settings).state.service
    consumers = [
        AIOKafkaConsumer(**infra.bus.client_options(), auto_offset_reset="earliest")
        for _ in range(2)
    ]
    for consumer in consumers:
        await consumer.start()
    try:
        reading = Reading(service, *consumers)
        await reading.begin()
        await reading.read_to_the_end()
        async with service.database.transaction() as conn:
            rows = await conn.fetch(
                "SELECT subject FROM series WHERE subject IN ('county/91', 'county/92')"
            )
        assert [row["subject"] for row in rows] == ["county/92"]
    finally:
        for consumer in consumers:
            await consumer.stop()
        await service.database.close()
        await infra.drop_database(handle)


async def test_what_waits_for_the_log_is_newer_than_what_is_in_it(bus: Bus, infra: Infra) -> None:
    reached, lost = target_reached(project_id="venter"), target_lost(project_id="venter")
    await bus.publish(reached)
    handle = await infra.make_database("metrics")
    conn = await asyncpg.connect(handle.owner_dsn)
    consumer = AIOKafkaConsumer(**infra.bus.client_options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        await outbox.put(conn, [lost])
        published = Published()
        await published.read(consumer, conn)
        assert published.goals["venter", reached.goal_id] == "open"
    finally:
        await consumer.stop()
        await conn.close()
        await infra.drop_database(handle)


@pytest.mark.parametrize("away", ["PostgreSQL", "Kafka"])
async def test_a_server_that_does_not_answer_is_named(
    infra: Infra, unused_tcp_port: int, away: str
) -> None:
    nowhere = f"127.0.0.1:{unused_tcp_port}"
    handle = await infra.make_database("metrics")
    admin = f"postgresql://nobody@{nowhere}/postgres" if away == "PostgreSQL" else infra.admin_dsn
    target = Target(
        admin, handle.owner_dsn, handle.dsn, infra.bus.model_copy(update={"bootstrap": nowhere})
    )

    with pytest.raises(Unavailable, match=f"^{away} at 127.0.0.1.* does not answer"):
        await rebuild(target)

    await infra.drop_database(handle)
