"""A service as a process: ready only when everything is as it must be, up without its neighbours,
quick to end.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from httpx2 import AsyncClient

import shared.postgres.database
from shared.delivery.subscribe import Router, subscribe
from shared.events.catalogue import OWN_TOPICS
from shared.events.notifications import NotificationDelivered
from shared.events.registry import PublisherRegistered
from shared.kafka.topics import apply
from shared.postgres.database import Connection
from tests.shared.conftest import StartService
from tests.support.exposition import strictly
from tests.support.infrastructure import DatabaseHandle, Infra
from tests.support.owner import as_owner
from tests.support.waiting import SOON_SECONDS, until

OPENMETRICS = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5"
NOBODY_THERE = "127.0.0.1:1"


async def readiness(client: AsyncClient) -> tuple[int, str]:
    answer = await client.get("/-/ready")
    return answer.status_code, " ".join(answer.json()["reasons"])


async def until_ready(client: AsyncClient) -> None:
    async def is_ready() -> bool:
        return (await readiness(client))[0] == 200

    await until(is_ready, "ready")


async def until_not_ready_because(client: AsyncClient, why: str) -> None:
    async def is_told() -> bool:
        status, reasons = await readiness(client)
        assert status == 503, "it was ready for a moment"
        return why in reasons

    await until(is_told, why)


async def test_a_service_is_never_ready_for_a_moment_before_it_has_looked(
    start_service: StartService,
) -> None:
    started = await start_service()

    status, reasons = await readiness(started.client)
    assert status == 503
    assert [part.partition(":")[0] for part in started.service.health.reasons()] == [
        "database",
        "topics",
        "consumers",
    ]
    assert "starting" in reasons
    await until_ready(started.client)


async def test_a_topic_with_other_settings_refuses_readiness_until_it_is_mended(
    infra: Infra, start_service: StartService
) -> None:
    topic = NotificationDelivered.topic()
    admin = AIOKafkaAdminClient(**infra.bus.client_options())
    await admin.start()
    await admin.alter_configs(
        [ConfigResource(ConfigResourceType.TOPIC, topic, {"cleanup.policy": "compact"})]
    )
    await admin.close()
    try:
        started = await start_service()
        await until_not_ready_because(
            started.client, f"topic {topic} has cleanup.policy=compact, it must be delete"
        )
    finally:
        assert await apply(infra.bus, OWN_TOPICS) == [f"set {topic}"]
    await until_ready(started.client)


async def test_a_migration_that_is_lacking_refuses_readiness_and_nothing_is_consumed(
    start_service: StartService, tmp_path: Path, handle: DatabaseHandle
) -> None:
    (tmp_path / "0100_things.sql").write_text("-- migrate:up\n-- migrate:down\n")
    started = await start_service()

    await until_not_ready_because(
        started.client, "lacks migrations ['0100_things.sql']; run `saman migrate`"
    )
    await until_not_ready_because(started.client, "consumers: Unavailable: waiting for migrations")
    assert all(
        subscriber.consumer is None for subscriber in started.service.consumers.subscribers.values()
    )

    await as_owner(handle, "INSERT INTO schema_migrations (version) VALUES ('0100')")
    await until_ready(started.client)
    assert all(
        subscriber.consumer is not None
        for subscriber in started.service.consumers.subscribers.values()
    )


async def test_without_a_broker_the_service_lives_answers_and_says_what_it_waits_for(
    start_service: StartService,
) -> None:
    started = await start_service(bootstrap=NOBODY_THERE)

    assert (await started.client.get("/-/live")).status_code == 200
    await until_not_ready_because(started.client, "consumers: KafkaConnectionError")
    await until_not_ready_because(started.client, "checks: KafkaConnectionError")
    status = await started.client.get("/api/mechanisms/v1/status")
    assert status.json()["outbox"]["waiting_count"] == 0
    begun = time.monotonic()
    await started.stop()
    assert time.monotonic() - begun < SOON_SECONDS


async def test_without_a_database_requests_are_told_to_come_back_within_bounded_time(
    start_service: StartService, handle: DatabaseHandle
) -> None:
    started = await start_service(dsn=f"postgresql://nobody@{NOBODY_THERE}/none")

    begun = time.monotonic()
    answer = await started.client.get("/api/mechanisms/v1/status")
    assert time.monotonic() - begun < SOON_SECONDS
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await started.client.get("/-/live")).status_code == 200
    await until_not_ready_because(started.client, "database")


async def test_an_exhausted_pool_tells_requests_to_come_back(
    start_service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared.postgres.database, "ACQUIRE_SECONDS", 0.5)
    started = await start_service()
    await until_ready(started.client)

    async with started.service.database.connection(), started.service.database.connection():
        begun = time.monotonic()
        answer = await started.client.get("/api/mechanisms/v1/status")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert time.monotonic() - begun < SOON_SECONDS


async def test_an_idle_service_starts_and_ends_quickly_and_leaves_no_connection(
    start_service: StartService, handle: DatabaseHandle
) -> None:
    started = await start_service()
    await until_ready(started.client)
    begun = time.monotonic()
    await started.stop()

    assert time.monotonic() - begun < SOON_SECONDS
    left = (
        "SELECT application_name FROM pg_stat_activity WHERE datname = $1 AND application_name LIKE"
        " 'saman%'"
    )

    async def is_gone() -> bool:
        return not await as_owner(handle, left, handle.name)

    await until(is_gone, "connections closed")
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not any(name.startswith("mechanisms ") for name in names)


async def test_a_service_that_waits_for_its_database_in_a_batch_still_ends_quickly(
    start_service: StartService,
) -> None:
    router = Router("mechanisms")

    @subscribe(router, NotificationDelivered)
    async def never(
        _events: Sequence[NotificationDelivered], _conn: Connection, _now: datetime
    ) -> None:
        raise ConnectionResetError

    started = await start_service(router=router)
    await until_ready(started.client)
    delivery = started.service.deliveries["mechanisms.notifications.delivery"]
    begun = time.monotonic()
    await started.stop()
    assert time.monotonic() - begun < SOON_SECONDS
    assert delivery.stopping.is_set()


@pytest.mark.parametrize("path", ["/-/live", "/api/mechanisms/v1/status"])
async def test_every_service_tells_of_itself(start_service: StartService, path: str) -> None:
    started = await start_service()
    await until_ready(started.client)

    answer = await started.client.get(path)

    assert answer.status_code == 200
    if path.endswith("status"):
        told = {each["group"]: each["partitions"] for each in answer.json()["consumers"]}
        assert told[f"mechanisms.{PublisherRegistered.topic().rsplit('.v', 1)[0]}"] == 12


@pytest.mark.parametrize("accept", ["", "text/plain;version=0.0.4", OPENMETRICS])
async def test_requests_are_counted_and_timed_by_route_and_told_with_the_process(
    start_service: StartService, accept: str
) -> None:
    client = (await start_service()).client
    for path in ("/-/live", "/-/live", "/nothing/here", "/nothing/there"):
        await client.get(path)
    await client.request("MINE", "/-/live")

    answer = await client.get("/-/metrics", headers={"Accept": accept})

    families = strictly(answer.text, answer.headers["content-type"])
    requests = families["saman_http_requests"].samples
    counted = {
        (s.labels["method"], s.labels["route"], s.labels["status"]): s.value
        for s in requests
        if s.name == "saman_http_requests_total"
    }
    assert counted == {
        ("GET", "/-/live", "200"): 2,
        ("GET", "none", "404"): 2,
        ("other", "/-/live", "405"): 1,
    }
    timed = {
        s.labels["route"]: s.value
        for s in families["saman_http_request_seconds"].samples
        if s.name.endswith("_count") and s.labels["method"] == "GET"
    }
    assert timed == {"/-/live": 2, "none": 2}
    assert {"process_resident_memory_bytes", "process_open_fds", "saman_ready"} <= families.keys()
