"""Sending a flood of spoiled messages between good ones, and remembering what was sent where."""

import asyncio
import hashlib
import json
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count, cycle
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from shared.identity_numbers import holds_identity_number
from shared.kafka.broker import BusSettings
from shared.kafka.inflating import NONE, ZSTD
from tests.faults.poison import BOMB_BYTES, GOOD, KINDS, Kind, Message, Sent
from tests.support.raw_records import batch_from, batch_of, written
from tests.support.topics import partition_count

GOLDEN = Path(__file__).parents[1] / "golden" / "events"
PARTITIONS = (0, 5, 11)
"""Of a topic with twelve; a publisher's has the first only."""

POISON_BETWEEN_GOOD = 3
BATCH_BYTES = 200_000

Place = tuple[int, int]
"""Partition and offset."""

MakeMessage = Callable[[int, bytes], Message]
"""Makes the next good message of a partition, with an id that is given."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a record that was sent."""

    kind: Kind
    id: str
    """The id that the message had before it was spoiled."""
    digest: bytes | None
    """Of the value as it was sent."""


def digest_of(value: bytes | None) -> bytes | None:
    """Stand in for a value that is too large to be kept."""
    return None if value is None else hashlib.sha256(value).digest()


def golden_messages(names: list[str], *, without: tuple[str, ...] = ()) -> MakeMessage:
    """Return good messages made of the golden ones, one type after the other, with rising
    versions. Those without a value cannot be spoiled by another one, and are left out.
    """
    kept = [json.loads((GOLDEN / f"{name}.json").read_text()) for name in names]
    turn = cycle([content for content in kept if content["payload"] is not None])
    numbers = count(1)

    def make(partition: int, id_: bytes) -> Message:
        content = next(turn)
        headers = {n: v.encode() for n, v in content["headers"].items() if n not in without} | {
            "ce_id": id_
        }
        payload = dict(content["payload"])
        if "version" in payload:
            payload["version"] = next(numbers)
        return Message(content["key"].encode(), headers, payload)

    return make


def new_id() -> str:
    """Return an id that may stand in a note as well: one UUID of 40,000 would be taken for a
    person's number there.
    """
    while holds_identity_number(id_ := str(uuid.uuid4())):
        pass
    return id_


class Flood:
    """Sends to one topic, several partitions at once, each in order.

    Args:
        bus: of an outsider who may write anything anywhere.
        largest: bytes of a batch that the topic takes.
    """

    def __init__(self, bus: BusSettings, topic: str, make: MakeMessage, *, largest: int) -> None:
        self.topic = topic
        self.sent: dict[Place, Known] = {}
        self.partitions = PARTITIONS if partition_count(topic) > 1 else PARTITIONS[:1]
        self.first_ids = {partition: new_id() for partition in self.partitions}
        self._producer: Any = AIOKafkaProducer(**bus.client_options())
        self._make = make
        self._largest = largest
        self._bombs: dict[int, bytes] = {}

    async def run(self, times: int, *, seed: int) -> None:
        """Send each kind so many times, shuffled, good ones between them, before and after."""
        await self._producer.start()
        try:
            await asyncio.gather(
                *(self._fill(number, times, seed) for number in range(len(self.partitions)))
            )
        finally:
            await self._producer.stop()

    async def _fill(self, number: int, times: int, seed: int) -> None:
        partition = self.partitions[number]
        kinds = [
            kind for kind in KINDS for turn in range(times) if turn % len(self.partitions) == number
        ]
        random.Random(f"{seed} {partition}").shuffle(kinds)
        batch: Any = None
        waiting: list[Known] = []
        for known, sent, message in self._messages(partition, kinds):
            content = sent.value, sent.headers
            if sent.codec != NONE or sent.fills:
                if waiting:
                    await self._send(batch, partition, waiting)
                    batch, waiting = None, []
                await self._send_alone(partition, known, sent, message)
                continue
            batch = batch or batch_of(self._producer, bytes_max=BATCH_BYTES)
            if not batch.append(
                key=message.key, value=content[0], timestamp=None, headers=content[1]
            ):
                await self._send(batch, partition, waiting)
                batch, waiting = batch_of(self._producer, bytes_max=BATCH_BYTES), []
                assert batch.append(
                    key=message.key, value=content[0], timestamp=None, headers=content[1]
                )
            waiting.append(known)
        await self._send(batch, partition, waiting)

    def _messages(self, partition: int, kinds: list[Kind]) -> Iterator[tuple[Known, Sent, Message]]:
        first = self.first_ids[partition]
        yield self._spoilt(GOOD, partition, first)
        for place, kind in enumerate(kinds):
            yield self._spoilt(kind, partition, new_id())
            if place % POISON_BETWEEN_GOOD == 0:
                yield self._spoilt(GOOD, partition, new_id())
        yield self._spoilt(GOOD, partition, new_id())

    def _spoilt(self, kind: Kind, partition: int, id_: str) -> tuple[Known, Sent, Message]:
        message = self._make(partition, id_.encode())
        first = self.first_ids[partition].encode()
        sent = kind.make(replace(message, first_id=first, largest=self._largest))
        return Known(kind, id_, digest_of(sent.value)), sent, message

    async def _send_alone(self, partition: int, known: Known, sent: Sent, message: Message) -> None:
        if sent.inflates:
            content = self._bomb(message.key)
            known = replace(known, digest=None)
        elif sent.fills:
            value = self._filled(message.key, sent)
            content, known = value[0], replace(known, digest=digest_of(value[1]))
        else:
            content = written(self._producer, [(message.key, sent.value, sent.headers)], sent.codec)
        await self._send(batch_from(self._producer, content, 1), partition, [known])

    async def _send(self, batch: Any, partition: int, waiting: list[Known]) -> None:
        if not waiting:
            return
        done = await (await self._producer.send_batch(batch, self.topic, partition=partition))
        for place, known in enumerate(waiting):
            self.sent[partition, done.offset + place] = known

    def _bomb(self, key: bytes) -> bytes:
        """Two hundred megabytes in six thousand bytes; packed once."""
        if not self._bombs:
            self._bombs[0] = written(self._producer, [(key, b"\0" * BOMB_BYTES, [])], ZSTD)
            assert len(self._bombs[0]) < 50_000
        return self._bombs[0]

    def _filled(self, key: bytes, sent: Sent) -> tuple[bytes, bytes]:
        """Return a batch of exactly the largest size, and the value in it."""
        assert sent.value is not None
        spaces = self._largest - 200_000
        while True:
            value = sent.value + b" " * spaces
            content = written(self._producer, [(key, value, sent.headers)])
            if len(content) == self._largest:
                return content, value
            spaces += self._largest - len(content)
