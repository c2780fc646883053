"""Publishes figures over Kafka and takes their receipts."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from .faults import NotReached
from .figures import KINDS, POSTED_TYPE, OutgoingFigure

RECEIPT_SECONDS = 60.0
METADATA_SECONDS = 10.0


@dataclass
class Receipts:
    """What came back: the answers by submission id."""

    accepted: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    rejected: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.accepted) + len(self.rejected)


class Client:
    """A publisher's connection to Kafka.

    Args:
        options: of aiokafka's clients: where the brokers are, and account, password and certificate
            authority.
        publisher: organisation number.
    """

    def __init__(self, options: Mapping[str, Any], publisher: str) -> None:
        self.publisher = publisher
        self._options = options
        self._producer: Any = None
        self._consumer: Any = None

    async def open(self) -> None:
        """Connect, and remember where the receipts end now.

        Raises:
            NotReached: no broker answers, or lets this account in, or the publisher's topics do
                not exist.
        """
        self._producer = AIOKafkaProducer(
            **self._options, acks="all", enable_idempotence=True, linger_ms=5
        )
        self._consumer = AIOKafkaConsumer(**self._options, auto_offset_reset="earliest")
        try:
            await self._producer.start()
            await self._consumer.start()
        except KafkaError:
            told = self._options["bootstrap_servers"]
            address = told if isinstance(told, str) else ",".join(told)
            raise NotReached(
                f"Kafka at {address} does not answer, or does not let this account in; is its"
                " password right?"
            ) from None
        topic = f"receipts.{self.publisher}.v1"
        try:
            numbers = await asyncio.wait_for(self._producer.partitions_for(topic), METADATA_SECONDS)
        except (KafkaError, TimeoutError):
            raise NotReached(
                f"topic {topic} does not exist, or this account may not see it; add the publisher"
                " with `saman publishers add`"
            ) from None
        places = [TopicPartition(topic, number) for number in numbers]
        self._consumer.assign(places)
        await self._consumer.seek_to_end(*places)
        for place in places:
            await self._consumer.position(place)

    async def close(self) -> None:
        """Leave."""
        for part in (self._consumer, self._producer):
            if part is not None:
                await part.stop()

    async def post(self, figures: Sequence[OutgoingFigure]) -> None:
        """Publish figures in order and return when the broker has them all."""
        sending = [
            await self._producer.send(
                KINDS[f.kind].topic.format(publisher=self.publisher),
                json.dumps(dict(f.body)).encode(),
                key=str(f.body.get("municipality", "")).encode(),
                headers=headers(f.figure_id, self.publisher, KINDS[f.kind].type),
            )
            for f in figures
        ]
        await asyncio.gather(*sending)

    async def receipts(
        self, wanted: Sequence[OutgoingFigure], *, seconds: float = RECEIPT_SECONDS
    ) -> AsyncIterator[Receipts]:
        """Yield what came back so far, until each of the wanted figures has its receipt.

        Raises:
            NotReached: some receipts did not come in time; the figures are safe on the topic all
                the same.
        """
        answers = Receipts()
        open_ids = {f.figure_id for f in wanted}
        deadline = time.monotonic() + seconds
        while open_ids:
            if time.monotonic() > deadline:
                raise NotReached(
                    f"{len(open_ids)} of {len(wanted)} receipts did not come in {seconds:.0f} s;"
                    " the figures are on the topic and are taken in when reporting runs"
                )
            batches = await self._consumer.getmany(timeout_ms=200)
            for record in (record for batch in batches.values() for record in batch):
                content = json.loads(record.value)
                submission = content.get("submission_id")
                kept = answers.rejected if "code" in content else answers.accepted
                if submission in open_ids:
                    open_ids.discard(submission)
                    kept[submission] = content
            yield answers


@asynccontextmanager
async def connected(options: Mapping[str, Any], publisher: str) -> AsyncIterator[Client]:
    """Connect while the block runs."""
    client = Client(options, publisher)
    try:
        await client.open()
        yield client
    finally:
        await client.close()


def headers(figure_id: str, publisher: str, type_: str = POSTED_TYPE) -> list[tuple[str, bytes]]:
    """Return the CloudEvents headers of a figure."""
    values = {
        "ce_specversion": "1.0",
        "ce_id": figure_id,
        "ce_type": type_,
        "ce_source": f"/publisher/{publisher}",
        "ce_time": datetime.now(UTC).isoformat(),
        "content-type": "application/json",
    }
    return [(name, value.encode()) for name, value in values.items()]


def chunks(figures: Sequence[OutgoingFigure], size: int) -> Iterator[Sequence[OutgoingFigure]]:
    """Cut figures into pieces, so that progress can be shown."""
    for start in range(0, len(figures), size):
        yield figures[start : start + size]
