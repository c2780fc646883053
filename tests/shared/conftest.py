"""A service with nothing of its own: the mechanisms as every service has them."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest_asyncio
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from shared.delivery.subscribe import Router
from shared.kafka.broker import BusSettings
from shared.service.runtime import Service, ServiceSettings
from tests.support.infrastructure import MECHANISMS, DatabaseHandle, Infra

OPERATOR_KEY = "the operator's key"


@dataclass(frozen=True, slots=True)
class Started:
    """A running service and ways to speak to it."""

    service: Service
    app: FastAPI
    client: AsyncClient
    stop: Callable[[], Awaitable[None]]


StartService = Callable[..., Awaitable[Started]]


@pytest_asyncio.fixture
async def handle(infra: Infra) -> AsyncIterator[DatabaseHandle]:
    """A database with the mechanisms' tables only."""
    made = await infra.make_database(MECHANISMS)
    yield made
    await infra.drop_database(made)


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
            app = service.fastapi("Mechanisms", "What all services have.")
            running = AsyncExitStack()
            stack.push_async_callback(running.aclose)
            await running.enter_async_context(app.router.lifespan_context(app))
            client = AsyncClient(transport=ASGITransport(app), base_url="http://test")
            await running.enter_async_context(client)
            return Started(service, app, client, running.aclose)

        yield start
