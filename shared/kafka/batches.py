"""Puts records together into batches: the more wait, the more at a time, from all partitions at one
pace.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import ConsumerStoppedError

from shared import faults
from shared.kafka import broker as kafka
from shared.kafka import wire
from shared.kafka.consumer import (
    fetch_again,
    fetched_partitions,
    give_back,
    unpacked_bytes,
    unread_by_partition,
)

Settle = Callable[[Any, Mapping[TopicPartition, Sequence[Any]]], Awaitable[set[TopicPartition]]]
"""Called with the client and what it has just handed out; returns the partitions whose records are
not to be handled, because the client was sent back in them.
"""

AGAIN_SECONDS = 0.5
"""Pause before a client tries again that could not fetch or be settled."""

STREAM_RECORDS = 16
STREAM_SECONDS = 0.05
"""After a batch of `STREAM_RECORDS` or more the next one has this time to fill."""

EQUAL_PART = 4
"""One part in four of a batch is shared out equally, so that a long backlog in one partition does
not keep the others waiting for long; the rest is shared out in proportion to what waits.
"""

TAKEN_BYTES_MAX = 16 * 1024 * 1024
"""After a partition that brings a batch to this size no other is added. The next batch begins with
the partition after it.
"""

UNPACKED_BYTES_MAX = 32 * 1024 * 1024
"""What the client may hold unpacked beside a batch, of all partitions together. In each of them a
few hundred bytes can become as many as `inflating.py` allows, and a service has 384 MiB.
"""


class Batches:
    """Hands out a consumer's records, more at a time the more there are.

    Each batch costs the same whatever it holds: a fetch, a transaction, a commit of offsets, a pass
    of the relay. While records trickle in, each is handed out at once. When they stream, a short
    wait makes a few large batches out of many small ones, and what many records change together,
    such as a group, is written once.

    Args:
        records_max: records in one batch at most.
        settle: keeps the client where the database says.
    """

    def __init__(self, records_max: int, settle: Settle) -> None:
        self._records_max = records_max
        self._settle = settle
        self._given_count = 0
        self._last: TopicPartition | None = None

    async def next(self, consumer: Any) -> tuple[Any, ...]:
        """Return the next records, an empty batch when none came for a while.

        It takes the place of FastStream's own loop, which sleeps after each empty poll: with short
        polls that costs processor time, with long ones latency.

        Raises:
            ConsumerStoppedError: the consumer is being stopped.
            Exception: whatever went wrong after the fetch; the records will be fetched again.
        """
        if self._given_count:
            faults.point("delivery.acknowledged")
        if STREAM_RECORDS <= self._given_count < self._records_max:
            await asyncio.sleep(STREAM_SECONDS)
        self._given_count = 0
        taken: dict[TopicPartition, list[Any]] = {}
        try:
            await self._take(consumer, taken)
            moved = await self._settle(consumer, taken)
        except ConsumerStoppedError:
            raise
        except Exception:
            # Without this, the next call would get later records, and commit past these.
            give_back(consumer, taken)
            await asyncio.sleep(AGAIN_SECONDS)
            raise
        for partition in moved:
            taken.pop(partition, None)
        self._given_count = sum(map(len, taken.values()))
        return tuple(chain.from_iterable(taken.values()))

    async def _take(self, consumer: Any, taken: dict[TopicPartition, list[Any]]) -> None:
        """Fetch a batch's records into `taken`. After an error it holds what came before."""
        if not unread_by_partition(consumer):
            first = await consumer.getmany(timeout_ms=kafka.WAIT_MILLISECONDS, max_records=1)
            taken.update({partition: [*records] for partition, records in first.items()})
        room, room_bytes = self._records_max - len(taken), TAKEN_BYTES_MAX - _bytes(taken)
        held = _Held(consumer)
        for partition, share in self._in_turn(
            shares(unread_by_partition(consumer), self._records_max)
        ):
            if room and room_bytes > 0:
                more = await consumer.getmany(partition, timeout_ms=0, max_records=min(share, room))
                for records in more.values():
                    taken.setdefault(partition, []).extend(records)
                    room -= len(records)
                room_bytes -= _bytes(more)
                self._last = partition if room_bytes <= 0 else None
                held.look_at(partition)

    def _in_turn(self, given: Mapping[TopicPartition, int]) -> list[tuple[TopicPartition, int]]:
        """Begin with the partition after the one that left no room for others in the last batch."""
        last = self._last
        return sorted(given.items(), key=lambda item: last is not None and item[0] <= last)


class _Held:
    """Bounds what a client holds unpacked; what is too much, the client has to fetch again.

    Args:
        consumer: the client.
    """

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer
        self._bytes = {
            partition: unpacked_bytes(consumer, partition)
            for partition in fetched_partitions(consumer)
        }
        self._total = sum(self._bytes.values())

    def look_at(self, partition: TopicPartition) -> None:
        """Count a partition anew after it was read, and drop the largest while the sum is too
        large.
        """
        now = unpacked_bytes(self._consumer, partition)
        self._total += now - self._bytes.get(partition, 0)
        self._bytes[partition] = now
        while self._total > UNPACKED_BYTES_MAX:
            largest = max(self._bytes, key=self._bytes.__getitem__)
            self._total -= self._bytes.pop(largest)
            fetch_again(self._consumer, largest)


def _bytes(given: Mapping[TopicPartition, list[Any]]) -> int:
    return sum(wire.bytes_of(record) for records in given.values() for record in records)


def shares(waiting: Mapping[TopicPartition, int], records_max: int) -> dict[TopicPartition, int]:
    """Return how many records each partition may give to a batch.

    By itself the client empties one partition before it looks at the next; with a backlog, every
    batch would hold the long history of a few keys. In equal shares, a partition with few keys
    would run ahead of one with many. In proportion to what waits, all partitions reach the same
    time together. So what is computed from records of one time, such as a group's month, is
    computed once and not again for each partition that comes late.
    """
    if not waiting:
        return {}
    total = sum(waiting.values())
    equal = records_max / EQUAL_PART / len(waiting)
    return {
        partition: max(1, int(equal + (records_max - records_max / EQUAL_PART) * count / total))
        for partition, count in waiting.items()
    }
