"""What a batch is made of: all partitions at one pace, none of them kept waiting for long."""

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import CorruptRecordException

from shared.messaging.batches import Batches, shares
from shared.messaging.positions import Seat
from tests.conftest import MakeDatabase
from tests.messaging.conftest import MakeTopic
from tests.support.infrastructure import MECHANISMS, Infra

BATCH = 100


def places(*waiting: int) -> dict[TopicPartition, int]:
    return {TopicPartition("topic", number): count for number, count in enumerate(waiting)}


@pytest.mark.parametrize(
    ("waiting", "given"),
    [
        ([], []),
        ([1], [100]),
        ([50, 50], [50, 50]),
        ([1_000, 3_000], [31, 68]),
        ([1, 1_000_000], [12, 87]),
        ([1] * 200, [1] * 200),
    ],
)
def test_partitions_give_by_what_waits_and_each_a_part_of_its_equal_share(waiting: list[int], given: list[int]) -> None:
    assert list(shares(places(*waiting), BATCH).values()) == given


READING = {"auto_offset_reset": "earliest", "enable_auto_commit": False}


async def send(infra: Infra, topic: str, counts: dict[int, int]) -> None:
    """Put so many numbered records into each partition."""
    async with AIOKafkaProducer(**infra.bus.client_options()) as producer:
        sending = [
            await producer.send(topic, str(number).encode(), partition=partition)
            for partition, count in counts.items()
            for number in range(count)
        ]
        await asyncio.gather(*sending)


async def test_partitions_of_unlike_length_come_to_their_ends_together(
    infra: Infra, make_topic: MakeTopic, make_database: MakeDatabase
) -> None:
    database = await make_database(MECHANISMS)
    topic = await make_topic(partitions=3)
    counts = {0: 900, 1: 300, 2: 600}
    await send(infra, topic, counts)
    async with AIOKafkaConsumer(topic, **infra.bus.client_options(), group_id=topic, **READING) as consumer:
        batches = Batches(BATCH, Seat(database, topic))
        taken: list[Any] = []
        while len(taken) < sum(counts.values()):
            batch = await batches.next(consumer)
            assert len(batch) <= BATCH
            taken += batch

    for partition, count in counts.items():
        assert [int(r.value) for r in taken if r.partition == partition] == list(range(count)), "none lost, in order"
    half = Counter(record.partition for record in taken[: len(taken) // 2])
    assert {partition: round(half[partition] / count, 1) for partition, count in counts.items()} == {
        partition: pytest.approx(0.5, abs=0.15) for partition in counts
    }


async def test_a_fetch_that_breaks_off_takes_nothing_away(
    infra: Infra, make_topic: MakeTopic, make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await make_database(MECHANISMS)
    topic = await make_topic(partitions=3)
    counts = dict.fromkeys(range(3), 20)
    await send(infra, topic, counts)
    broken = 0

    async with AIOKafkaConsumer(topic, **infra.bus.client_options(), group_id=topic, **READING) as consumer:
        getmany = consumer.getmany

        async def break_off(*asked: Any, **bounds: Any) -> Any:
            nonlocal broken
            if asked and broken < 3:
                broken += 1
                raise CorruptRecordException
            return await getmany(*asked, **bounds)

        monkeypatch.setattr(consumer, "getmany", break_off)
        batches = Batches(BATCH, Seat(database, topic))
        taken: list[Any] = []
        async with asyncio.timeout(30):
            while len(taken) < sum(counts.values()):
                with suppress(CorruptRecordException):
                    taken += await batches.next(consumer)

    assert broken == 3
    assert Counter((r.partition, int(r.value)) for r in taken) == Counter(
        (partition, number) for partition, count in counts.items() for number in range(count)
    )
