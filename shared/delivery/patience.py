"""Waits in place while the database or the broker is away."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import structlog

from shared.delivery.deaths import Deaths
from shared.delivery.positions import PutBack
from shared.delivery.progress import Progress
from shared.errors import Unavailable
from shared.postgres.database import in_short, is_transient

LOG = structlog.get_logger()

BACKOFF_SECONDS_MIN = 0.1
BACKOFF_SECONDS_MAX = 5.0

PATIENCE_SECONDS = 60.0
"""After this the batch is given back and fetched again; well below the poll interval at which the
broker evicts a consumer.
"""

T = TypeVar("T")


class Patience:
    """Repeats one consumer's work while what stands in its way is transient.

    Args:
        consumer: the consumer group.
        deaths: told when the work rests, so that a process that ends meanwhile blames no record.
        progress: where the last error is shown.

    Attributes:
        stopping: set when the service stops; then nobody waits for what does not answer.
    """

    def __init__(self, consumer: str, deaths: Deaths, progress: Progress) -> None:
        self.stopping = asyncio.Event()
        self._consumer = consumer
        self._deaths = deaths
        self._progress = progress

    async def finish(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work until it succeeds, with growing pauses.

        Raises:
            Unavailable: it did not succeed within `PATIENCE_SECONDS`, or the service stops.
            Exception: whatever permanent the work raised.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        pause = BACKOFF_SECONDS_MIN
        while True:
            try:
                await self._deaths.resume()
                return await work()
            except Exception as error:
                if isinstance(error, PutBack) or not is_transient(error):
                    raise
                self._progress.last_error = in_short(error)
                with suppress(Unavailable):
                    await self._deaths.rest()
                if time.monotonic() > deadline or self.stopping.is_set():
                    raise Unavailable(
                        f"{self._consumer} waits: {self._progress.last_error}"
                    ) from error
                LOG.warning(
                    "delivery waits",
                    consumer=self._consumer,
                    error=logged(error),
                    cause=str(error.__cause__ or "")[:300],
                    seconds=pause,
                )
                await self.pause(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not secrecy
                pause = min(pause * 2, BACKOFF_SECONDS_MAX)

    async def pause(self, seconds: float) -> None:
        """Wait, but no longer than until the service stops."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)


def logged(error: BaseException) -> str:
    """Return an error as it stands in the log, with its words."""
    return f"{type(error).__name__}: {error}"[:300]
