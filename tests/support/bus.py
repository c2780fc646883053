"""The bus as an outsider sees it: publish what a municipal system publishes, wait for what
consumers get.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from shared.events.envelope import Event
from shared.kafka.broker import BusSettings

E = TypeVar("E", bound=Event)
WAIT_SECONDS = 120.0


class Bus:
    """An outsider on the broker; every test has its own, and sees what happened since it was
    opened.
    """

    def __init__(self, settings: BusSettings) -> None:
        self._settings = settings
        self._producer: Any = None
        self._consumers: dict[str, Any] = {}
        self._seen: dict[str, list[ConsumerRecord[Any, Any]]] = {}

    async def open(self, *topics: str) -> None:
        """Connect, and remember where the topics end now."""
        self._producer = AIOKafkaProducer(**self._settings.client_options(), acks="all")
        await self._producer.start()
        for topic in topics:
            await self.follow(topic)

    async def close(self) -> None:
        """Leave."""
        for consumer in self._consumers.values():
            await consumer.stop()
        if self._producer is not None:
            await self._producer.stop()

    async def follow(self, topic: str, *, from_start: bool = False) -> None:
        """Read a topic from its present end on, or all of it."""
        consumer = AIOKafkaConsumer(
            topic, **self._settings.client_options(), auto_offset_reset="earliest"
        )
        await consumer.start()
        deadline = time.monotonic() + WAIT_SECONDS
        while not (places := consumer.assignment()):
            if time.monotonic() > deadline:
                raise AssertionError(f"topic {topic} does not exist")
            await consumer._client.force_metadata_update()
            await asyncio.sleep(0)
        await (consumer.seek_to_beginning(*places) if from_start else consumer.seek_to_end(*places))
        for place in places:
            await consumer.position(place)
        self._consumers[topic] = consumer
        self._seen[topic] = []

    async def publish(self, *events: Event, topic: str | None = None) -> None:
        """Publish events as a service would, those of one key in order."""
        sending = []
        for event in events:
            headers = [(name, value.encode()) for name, value in event.headers().items()]
            sending.append(
                await self._producer.send(
                    topic or event.topic(), event.payload(), key=event.key.encode(), headers=headers
                )
            )
        await asyncio.gather(*sending)

    async def submit(
        self,
        topic: str,
        content: Mapping[str, Any] | bytes | None,
        *,
        type_: str,
        id_: str | None = None,
        key: str = "k",
    ) -> str:
        """Publish what a municipal system publishes; return the id."""
        ce_id = id_ or str(uuid.uuid4())
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", ce_id.encode()),
            ("ce_type", type_.encode()),
            ("ce_source", b"/publisher/test"),
            ("content-type", b"application/json"),
        ]
        value = content if isinstance(content, bytes | None) else json.dumps(content).encode()
        await self._producer.send_and_wait(topic, value, key=key.encode(), headers=headers)
        return ce_id

    async def send_raw(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: list[tuple[str, Any]] | None = None,
    ) -> Any:
        """Publish anything at all; return the record's metadata."""
        return await self._producer.send_and_wait(topic, value, key=key, headers=headers or [])

    async def receive(
        self, cls: type[E], *, topic: str | None = None, where: Callable[[E], bool] | None = None
    ) -> E:
        """Wait for an event that fits.

        Raises:
            AssertionError: none came in time; the message lists what came instead.
        """
        name = topic or cls.topic()
        deadline = time.monotonic() + WAIT_SECONDS
        place = 0
        while True:
            seen = self._seen[name]
            for record in seen[place:]:
                event = read(cls, record)
                if event is not None and (where is None or where(event)):
                    return event
            place = len(seen)
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"no {cls.__name__} that fits came; seen: {[describe(r) for r in seen[-10:]]}"
                )
            await self._poll(name)

    async def all(
        self,
        cls: type[E],
        *,
        count: int,
        topic: str | None = None,
        where: Callable[[E], bool] | None = None,
    ) -> list[E]:
        """Wait until so many fitting events came, and return all that came by then."""
        name = topic or cls.topic()
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            events = [
                e
                for e in (read(cls, r) for r in self._seen[name])
                if e is not None and (where is None or where(e))
            ]
            if len(events) >= count:
                return events
            if time.monotonic() > deadline:
                raise AssertionError(f"only {len(events)} of {count} {cls.__name__} came")
            await self._poll(name)

    async def _poll(self, topic: str) -> None:
        batches = await self._consumers[topic].getmany(timeout_ms=200)
        self._seen[topic] += [record for batch in batches.values() for record in batch]
        await asyncio.sleep(0)


def read(cls: type[E], record: ConsumerRecord[Any, Any]) -> E | None:
    """Return the event in a record if it is of this class; what other tests spoiled on purpose is
    none.
    """
    headers = dict(record.headers)
    if headers.get("ce_type") != cls.type().encode():
        return None
    try:
        return cls.from_wire(headers["ce_id"].decode(), headers["ce_time"].decode(), record.value)
    except ValueError:
        return None


def describe(record: ConsumerRecord[Any, Any]) -> str:
    """Return a record in one line, for a failed test's message."""
    headers = dict(record.headers)
    return f"{headers.get('ce_type')} {record.key} {(record.value or b'')[:200]!r}"
