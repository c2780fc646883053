"""Nothing is lost and nothing is doubled when any one process is killed while figures are on their
way.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest

from deploy.cli.connection import Connection, operator_bus
from deploy.cli.posting import post_figures
from deploy.cli.programme import load_programme
from deploy.cli.publishers import add_publisher
from deploy.client.figures import OutgoingFigure, figure
from deploy.demo import generated, story
from deploy.local.infrastructure import Server
from deploy.local.progress import silent
from deploy.local.stack import Stack, start_stack, watched
from shared.errors import Unavailable

PUBLISHER = "310000027"
LAST_MONTH = "2013-07"
QUIET_SECONDS = 120.0


@asynccontextmanager
async def running_stack(folder: Path) -> AsyncIterator[Stack]:
    """A system under the demo's supervision: what dies is started again."""
    stack = await start_stack(folder, attached=True)
    try:
        async with watched(stack, tell=print):
            yield stack
    finally:
        await stack.stop()


async def kill(server: Server) -> None:
    """Kill a server as a crash would, and wait until it answers again."""
    dead = server.pid
    assert dead is not None
    os.kill(dead, signal.SIGKILL)
    async with asyncio.timeout(QUIET_SECONDS):
        while server.pid == dead or not server.ready:  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.05)


async def until_quiet(connection: Connection) -> None:
    async with asyncio.timeout(QUIET_SECONDS):
        while True:
            try:
                async with connection.client() as api:
                    return await story.until_quiet(api, silent)
            except Unavailable:
                await asyncio.sleep(0.2)


async def prepared(connection: Connection) -> list[OutgoingFigure]:
    """Load the programme, let one publisher speak for all participants, and return their
    figures.
    """
    await load_programme(connection, story.PROGRAMME, wait=True)
    async with connection.client() as api:
        participants = await story.participants(api)
    ids = [municipality_id for municipality_id, _ in participants]
    await add_publisher(connection, PUBLISHER, name="Test", municipalities=ids, wait=True)
    return [figure(body, publisher=PUBLISHER) for body in generated.figures(participants)]


async def count(dsn: str, query: str) -> int:
    conn = await asyncpg.connect(dsn)
    try:
        return int(await conn.fetchval(query))
    finally:
        await conn.close()


def sum_of(figures: Sequence[OutgoingFigure], field: str) -> Decimal:
    return sum(
        (Decimal(f.body[field]) for f in figures if f.body["period"] == LAST_MONTH), Decimal(0)
    )


@pytest.mark.infra
async def test_killing_any_process_loses_nothing_and_doubles_nothing(stack_folder: Path) -> None:
    async with running_stack(stack_folder) as stack:
        connection = Connection(
            stack.services.address, operator_bus(stack.description()), stack.operator_key
        )
        figures = await prepared(connection)

        posting = asyncio.create_task(post_figures(connection.bus, PUBLISHER, figures))
        for server in (
            stack.services,
            stack.infrastructure.postgres,
            stack.infrastructure.kafka,
            stack.services,
        ):
            await kill(server)
        receipts = await posting
        await until_quiet(connection)

        assert len(receipts.accepted) == len(figures)
        reporting, metrics = (
            stack.databases["reporting"].service_dsn,
            stack.databases["metrics"].service_dsn,
        )
        assert await count(reporting, "SELECT count(*) FROM figure") == len(figures)
        assert await count(reporting, "SELECT count(*) FROM figure WHERE vintage > 1") == 0
        for dsn in (reporting, metrics):
            assert await count(dsn, "SELECT count(*) FROM dead_letter") == 0
        async with connection.client() as api:
            series = await api.call(
                "GET",
                "/api/metrics/v1/series",
                params={"subject": "programme/saman-2011", "window": "month", "from": LAST_MONTH},
            )
        last = series["items"][-1]
        assert Decimal(last["numerator"]) == sum_of(figures, "lost_days")
        assert Decimal(last["denominator"]) == sum_of(figures, "agreed_days")
        assert last["coverage"] == {"present": 109, "expected": 109}
