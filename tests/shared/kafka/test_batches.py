"""What a batch is made of: all partitions at one pace, none of them kept waiting for long."""

import asyncio
import gc
import weakref
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import CorruptRecordException

from shared.delivery.positions import Resumption
from shared.kafka import wire
from shared.kafka.batches import TAKEN_BYTES_MAX, UNPACKED_BYTES_MAX, Batches, shares
from shared.kafka.consumer import fetched_partitions, unpacked_bytes
from shared.kafka.inflating import INFLATED_BYTES_MAX, ZSTD
from tests.conftest import MakeDatabase
from tests.shared.conftest import MakeTopic
from tests.support.infrastructure import MECHANISMS, Infra
from tests.support.raw_records import batch_from, written

BATCH = 100
LARGE = b"\0" * 15_000_000
"""What one record can become of a few hundred bytes."""


@pytest.fixture(autouse=True)
def wired() -> None:
    """The client as services have it."""
    wire.install()


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
def test_partitions_give_by_what_waits_and_each_a_part_of_its_equal_share(
    waiting: list[int], given: list[int]
) -> None:
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
    async with AIOKafkaConsumer(
        topic, **infra.bus.client_options(), group_id=topic, **READING
    ) as consumer:
        batches = Batches(BATCH, Resumption(database, topic).settle)
        taken: list[Any] = []
        while len(taken) < sum(counts.values()):
            batch = await batches.next(consumer)
            assert len(batch) <= BATCH
            taken += batch

    for partition, count in counts.items():
        assert [int(r.value) for r in taken if r.partition == partition] == list(range(count)), (
            "none lost, in order"
        )
    half = Counter(record.partition for record in taken[: len(taken) // 2])
    assert {
        partition: round(half[partition] / count, 1) for partition, count in counts.items()
    } == {partition: pytest.approx(0.5, abs=0.15) for partition in counts}


async def test_a_fetch_that_breaks_off_takes_nothing_away(
    infra: Infra,
    make_topic: MakeTopic,
    make_database: MakeDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = await make_database(MECHANISMS)
    topic = await make_topic(partitions=3)
    counts = dict.fromkeys(range(3), 20)
    await send(infra, topic, counts)
    broken = 0

    async with AIOKafkaConsumer(
        topic, **infra.bus.client_options(), group_id=topic, **READING
    ) as consumer:
        getmany = consumer.getmany

        async def break_off(*asked: Any, **bounds: Any) -> Any:
            nonlocal broken
            if asked and broken < 3:
                broken += 1
                raise CorruptRecordException
            return await getmany(*asked, **bounds)

        monkeypatch.setattr(consumer, "getmany", break_off)
        batches = Batches(BATCH, Resumption(database, topic).settle)
        taken: list[Any] = []
        async with asyncio.timeout(30):
            while len(taken) < sum(counts.values()):
                with suppress(CorruptRecordException):
                    taken += await batches.next(consumer)

    assert broken == 3
    assert Counter((r.partition, int(r.value)) for r in taken) == Counter(
        (partition, number) for partition, count in counts.items() for number in range(count)
    )


async def send_packed(
    infra: Infra,
    topic: str,
    values: dict[int, list[list[bytes]]],
    *,
    headers: Sequence[tuple[str, bytes | None]] = (),
) -> None:
    """Put batches of these values, packed, into each partition."""
    async with AIOKafkaProducer(**infra.bus.client_options()) as producer:
        for partition, batches in values.items():
            for batch in batches:
                content = written(producer, [(b"key", value, [*headers]) for value in batch], ZSTD)
                packed = batch_from(producer, content, len(batch))
                await (await producer.send_batch(packed, topic, partition=partition))


async def test_what_a_few_bytes_become_is_taken_little_by_little_and_keeps_nobody_waiting(
    infra: Infra, make_topic: MakeTopic, make_database: MakeDatabase
) -> None:
    database = await make_database(MECHANISMS)
    topic = await make_topic(partitions=4)
    sent = {**dict.fromkeys(range(3), [[LARGE]] * 4), 3: [[b"small"]]}
    await send_packed(infra, topic, sent)
    async with AIOKafkaConsumer(
        topic, **infra.bus.client_options(), group_id=topic, **READING
    ) as consumer:
        batches = Batches(BATCH, Resumption(database, topic).settle)
        taken: list[list[tuple[int, int]]] = []
        while sum(map(len, taken)) < 13:
            batch = await batches.next(consumer)
            assert (
                sum(len(record.value) for record in batch) <= TAKEN_BYTES_MAX + INFLATED_BYTES_MAX
            )
            taken.append([(record.partition, record.offset) for record in batch])

    for partition, large in sent.items():
        offsets = [offset for batch in taken for each, offset in batch if each == partition]
        assert offsets == list(range(len(large))), "none lost, in order"
    turns = [{partition for partition, _ in batch} for batch in taken if batch]
    assert 3 in set().union(*turns[:3])


async def test_headers_count_for_what_they_take_and_not_for_what_they_say(
    infra: Infra, make_topic: MakeTopic, make_database: MakeDatabase
) -> None:
    database = await make_database(MECHANISMS)
    topic = await make_topic()
    await send_packed(infra, topic, {0: [[b"value"]] * 3}, headers=[("", None)] * 300_000)
    async with AIOKafkaConsumer(
        topic, **infra.bus.client_options(), group_id=topic, **READING
    ) as consumer:
        batches = Batches(BATCH, Resumption(database, topic).settle)
        counts: list[int] = []
        while sum(counts) < 3:
            counts.append(len(await batches.next(consumer)))

    assert [count for count in counts if count] == [1, 1, 1]


async def test_what_a_client_holds_unpacked_is_bounded_over_all_partitions(
    infra: Infra, make_topic: MakeTopic, make_database: MakeDatabase
) -> None:
    database = await make_database(MECHANISMS)
    topic = await make_topic(partitions=5)
    await send_packed(
        infra, topic, {partition: [[b"small", b"small", LARGE]] for partition in range(5)}
    )
    async with AIOKafkaConsumer(
        topic, **infra.bus.client_options(), group_id=topic, **READING
    ) as consumer:
        batches = Batches(5, Resumption(database, topic).settle)
        taken: list[Any] = []
        most = 0
        while len(taken) < 15:
            taken += [(record.partition, record.offset) for record in await batches.next(consumer)]
            most = max(
                most,
                sum(unpacked_bytes(consumer, place) for place in fetched_partitions(consumer)),
            )

    assert len(LARGE) < most <= UNPACKED_BYTES_MAX
    assert sorted(taken) == [(partition, offset) for partition in range(5) for offset in range(3)]


async def test_what_a_client_has_unpacked_is_freed_when_it_goes_on_elsewhere(
    infra: Infra, make_topic: MakeTopic
) -> None:
    topic = await make_topic()
    await send_packed(infra, topic, {0: [[b"small", LARGE]]})
    async with AIOKafkaConsumer(
        topic, **infra.bus.client_options(), group_id=topic, **READING
    ) as consumer:
        (place,) = await consumer.getmany(timeout_ms=30_000, max_records=1)
        unpacked = weakref.ref(consumer._fetcher._records[place]._partition_records._records._read)
        assert unpacked() is not None
        gc.disable()
        try:
            consumer.seek(place, 0)
            assert unpacked() is None
        finally:
            gc.enable()


ENVELOPE = [
    (f"ce_{name}", name.encode())
    for name in ("id", "time", "type", "source", "subject", "specversion")
]


@pytest.mark.parametrize(
    ("values", "headers", "is_unpacked"),
    [
        ([b"value"], [("", None)] * 1_000_000, False),
        ([b"value" * 100] * 3_000, ENVELOPE, False),
        ([b"value" * 100] * 2_000, ENVELOPE, True),
        ([b"value" * 500_000], [("", None)] * wire.HEADERS_MAX, True),
    ],
    ids=["too many headers", "too many records", "many records", "many headers"],
)
async def test_a_packed_batch_of_objects_without_number_is_not_unpacked(
    infra: Infra,
    topic: str,
    monkeypatch: pytest.MonkeyPatch,
    values: list[bytes],
    headers: list[tuple[str, bytes | None]],
    is_unpacked: bool,
) -> None:
    monkeypatch.setattr(wire, "RECORDS_MAX", 2_000)
    await send_packed(infra, topic, {0: [values]}, headers=headers)
    async with AIOKafkaConsumer(
        topic, **infra.bus.client_options(), group_id=topic, **READING
    ) as consumer:
        (records,) = (await consumer.getmany(timeout_ms=30_000, max_records=3_000)).values()

    if is_unpacked:
        assert [(record.value, list(record.headers)) for record in records] == [
            (value, headers) for value in values
        ]
    else:
        assert [(record.offset, record.key, record.headers) for record in records] == [
            (len(values) - 1, None, ())
        ]
        assert len(records[0].value) < 20_000
