"""A relay under test, in this process or in one of its own that can be killed."""

import asyncio
import os
import sys
from collections.abc import Iterable

from shared.events.envelope import Event
from shared.kafka.broker import BusSettings
from shared.outbox import outbox
from shared.outbox.relay import Relay
from shared.postgres.database import Database


class Relaying:
    """A relay that runs as a task."""

    def __init__(self, relay: Relay, database: Database) -> None:
        self.relay = relay
        self.database = database
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self.relay.run())

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self.database.close()


async def write(database: Database, events: Iterable[Event], *, topic: str) -> None:
    """Write events in a transaction of their own."""
    async with database.transaction() as conn:
        await outbox.put(conn, events, topic=topic)


async def waiting_count(database: Database) -> int:
    """Rows in the outbox."""
    async with database.connection() as conn:
        count: int = await conn.fetchval("SELECT count(*) FROM outbox")
        return count


async def process(dsn: str, bootstrap: str) -> asyncio.subprocess.Process:
    """Run a relay in a process of its own."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.shared.outbox.relaying", dsn, bootstrap
    )


async def _run(dsn: str, bootstrap: str) -> None:
    database = Database(dsn, application_name="saman test")
    await Relay(database, BusSettings(bootstrap=bootstrap, client_id=f"relay {os.getpid()}")).run()


if __name__ == "__main__":
    asyncio.run(_run(*sys.argv[1:]))
