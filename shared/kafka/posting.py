"""Outbox rows on their way to the broker, put into batches here: it costs a quarter of sending each
by itself.

Rows of a key share a partition, and the batches of a partition go one after another, so the order
of rows is the order in which the broker gets them.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError
from pydantic_core import from_json

from shared.kafka.partitions import partition_of

Place = tuple[str, int]
"""Topic and partition."""


class Posting:
    """One chunk of the outbox.

    Args:
        producer: a started producer of the client.
    """

    def __init__(self, producer: Any) -> None:
        self._producer = producer
        self._filling: dict[Place, tuple[Any, list[Any]]] = {}
        self._sent: list[tuple[Sequence[Any], asyncio.Future[Any]]] = []
        self._partition_counts: dict[str, int] = {}

    async def add(self, row: Any) -> None:
        """Put a row into the batch of its partition; a batch that is full goes.

        Raises:
            KafkaError: the producer does not take it now.
        """
        place = await self._place(row)
        if place in self._filling:
            batch, rows = self._filling[place]
            if _append(batch, row):
                rows.append(row)
                return
            await self._send(place)
        batch = self._producer.create_batch()
        _append(batch, row)
        self._filling[place] = (batch, [row])

    async def add_alone(self, row: Any) -> Exception | None:
        """Send a row by itself after all before it arrived; return why the broker refuses it, None
        when it has it.
        """
        await self.settle()
        topic, partition = await self._place(row)
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
        """Let all batches go."""
        for place in list(self._filling):
            await self._send(place)

    async def settle(self) -> None:
        """Let all batches go, and wait until the broker has answered for each."""
        await self.send()
        if waiting := [future for _, future in self._sent if not future.done()]:
            await asyncio.wait(waiting)

    def outcomes(self) -> list[tuple[Any, Exception | None]]:
        """Return why each row that went was not acknowledged; None where the broker has it."""
        return [
            (row, error)
            for rows, future in self._sent
            for error in (_outcome(future),)
            for row in rows
        ]

    async def _place(self, row: Any) -> Place:
        topic = row["topic"]
        if topic not in self._partition_counts:
            self._partition_counts[topic] = len(await self._producer.partitions_for(topic))
        return topic, partition_of(row["key"].encode(), self._partition_counts[topic])

    async def _send(self, place: Place) -> None:
        batch, rows = self._filling.pop(place)
        batch.close()  # else it would linger for more
        topic, partition = place
        self._sent.append(
            (rows, await self._producer.send_batch(batch, topic, partition=partition))
        )


def headers_of(row: Any) -> list[tuple[str, bytes]]:
    """Return a row's headers as the client wants them."""
    return [(name, value.encode()) for name, value in from_json(row["headers"]).items()]


def _append(batch: Any, row: Any) -> bool:
    """Tell whether a row still went into the batch; into an empty one every row does."""
    key, headers = row["key"].encode(), headers_of(row)
    return batch.append(timestamp=None, key=key, value=row["payload"], headers=headers) is not None


def _outcome(future: asyncio.Future[Any]) -> Exception | None:
    if not future.done():
        future.cancel()
    if not future.cancelled():
        return future.exception()  # type: ignore[return-value]  # the client sets nothing else
    late: Exception = KafkaTimeoutError("no acknowledgement in time")
    return late
