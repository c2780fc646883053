"""Connections are shared fairly: nobody holds more than half, and whoever holds fewest is next."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from shared.postgres.shares import Shares, work_for

SECONDS = 30.0


class Borrower:
    """Somebody who borrows connections, and holds each until told to give one back."""

    def __init__(self, shares: Shares, who: str) -> None:
        self._shares = shares
        self._who = who
        self._stacks: list[AsyncExitStack] = []

    @property
    def held(self) -> int:
        """How many they hold."""
        return len(self._stacks)

    async def borrow(self) -> None:
        """Wait for one."""
        stack = AsyncExitStack()
        with work_for(self._who):
            await stack.enter_async_context(self._shares.held(SECONDS))
        self._stacks.append(stack)

    async def give_back(self) -> None:
        """Give the first one back."""
        await self._stacks.pop(0).aclose()


async def settled() -> None:
    """Let every task that can go on go on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_nobody_holds_more_than_half() -> None:
    shares = Shares(10)
    greedy, modest = Borrower(shares, "greedy"), Borrower(shares, "modest")
    wishes = [asyncio.create_task(greedy.borrow()) for _ in range(50)]
    await settled()

    assert greedy.held == 5
    await modest.borrow()
    assert modest.held == 1
    await greedy.give_back()
    await settled()
    assert greedy.held == 5
    for wish in wishes:
        wish.cancel()


async def test_the_next_connection_goes_to_whoever_holds_fewest() -> None:
    shares = Shares(4)
    first, second, third = (Borrower(shares, name) for name in ("first", "second", "third"))
    for each in (first, first, second, second):
        await each.borrow()
    queue = [asyncio.create_task(first.borrow()), asyncio.create_task(second.borrow())]
    await settled()
    late = asyncio.create_task(third.borrow())
    await settled()

    await first.give_back()
    await settled()
    assert (first.held, second.held, third.held) == (1, 2, 1)
    await second.give_back()
    await late
    await settled()
    assert (first.held, second.held) == (2, 1)
    for wish in queue:
        wish.cancel()


async def test_whoever_gives_up_waiting_leaves_the_turn_to_others() -> None:
    shares = Shares(2)
    one, other = Borrower(shares, "one"), Borrower(shares, "other")
    await one.borrow()
    with pytest.raises(TimeoutError), work_for("one"):
        async with shares.held(0.01):
            pass
    leaving = asyncio.create_task(one.borrow())
    await settled()
    leaving.cancel()
    await one.give_back()
    await settled()

    await other.borrow()
    await one.borrow()
    assert (one.held, other.held) == (1, 1)


async def test_what_works_for_nobody_is_not_counted() -> None:
    shares = Shares(2)
    one = Borrower(shares, "one")
    await one.borrow()
    async with shares.held(SECONDS), shares.held(SECONDS), shares.held(SECONDS):
        assert one.held == 1
