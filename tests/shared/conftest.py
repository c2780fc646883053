"""What tests of the mechanisms need: a database with nothing but mechanisms, topics, subscriptions
and relays of their own, and a service with nothing of its own.
"""

import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from shared.delivery.subscribe import Router
from shared.kafka.broker import BusSettings
from shared.outbox.relay import Relay
from shared.postgres.database import Database
from shared.service.app import make_app
from shared.service.runtime import Service
from shared.service.settings import ServiceSettings
from tests.shared.delivery.consuming import EFFECT_TABLE, Consuming
from tests.shared.outbox.relaying import Relaying
from tests.support.infrastructure import MECHANISMS, DatabaseHandle, Infra
from tests.support.owner import as_owner
from tests.support.waiting import until

OPERATOR_KEY = "the operator's key"


@dataclass(frozen=True, slots=True)
class Started:
    """A running service and ways to speak to it."""

    service: Service
    app: FastAPI
    client: AsyncClient
    stop: Callable[[], Awaitable[None]]


StartService = Callable[..., Awaitable[Started]]


MakeTopic = Callable[..., Awaitable[str]]
Consume = Callable[..., Awaitable[Consuming]]
StartRelay = Callable[[], Awaitable[Relaying]]


@pytest_asyncio.fixture
async def handle(infra: Infra) -> AsyncIterator[DatabaseHandle]:
    """A database with the mechanisms' tables, and one that shows what handlers did."""
    made = await infra.make_database(MECHANISMS)
    await as_owner(made, EFFECT_TABLE)
    yield made
    await infra.drop_database(made)


@pytest_asyncio.fixture
async def make_topic(infra: Infra) -> AsyncIterator[MakeTopic]:
    """Makes topics with random names; they are removed after the test."""
    admin = AIOKafkaAdminClient(**infra.bus.client_options())
    await admin.start()
    made: list[str] = []

    async def make(name: str | None = None, *, partitions: int = 1, **configs: str) -> str:
        topic = name or f"test.{secrets.token_hex(6)}.v1"
        await admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=configs)])
        made.append(topic)
        await until(lambda: _is_there(admin, topic), f"{topic} can be used")
        return topic

    yield make
    if made:
        await admin.delete_topics(made)
    await admin.close()


async def _is_there(admin: AIOKafkaAdminClient, topic: str) -> bool:
    (described,) = await admin.describe_topics([topic])
    return not described["error_code"] and all(
        each["leader"] >= 0 for each in described["partitions"]
    )


@pytest_asyncio.fixture
async def topic(make_topic: MakeTopic) -> str:
    """A topic with one partition, so that order is known."""
    return await make_topic()


@pytest_asyncio.fixture
async def consume(infra: Infra, handle: DatabaseHandle) -> AsyncIterator[Consume]:
    """Runs subscriptions on the test's database, and stops them after the test; `is_started=False`
    only looks.
    """
    async with AsyncExitStack() as stack:

        async def start(topic: str, *, is_started: bool = True, **options: object) -> Consuming:
            consuming = Consuming(infra, handle, topic, **options)  # type: ignore[arg-type]
            if is_started:
                return await stack.enter_async_context(consuming)
            await consuming.database.open()
            stack.push_async_callback(consuming.database.close)
            return consuming

        yield start


@pytest_asyncio.fixture
async def database(handle: DatabaseHandle) -> AsyncIterator[Database]:
    """The test's database, with the role of a service."""
    opened = Database(handle.dsn, application_name="writer", pool_size=10)
    await opened.open()
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def relaying(infra: Infra, handle: DatabaseHandle) -> AsyncIterator[StartRelay]:
    """Runs relays on the test's database until the test ends; each may be ended before."""
    started: list[Relaying] = []

    async def start() -> Relaying:
        database = Database(handle.dsn, application_name="saman test", pool_size=2)
        running = Relaying(Relay(database, infra.bus), database)
        running.start()
        started.append(running)
        return running

    yield start
    for running in started:
        await running.stop()


@pytest_asyncio.fixture
async def start_service(
    infra: Infra, handle: DatabaseHandle, tmp_path: Path
) -> AsyncIterator[StartService]:
    """Starts services; what is in the test's folder are their migrations."""
    async with AsyncExitStack() as stack:

        async def start(
            *, dsn: str | None = None, bootstrap: str | None = None, **options: Any
        ) -> Started:
            bus = BusSettings(
                bootstrap=bootstrap or infra.bootstrap,
                client_id="test",
                group_prefix=f"{handle.name}.",
            )
            settings = ServiceSettings.model_validate(
                {
                    "database_dsn": dsn or handle.dsn,
                    "bus": bus,
                    "pool_size": 2,
                    "SAMAN_OPERATOR_KEY_HASH": hashlib.sha256(OPERATOR_KEY.encode()).hexdigest(),
                }
            )
            service = Service(
                "mechanisms",
                settings,
                migrations=tmp_path,
                **({"router": Router("mechanisms")} | options),
            )
            app = make_app(service, "Mechanisms", "What all services have.")
            running = AsyncExitStack()
            stack.push_async_callback(running.aclose)
            await running.enter_async_context(app.router.lifespan_context(app))
            client = AsyncClient(transport=ASGITransport(app), base_url="http://test")
            await running.enter_async_context(client)
            return Started(service, app, client, running.aclose)

        yield start
