"""Fixtures of the tests of notifications."""

import pytest_asyncio

from shared.postgres.database import Database
from tests.conftest import MakeDatabase


@pytest_asyncio.fixture
async def database(make_database: MakeDatabase) -> Database:
    """An empty database of notifications."""
    return await make_database("notifications")
