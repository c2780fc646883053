"""Answers that many ask for are made once a second, however many ask."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from fastapi import Request, Response

KEPT_SECONDS = 1.0
KEPT_COUNT = 50
"""Copies that are kept at once; what is asked for in more ways than that is made anew."""

T = TypeVar("T")


class Copied:
    """A page's dependency that lets it be answered from a copy.

    It is the same page for everybody who asks for the same address in the same language with the
    same cookies, and may be a second old.
    """

    async def __call__(self) -> None:
        """Nothing is left to do; the route has looked for a copy before."""


@dataclass(frozen=True, slots=True)
class _Copy(Generic[T]):
    value: T
    made_at: float


class Copies(Generic[T]):
    """Keeps what was made, each for a second from when its making began.

    Args:
        clock: seconds that only rise.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[Hashable, _Copy[T]] = {}
        self._making: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """Return a copy of what the key stands for, or make it; who asks meanwhile waits for it.

        Raises:
            Exception: what `make` raises; nothing is kept then.
        """
        lock = self._making.setdefault(key, asyncio.Lock())
        async with lock:
            kept = self._kept.get(key)
            begun_at = self._clock()
            if kept is not None and begun_at < kept.made_at + KEPT_SECONDS:
                return kept.value
            value = await make()
            self._forget_old()
            if len(self._kept) < KEPT_COUNT:
                self._kept[key] = _Copy(value, begun_at)
            return value

    def _forget_old(self) -> None:
        since = self._clock() - KEPT_SECONDS
        self._kept = {key: copy for key, copy in self._kept.items() if copy.made_at > since}


@dataclass(frozen=True, slots=True)
class PageCopy:
    """A page as it was sent."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @classmethod
    def of(cls, response: Response) -> "PageCopy":
        """Keep a response."""
        return cls(response.status_code, tuple(response.raw_headers), bytes(response.body))

    def response(self) -> Response:
        """Return it once more."""
        response = Response(self.body, self.status)
        response.raw_headers = list(self.headers)
        return response


def page_key(request: Request) -> Hashable:
    """Return everything that a page of the house depends on, as its `Vary` says."""
    asked = (request.headers.get(name) for name in ("accept-language", "cookie"))
    return (request.url.path, request.scope["query_string"], *asked)
