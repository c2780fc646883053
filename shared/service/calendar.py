"""Doing at each midnight what the day brings."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.clock import Clock, next_midnight
from shared.postgres.database import Database


async def follow(
    database: Database, clock: Clock, turn: Callable[..., Awaitable[object]], *, seconds: float
) -> None:
    """Call a command when a day of the programme begins, and now and then besides, for as long as
    the service runs.

    Args:
        database: the service's; each call is a transaction.
        clock: the service's.
        turn: takes the connection and `now`; called again on the same day, it finds nothing left to
            do.
        seconds: how often it is called besides, for what came late or was held elsewhere at
            midnight.

    Raises:
        Unavailable: the database is away; run again.
    """
    while True:
        async with database.transaction() as conn:
            await turn(conn, now=clock.now())
        now = clock.now()
        await asyncio.sleep(min(seconds, (next_midnight(now) - now).total_seconds()))
