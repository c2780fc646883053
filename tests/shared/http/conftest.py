"""Speaking to the app under test."""

from collections.abc import AsyncIterator

import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient

from tests.shared.http.app import app_under_test


@pytest_asyncio.fixture
async def client() -> AsyncIterator[AsyncClient]:
    """Speaks to the app."""
    async with AsyncClient(
        transport=ASGITransport(app_under_test()), base_url="http://test"
    ) as speaking:
        yield speaking
