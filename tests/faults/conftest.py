"""Servers that may be maltreated, and whole systems with a small world in them and a receiver of
webhooks beside.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.proof import Proving, proving
from tests.support.containers import choose, containers_infra
from tests.support.infrastructure import Infra, local_infra


@pytest.fixture(name="proving")
def proving_() -> Proving:
    """Runs fresh systems."""
    return proving


@pytest_asyncio.fixture(scope="module")
async def own_infra() -> AsyncIterator[Infra]:
    """PostgreSQL and Kafka for one module alone: what is left on the topics here would disturb
    everybody else.
    """
    async with containers_infra() if choose().kind == "containers" else local_infra() as infra:
        yield infra
