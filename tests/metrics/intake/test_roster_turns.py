"""Who changes the roster gets its turn, however many go on working with it."""

import asyncio

from services.metrics.groups import store as roster
from shared.postgres.database import Database
from tests.conftest import MakeDatabase
from tests.reporting.figures.test_figure_streams import WAITING
from tests.support.waiting import until


async def work(database: Database, holds: asyncio.Event, may_end: asyncio.Event) -> None:
    """Work with the roster until told to end."""
    async with database.transaction() as conn:
        await roster.hold_roster(conn)
        holds.set()
        await may_end.wait()


async def change(database: Database) -> None:
    async with database.transaction() as conn:
        await roster.turn_roster(conn)


async def test_a_change_does_not_wait_for_those_who_came_after_it(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    first, second, may_end = asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with database.connection() as watcher, asyncio.TaskGroup() as group:

        async def wait(count: int) -> bool:
            return int(await watcher.fetchval(WAITING)) == count

        group.create_task(work(database, first, may_end))
        await first.wait()
        changing = group.create_task(change(database))
        await until(lambda: wait(1), "the change waits for who works")
        group.create_task(work(database, second, may_end))
        await until(lambda: wait(2), "who comes later waits behind the change")
        assert not second.is_set()

        may_end.set()
        await changing
        await second.wait()
