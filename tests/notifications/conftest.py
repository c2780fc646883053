"""Fixtures of the tests of notifications."""

import hashlib
from collections.abc import AsyncIterator

import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient

from services.notifications.app import Settings, create_app
from shared.postgres.database import Database
from tests.conftest import MakeDatabase
from tests.notifications.doors import Doors
from tests.support.apps import OPERATOR_KEY


@pytest_asyncio.fixture
async def database(make_database: MakeDatabase) -> Database:
    """An empty database of notifications."""
    return await make_database("notifications")


@pytest_asyncio.fixture
async def doors(make_database: MakeDatabase) -> AsyncIterator[Doors]:
    """Notifications' doors on an empty database."""
    database = await make_database("notifications")
    app = create_app(
        Settings.model_validate(
            {
                "database_dsn": database.dsn,
                "operator_key_hash": hashlib.sha256(OPERATOR_KEY.encode()).hexdigest(),
                "webhook_key": "a key of the tests that is long enough",
            }
        )
    )
    headers = {"Authorization": f"Bearer {OPERATOR_KEY}"}
    async with (
        AsyncClient(transport=ASGITransport(app), base_url="http://test") as client,
        AsyncClient(
            transport=ASGITransport(app), base_url="http://test", headers=headers
        ) as operator,
    ):
        yield Doors(client, operator, database)
    await app.state.service.database.close()
