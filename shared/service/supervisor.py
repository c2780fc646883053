"""Runs the parts of a service, and starts a part again when it fails."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiokafka.errors import KafkaError

from shared.errors import Unavailable
from shared.postgres.database import DRIVER_FAILURES, in_short
from shared.service.health import Health

LOG = structlog.get_logger()

RETRY_SECONDS_MIN = 0.25
RETRY_SECONDS_MAX = 5.0

RECOVERED_SECONDS = 10.0
"""How long a part that failed must run until its failure counts as over. A part that runs for ever
never reports that it is well.
"""

CANCEL_SECONDS = 12.0
"""How long a cancelled part may take to end before it is cancelled again; longer than a delivery
takes to finish its tries.
"""

_FAILURES = (KafkaError, Unavailable, *DRIVER_FAILURES)
"""What a part may meet while database or broker are away; anything else is a fault of ours and is
logged with its traceback.
"""

Part = Callable[[], Awaitable[None]]


class Supervisor:
    """Runs parts as tasks until they are stopped.

    Args:
        service: the service's name, for the names of the tasks.
        health: where failures are noted.
    """

    def __init__(self, service: str, health: Health) -> None:
        self._service = service
        self._health = health
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, part: Part) -> None:
        """Run a part from now on."""
        self._tasks[name] = asyncio.create_task(
            self.keep_running(name, part), name=f"{self._service} {name}"
        )

    async def stop(self, name: str) -> None:
        """Cancel one part and wait until it has ended."""
        task = self._tasks.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def stop_all(self) -> None:
        """Cancel all parts until they have ended; a cancellation can be lost in a wait that ends at
        the same moment.
        """
        left = set(self._tasks.values())
        self._tasks.clear()
        while left:
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=CANCEL_SECONDS)

    async def keep_running(self, name: str, part: Part) -> None:
        """Run a part, and run it again after a pause whenever it fails; return when it returns."""
        pause = RETRY_SECONDS_MIN
        failures = self._health.failures
        loop = asyncio.get_running_loop()
        while True:
            recovered = loop.call_later(RECOVERED_SECONDS, failures.pop, name, None)
            try:
                await part()
            except _FAILURES as error:
                failures[name] = in_short(error)
                whole = f"{type(error).__name__}: {error}"[:300]
                LOG.warning("part failed", part=name, error=whole, retry_seconds=pause)
            except Exception as error:
                failures[name] = in_short(error)
                LOG.exception("part broke", part=name, retry_seconds=pause)
            else:
                failures.pop(name, None)
                return
            finally:
                recovered.cancel()
            await asyncio.sleep(pause)
            pause = min(pause * 2, RETRY_SECONDS_MAX)
