"""Shares the connections of a service among its clients: each gets its turn, and none more than
half of them.

The door says for which client a request works. Work without a client, such as a consumer's, is not
limited here.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

_who: ContextVar[str | None] = ContextVar("who", default=None)


@contextmanager
def work_for(who: str) -> Iterator[None]:
    """Count the connections that are borrowed in the block as those of this client."""
    token = _who.set(who)
    try:
        yield
    finally:
        _who.reset(token)


def turn_out_to_be(who: str) -> None:
    """Name the client of the block around this, once it is known more exactly."""
    _who.set(who)


class Shares:
    """Lends so many connections at once. When all are lent, the next one goes to whoever holds
    fewest; among equals to the one that has waited longest.

    Args:
        total: connections that there are.
    """

    def __init__(self, total: int) -> None:
        self._free = total
        self._each = max(1, total // 2)
        self._held: Counter[str] = Counter()
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def held(self, timeout_seconds: float) -> AsyncIterator[None]:
        """Hold one of the connections until the block ends.

        Raises:
            TimeoutError: none came free in time.
        """
        who = _who.get()
        if who is None:
            yield
            return
        await self._take(who, timeout_seconds)
        try:
            yield
        finally:
            self._give_back(who)

    async def _take(self, who: str, timeout_seconds: float) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((who, turn))
        self._call()
        try:
            async with asyncio.timeout(timeout_seconds):
                await turn
        except BaseException:
            if turn.cancelled():
                self._waiting.remove((who, turn))
            else:  # it came in the very moment
                self._give_back(who)
            raise

    def _give_back(self, who: str) -> None:
        self._free += 1
        self._held[who] -= 1
        if not self._held[who]:
            del self._held[who]
        self._call()

    def _call(self) -> None:
        """Give the free connections to those whose turn it is."""
        while self._free:
            places = [
                (self._held[who], place)
                for place, (who, turn) in enumerate(self._waiting)
                if self._held[who] < self._each and not turn.done()
            ]
            if not places:
                return
            who, turn = self._waiting.pop(min(places)[1])
            self._free -= 1
            self._held[who] += 1
            turn.set_result(None)
