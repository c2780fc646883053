"""Sends outbox rows to the broker in batches that are filled here, at a quarter of the cost of
sending each row by itself.

Rows of a key share a partition, and the batches of a partition go one after another, so the broker
gets the rows of a key in their order.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError
from pydantic_core import from_json

from shared.kafka.partitions import partition_of


class Posting:
    """One chunk of the outbox.

    Args:
        producer: a started producer of the client.
    """

    def __init__(self, producer: Any) -> None:
        self._producer = producer
        self._filling: dict[TopicPartition, tuple[Any, list[Any]]] = {}
        self._sent: list[tuple[Sequence[Any], asyncio.Future[Any]]] = []
        self._partition_counts: dict[str, int] = {}

    async def add(self, row: Any) -> None:
        """Put a row into the batch of its partition; a full batch is sent.

        Raises:
            KafkaError: the producer does not take it now.
        """
        target = await self._partition_of(row)
        if target in self._filling:
            batch, rows = self._filling[target]
            if _append(batch, row):
                rows.append(row)
                return
            await self._send(target)
        batch = self._producer.create_batch()
        _append(batch, row)
        self._filling[target] = (batch, [row])

    async def add_alone(self, row: Any) -> Exception | None:
        """Send a row by itself after all before it have arrived; return why the broker refuses it,
        None when it took it.
        """
        await self.settle()
        topic, partition = await self._partition_of(row)
        key, headers = row["key"].encode(), headers_of(row)
        try:
            future = await self._producer.send(
                topic, row["payload"], key=key, partition=partition, headers=headers
            )
        except MessageSizeTooLargeError as refusal:  # already the client knows that it is too large
            future = asyncio.get_running_loop().create_future()
            future.set_exception(refusal)
        self._sent.append(([row], future))
        await self.settle()
        return _outcome(future)

    async def send(self) -> None:
        """Send all batches."""
        for target in list(self._filling):
            await self._send(target)

    async def settle(self) -> None:
        """Send all batches, and wait until the broker has answered for each."""
        await self.send()
        if waiting := [future for _, future in self._sent if not future.done()]:
            await asyncio.wait(waiting)

    def outcomes(self) -> list[tuple[Any, Exception | None]]:
        """Return each row that was sent, with the error that it met; None if it is acknowledged."""
        return [
            (row, error)
            for rows, future in self._sent
            for error in (_outcome(future),)
            for row in rows
        ]

    async def _partition_of(self, row: Any) -> TopicPartition:
        topic = row["topic"]
        if topic not in self._partition_counts:
            self._partition_counts[topic] = len(await self._producer.partitions_for(topic))
        number = partition_of(row["key"].encode(), self._partition_counts[topic])
        return TopicPartition(topic, number)

    async def _send(self, target: TopicPartition) -> None:
        batch, rows = self._filling.pop(target)
        batch.close()  # else it would linger for more
        topic, partition = target
        self._sent.append(
            (rows, await self._producer.send_batch(batch, topic, partition=partition))
        )


def headers_of(row: Any) -> list[tuple[str, bytes]]:
    """Return a row's headers as the client wants them."""
    return [(name, value.encode()) for name, value in from_json(row["headers"]).items()]


def _append(batch: Any, row: Any) -> bool:
    """Add a row to a batch; False if the batch is full. An empty batch takes every row."""
    key, headers = row["key"].encode(), headers_of(row)
    return batch.append(timestamp=None, key=key, value=row["payload"], headers=headers) is not None


def _outcome(future: asyncio.Future[Any]) -> Exception | None:
    if not future.done():
        future.cancel()
    if not future.cancelled():
        return future.exception()  # type: ignore[return-value]  # the client sets nothing else
    late: Exception = KafkaTimeoutError("no acknowledgement in time")
    return late
