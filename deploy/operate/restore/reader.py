"""Reading the log from outside, without a group."""

import time
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.delivery.consumers import record_of
from shared.delivery.records import Record
from shared.errors import Unavailable
from shared.kafka.admin import Admin, administering
from shared.kafka.broker import BusSettings
from shared.kafka.consumer import learn

READ_MILLISECONDS = 500
SILENT_SECONDS = 60.0
"""A broker that gives no record for so long, while there are some, is away."""


@dataclass(frozen=True, slots=True)
class Reader:
    """The log as it is now.

    Attributes:
        starts, ends: of every partition that there is, when the looking began.
    """

    bus: BusSettings
    starts: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]
    admin: Admin
    client: AIOKafkaConsumer

    def places(self, topics: Collection[str]) -> list[TopicPartition]:
        """Return the partitions of some topics that hold anything."""
        return sorted(
            p for p, end in self.ends.items() if p.topic in topics and end > self.starts[p]
        )

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        """Return how far a group has read."""
        offsets = await self.admin.list_consumer_group_offsets(group)
        return {place: each.offset for place, each in offsets.items() if each.offset >= 0}

    async def end(self, place: TopicPartition) -> int | None:
        """Return where a partition ends at this moment; None when there is no such partition."""
        if place not in self.ends:
            return None
        ends: dict[TopicPartition, int] = await self.client.end_offsets([place])
        return ends[place]

    async def records(
        self, spans: Mapping[TopicPartition, tuple[int, int]]
    ) -> AsyncIterator[list[Record]]:
        """Yield what stands between two offsets of each partition, some at a time, in the order of
        each.

        Raises:
            Unavailable: the broker gives nothing any more.
        """
        left = {p: (max(first, self.starts[p]), end) for p, (first, end) in spans.items()}
        left = {p: (first, end) for p, (first, end) in left.items() if first < end}
        consumer = AIOKafkaConsumer(**self.bus.client_options())
        await consumer.start()
        try:
            consumer.assign(list(left))
            for place, (first, _) in left.items():
                consumer.seek(place, first)
            given_at = time.monotonic()
            while left:
                batches = await consumer.getmany(*left, timeout_ms=READ_MILLISECONDS)
                for place, records in batches.items():
                    yield [
                        record_of(record) for record in records if record.offset < left[place][1]
                    ]
                    given_at = time.monotonic()
                for place in [p for p in left if await consumer.position(p) >= left[p][1]]:
                    consumer.pause(place)
                    del left[place]
                if time.monotonic() - given_at > SILENT_SECONDS:
                    raise Unavailable(
                        f"Kafka has given no record of {next(iter(left))} for"
                        f" {SILENT_SECONDS:.0f} s"
                    )
        finally:
            await consumer.stop()

    async def whole(self, topics: Collection[str]) -> AsyncIterator[list[Record]]:
        """Yield everything in some topics."""
        async for batch in self.records(
            {place: (0, self.ends[place]) for place in self.places(topics)}
        ):
            yield batch

    async def find(self, ids: set[UUID], topics: Iterable[str]) -> dict[UUID, Record]:
        """Return the records of events, by id; what is not there is left out."""
        wanted, found = {str(one): one for one in ids}, dict[UUID, Record]()
        if wanted:
            async for batch in self.whole(set(topics)):
                found |= {
                    wanted[one]: record
                    for record in batch
                    if (one := record.header("ce_id")) in wanted
                }
        return found


@asynccontextmanager
async def reading(bus: BusSettings) -> AsyncIterator[Reader]:
    """Look at the log as it is now.

    Raises:
        Unavailable: the broker does not answer.
    """
    client = AIOKafkaConsumer(**bus.client_options())
    try:
        async with administering(bus) as admin:
            await client.start()
            topics = [topic for topic in await admin.list_topics() if not topic.startswith("__")]
            places = await admin.places(topics)
            await learn(client, topics)
            yield Reader(
                bus,
                await client.beginning_offsets(places),
                await client.end_offsets(places),
                admin,
                client,
            )
    except (KafkaError, OSError) as error:
        raise Unavailable(
            f"Kafka at {bus.bootstrap} does not answer ({type(error).__name__})"
        ) from error
    finally:
        await client.stop()
