"""Waiting for something to become true, without guessing how long it takes."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any

WAIT_SECONDS = 120.0
LOOK_AGAIN_SECONDS = 0.01
SOON_SECONDS = 20.0
"""Within this ends, on a machine with other work too, what would otherwise wait for a minute or for
ever.
"""


async def until(
    condition: Callable[[], Any | Awaitable[Any]],
    what: str = "",
    *,
    seconds: float = WAIT_SECONDS,
    pause: float = LOOK_AGAIN_SECONDS,
) -> Any:
    """Wait until the condition gives something true, and return that.

    Args:
        pause: between two looks; longer where a look costs those that are waited for.

    Raises:
        AssertionError: it did not in time; the message has what it gave last.
    """
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if inspect.isawaitable(result):
            result = await result
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(
                f"still not after {seconds} s: {what or condition}; last: {result!r}"
            )
        await asyncio.sleep(pause)
