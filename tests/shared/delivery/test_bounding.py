"""Of one publisher's topic only so many records wait as dead letters; beyond that they are counted,
sampled, and told of once.
"""

import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio

from shared.clock import Clock
from shared.delivery import bounding, dead_letters
from shared.delivery.bounding import CODE, NotKept
from shared.delivery.dead_letters import Failure
from shared.delivery.effects import Effects
from shared.delivery.progress import Progress
from shared.delivery.records import Record
from shared.delivery.subscribe import Subscription
from shared.postgres.database import Connection, Database
from tests.support.infrastructure import DatabaseHandle

FLOOD, OTHER = "inbound.1.figures.v1", "inbound.2.figures.v1"
GROUP = "mechanisms.inbound.figures"


class Inbound:
    """A consumer of all publishers' topics that reads nothing but what is no JSON.

    Attributes:
        receipts: of what was refused, topic and code.
    """

    def __init__(self, database: Database, letters_max: int) -> None:
        self.database = database
        self.receipts: list[tuple[str, str]] = []
        self.progress = Progress()
        subscription = Subscription(
            GROUP,
            "inbound.{orgnr}.figures.v1",
            (),
            self._handle,
            1_000,
            refuse=self._refuse,
            letters_max=letters_max,
        )
        self._effects = Effects(subscription, database, Clock(), self.progress)
        self._offsets = dict.fromkeys((FLOOD, OTHER), 0)

    async def _handle(self, _: Sequence[Any], __: Connection, ___: datetime) -> None:
        raise AssertionError("nothing can be read")

    async def _refuse(self, _: Connection, record: Record, failure: Failure) -> None:
        self.receipts.append((record.topic, failure.code))

    async def take(self, topic: str, count: int) -> None:
        """Take a batch of records of one byte each."""
        first = self._offsets[topic]
        self._offsets[topic] += count
        records = [Record(topic, 0, first + n, None, (), b"x") for n in range(count)]
        await self._effects.apply([self._effects.read(record) for record in records], records)

    async def waiting(self, topic: str) -> list[int]:
        """The letters of a topic that wait, by their numbers."""
        wanted = dead_letters.LetterFilter(topic=topic)
        async with self.database.connection() as conn:
            return [letter.id for letter in await dead_letters.list_(conn, wanted, count=10_000)]

    async def not_kept(self) -> dict[str, int]:
        """How many records were counted only, by topic."""
        async with self.database.connection() as conn:
            found: list[NotKept] = await bounding.list_not_kept(conn)
        return {each.topic: each.count for each in found}

    async def discard(self, letters: Sequence[int]) -> None:
        """Settle letters."""
        async with self.database.transaction() as conn:
            for letter_id in letters:
                await dead_letters.discard(conn, letter_id, reason="a flood")


@pytest_asyncio.fixture
async def database(handle: DatabaseHandle) -> AsyncIterator[Database]:
    """The mechanisms' own."""
    opened = Database(handle.dsn, application_name="bounding", pool_size=4)
    yield opened
    await opened.close()


async def test_beyond_the_bound_records_are_counted_and_told_of_once(database: Database) -> None:
    inbound = Inbound(database, letters_max=10)
    await inbound.take(FLOOD, 8)
    await inbound.take(FLOOD, 8)
    await inbound.take(FLOOD, 200)

    assert len(await inbound.waiting(FLOOD)) == 10
    assert await inbound.not_kept() == {FLOOD: 206}
    assert inbound.receipts == [(FLOOD, "json-malformed")] * 10 + [(FLOOD, CODE)]
    assert (inbound.progress.buried_count, inbound.progress.not_kept_count) == (10, 206)


async def test_one_publisher_does_not_use_up_what_is_kept_of_another(database: Database) -> None:
    inbound = Inbound(database, letters_max=10)
    await inbound.take(FLOOD, 100)
    await inbound.take(OTHER, 10)

    assert len(await inbound.waiting(OTHER)) == 10
    assert await inbound.not_kept() == {FLOOD: 90}
    assert inbound.receipts.count((OTHER, "json-malformed")) == 10


async def test_some_of_those_beyond_the_bound_are_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounding, "SAMPLE_EVERY", 50)
    inbound = Inbound(database, letters_max=10)
    for _ in range(3):
        await inbound.take(FLOOD, 70)

    # 200 are beyond the bound: the fiftieth of them, the hundredth, and so on.
    assert len(await inbound.waiting(FLOOD)) == 10 + 4
    assert inbound.receipts.count((FLOOD, CODE)) == 1


async def test_when_enough_is_settled_letters_are_kept_and_told_of_again(
    database: Database,
) -> None:
    inbound = Inbound(database, letters_max=10)
    await inbound.take(FLOOD, 20)
    await inbound.discard((await inbound.waiting(FLOOD))[:2])
    await inbound.take(FLOOD, 5)
    assert len(await inbound.waiting(FLOOD)) == 10
    assert inbound.receipts.count((FLOOD, CODE)) == 1

    await inbound.discard((await inbound.waiting(FLOOD))[:6])
    await inbound.take(FLOOD, 10)
    assert len(await inbound.waiting(FLOOD)) == 10
    assert inbound.receipts.count((FLOOD, CODE)) == 2
    assert await inbound.not_kept() == {FLOOD: 10 + 3 + 4}


async def test_a_flood_beyond_the_bound_costs_less_than_the_letters_within_it(
    database: Database,
) -> None:
    inbound = Inbound(database, letters_max=1_000)

    async def seconds() -> float:
        begun = time.perf_counter()
        await inbound.take(FLOOD, 1_000)
        return time.perf_counter() - begun

    within = await seconds()
    beyond = [await seconds() for _ in range(5)]

    assert min(beyond) < within / 2
    assert await inbound.not_kept() == {FLOOD: 5_000}
    assert len(await inbound.waiting(FLOOD)) == 1_000 + 5
