"""Fixtures that all tests share: real servers, a database per test, the bus as an outsider sees
it.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
import structlog

from shared.postgres.database import Database
from tests.support import metrics
from tests.support.apps import RunningService, run_service
from tests.support.bus import Bus
from tests.support.containers import choose, containers_infra
from tests.support.infrastructure import Infra, local_infra

TAKES_MINUTES = ("tests/faults/", "tests/story/")
"""Whole systems are started and struck here. If they came last, one process would be left alone
with them.
"""

MakeDatabase = Callable[[str], Awaitable[Database]]
RunService = Callable[..., Awaitable[RunningService]]


@pytest_asyncio.fixture(scope="session")
async def infra() -> AsyncIterator[Infra]:
    """PostgreSQL and Kafka, started once for all tests that ask for them; the head of the report
    says where.
    """
    async with containers_infra() if choose().kind == "containers" else local_infra() as running:
        registry = Bus(running.bus)
        await registry.open()
        await registry.publish(*metrics.DEFINED)
        await registry.close()
        yield running


@pytest_asyncio.fixture
async def make_database(infra: Infra) -> AsyncIterator[MakeDatabase]:
    """Makes databases of a service, each empty and migrated; they are removed after the test."""
    async with AsyncExitStack() as stack:

        async def make(service: str) -> Database:
            handle = await infra.make_database(service)
            stack.push_async_callback(infra.drop_database, handle)
            database = Database(handle.dsn, application_name=f"test {service}", pool_size=4)
            await database.open()
            stack.push_async_callback(database.close)
            return database

        yield make


@pytest_asyncio.fixture
async def bus(infra: Infra) -> AsyncIterator[Bus]:
    """The broker as an outsider sees it, from now on."""
    outsider = Bus(infra.bus)
    await outsider.open()
    yield outsider
    await outsider.close()


@pytest_asyncio.fixture
async def run(infra: Infra) -> AsyncIterator[RunService]:
    """Runs whole services on databases and consumer groups of their own, and stops them after the
    test.
    """
    async with AsyncExitStack() as stack:

        async def start(service: str, **settings: object) -> RunningService:
            return await stack.enter_async_context(
                run_service(infra, service, group_prefix=f"{secrets.token_hex(4)}.", **settings)
            )

        yield start


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Log tracebacks without the values of all variables: with them, one takes seconds."""
    renderer = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[structlog.processors.add_log_level, renderer])


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop that HTTP clients of tests use."""
    return "asyncio"


def pytest_report_header() -> str:
    """Say which PostgreSQL and Kafka the tests get."""
    try:
        choice = choose()
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    return f"PostgreSQL and Kafka: {choice.kind} ({choice.why})"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs the servers, so that `pytest -m "not infra"` can leave it out; put first what
    takes minutes.

    The order is changed only where several processes share the work: whoever runs one wants quick
    answers first.
    """
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not item.nodeid.startswith(TAKES_MINUTES))
    for item in items:
        if {"infra", "stack_folder", "browser"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("infra")
