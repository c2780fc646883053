"""What many ask for is made once a second."""

import asyncio

import pytest

from shared.web import copies as module
from shared.web.copies import Copies


class Maker:
    """Makes numbers, and counts them."""

    def __init__(self) -> None:
        self.made = 0
        self.now = 100.0
        self.copies: Copies[int] = Copies(clock=lambda: self.now)

    async def make(self) -> int:
        self.made += 1
        await asyncio.sleep(0)
        return self.made

    async def get(self, key: str = "a") -> int:
        return await self.copies.get(key, self.make)


async def test_all_who_ask_within_a_second_get_the_same() -> None:
    maker = Maker()
    at_once = await asyncio.gather(*(maker.get() for _ in range(100)))
    maker.now += 0.9
    assert {*at_once, await maker.get()} == {1}


async def test_no_copy_is_older_than_a_second() -> None:
    maker = Maker()
    await maker.get()
    maker.now += 1.0
    assert await maker.get() == 2


async def test_what_is_asked_for_otherwise_is_another_copy() -> None:
    maker = Maker()
    assert [await maker.get(key) for key in ("a", "b", "a")] == [1, 2, 1]


async def test_a_failure_is_no_copy() -> None:
    async def fail() -> int:
        raise LookupError

    maker = Maker()
    with pytest.raises(LookupError):
        await maker.copies.get("a", fail)
    assert await maker.get() == 1


async def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_COUNT", 2)
    maker = Maker()
    assert [await maker.get(key) for key in ("a", "b", "c", "c", "a")] == [1, 2, 3, 4, 1]
    maker.now += 1.0
    assert [await maker.get(key) for key in ("c", "c")] == [5, 5]
