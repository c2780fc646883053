"""Whole services under test: the real app with its consumers, relay and background work."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from deploy.services import wiring
from shared.kafka.broker import BusSettings
from shared.service.runtime import Service
from tests.support.infrastructure import DatabaseHandle, Infra

OPERATOR_KEY = "operator-key-of-the-tests"
SESSION_KEY = "a-key-of-the-tests-for-sessions-long-enough"
READY_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service that runs.

    Attributes:
        client: speaks HTTP to it, without a key.
        operator: likewise, with the operator's key.
    """

    name: str
    app: FastAPI
    client: AsyncClient
    operator: AsyncClient
    handle: DatabaseHandle

    @property
    def service(self) -> Service:
        """The running parts."""
        service: Service = self.app.state.service
        return service


def idle_service(name: str) -> Service:
    """Return the parts of a service that is built and not started; nothing answers at its
    addresses.
    """
    module = wiring(name)
    app = module.create_app(
        module.Settings.model_validate({"database_dsn": "postgresql://nobody@127.0.0.1:1/none"})
    )
    service: Service = app.state.service
    return service


@asynccontextmanager
async def run_service(
    infra: Infra, name: str, *, group_prefix: str, **settings: object
) -> AsyncIterator[RunningService]:
    """Run a service until the block ends; it is ready when the block begins."""
    handle = await infra.make_database(name)
    module = wiring(name)
    bus = BusSettings(
        bootstrap=infra.bootstrap, client_id=f"test-{name}", group_prefix=group_prefix
    )
    app = module.create_app(
        module.Settings.model_validate(
            {
                "database_dsn": handle.dsn,
                "bus": bus,
                "operator_key_hash": hashlib.sha256(OPERATOR_KEY.encode()).hexdigest(),
                "session_keys": SESSION_KEY,
                **settings,
            }
        )
    )
    headers = {"Authorization": f"Bearer {OPERATOR_KEY}"}
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://test") as client,
        AsyncClient(
            transport=ASGITransport(app), base_url="http://test", headers=headers
        ) as operator,
    ):
        running = RunningService(name, app, client, operator, handle)
        await until_ready(running)
        yield running
    await infra.drop_database(handle)


async def until_ready(running: RunningService) -> None:
    """Wait until the service says that it is ready; say why it is not when it takes too long."""
    deadline = time.monotonic() + READY_SECONDS
    while running.service.health.reasons():
        if time.monotonic() > deadline:
            raise AssertionError(f"{running.name} is not ready: {running.service.health.reasons()}")
        await asyncio.sleep(0.02)
