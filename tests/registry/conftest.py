"""Fixtures of the registry's tests."""

import secrets
from collections.abc import AsyncIterator

import pytest_asyncio

from services.registry.municipalities.commands import load_reference
from services.registry.municipalities.reference.tables import read_reference
from shared.postgres.database import Database
from tests.conftest import MakeDatabase
from tests.registry.factories import NOW
from tests.support.apps import RunningService, run_service
from tests.support.infrastructure import Infra


@pytest_asyncio.fixture
async def database(make_database: MakeDatabase) -> Database:
    """An empty registry."""
    return await make_database("registry")


@pytest_asyncio.fixture(scope="module")
async def reference_database(infra: Infra) -> AsyncIterator[Database]:
    """A registry with the reference municipalities, for tests that only read."""
    handle = await infra.make_database("registry")
    database = Database(handle.dsn, application_name="test registry", pool_size=4)
    async with database.transaction() as conn:
        await load_reference(conn, read_reference(), now=NOW)
    yield database
    await database.close()
    await infra.drop_database(handle)


@pytest_asyncio.fixture(scope="module")
async def registry(infra: Infra) -> AsyncIterator[RunningService]:
    """A running registry with the reference municipalities; tests stay apart by the ids that they
    choose.
    """
    async with run_service(infra, "registry", group_prefix=f"{secrets.token_hex(4)}.") as running:
        yield running
