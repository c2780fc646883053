"""Outside writers that never give a figure up: what was accepted is known for certain, whatever
dies meanwhile.

Each writer has its own publisher and places (a municipality in a month), which it fills in turn,
round after round. So the number of a figure tells its place, its vintage and its content, and
nothing needs to be remembered to check a million of them.
"""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx2
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from deploy.client.kafka import headers
from deploy.demo.generated import DEFINITION
from shared.service.clients import new_client
from shared.values import Period
from tests.faults.chaos.system import OPERATOR_KEY, System

SEND_SECONDS = 10.0
ANSWER_SECONDS = 15.0
AGAIN_SECONDS = 0.2
NUMBER_BITS = 40


@dataclass
class Source:
    """The figures of one publisher, by number.

    Attributes:
        index: makes the ids of this publisher its own.
        municipalities: id and number of each.
        accepted: how many were: numbers 0 to this.
        tries: how often a batch was sent; those beyond one each were repetitions.
    """

    index: int
    publisher: str
    municipalities: Sequence[tuple[str, str]]
    months: Sequence[Period]
    seed: int
    accepted: int = 0
    tries: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def place_count(self) -> int:
        """Places that are filled in turn."""
        return len(self.municipalities) * len(self.months)

    def id_of(self, number: int) -> UUID:
        """Return the id of a figure."""
        return UUID(int=(0xC4A05 << 108) | (self.index << NUMBER_BITS) | number)

    def place_of(self, number: int) -> tuple[str, str, str]:
        """Return municipality id, number and period."""
        place = number % self.place_count
        municipality_id, code = self.municipalities[place % len(self.municipalities)]
        return municipality_id, code, str(self.months[place // len(self.municipalities)])

    def days_of(self, number: int) -> tuple[int, int]:
        """Return the hundredths of lost and agreed days, always the same for the same number."""
        dice = random.Random((self.seed << 64) | (self.index << NUMBER_BITS) | number)
        agreed = dice.randint(200_000, 4_000_000)
        return dice.randint(agreed // 20, agreed // 8), agreed

    def body_of(self, number: int) -> dict[str, Any]:
        """Return the figure as it is published, without its id."""
        _, code, period = self.place_of(number)
        lost, agreed = self.days_of(number)
        return {
            "municipality": code,
            "period": period,
            "lost_days": f"{lost // 100}.{lost % 100:02}",
            "agreed_days": f"{agreed // 100}.{agreed % 100:02}",
            "persons": agreed // 2_000,
            "definition": DEFINITION,
        }


@dataclass
class Pace:
    """How many figures should have been written by now, so that a pause is made up for."""

    per_second: float
    batch: int
    started: float = field(default_factory=time.monotonic)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    async def next(self, written: int) -> bool:
        """Wait until the next batch is due; False when there is none any more."""
        wait = self.started + (written + self.batch) / self.per_second - time.monotonic()
        if wait > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopped.wait(), wait)
        return not self.stopped.is_set()


async def write_by_kafka(system: System, source: Source, pace: Pace) -> None:
    """Publish batches in order; one whose fate is unknown is sent again, whole, before the next."""
    producer: Any = None
    topic = f"inbound.{source.publisher}.figures.v1"
    try:
        while await pace.next(source.accepted):
            numbers = range(source.accepted, source.accepted + pace.batch)
            is_sent = False
            while not is_sent:
                source.tries += 1
                try:
                    if producer is None:
                        producer = await _new_producer(system)
                    async with asyncio.timeout(SEND_SECONDS):
                        await _publish(producer, topic, source, numbers)
                    is_sent = True
                except (KafkaError, OSError, TimeoutError):
                    await _drop(producer)
                    producer = None
                    await asyncio.sleep(AGAIN_SECONDS)
            source.accepted += pace.batch
    finally:
        await _drop(producer)


async def _new_producer(system: System) -> Any:
    producer = AIOKafkaProducer(
        bootstrap_servers=system.bootstrap,
        acks="all",
        enable_idempotence=True,
        linger_ms=1,
        request_timeout_ms=30_000,
    )
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await producer.start()
    except BaseException:
        await _drop(producer)
        raise
    return producer


async def _publish(producer: Any, topic: str, source: Source, numbers: range) -> None:
    sending = []
    for number in numbers:
        body = source.body_of(number)
        value, key = json.dumps(body).encode(), body["municipality"].encode()
        sending.append(
            await producer.send(
                topic, value, key=key, headers=headers(str(source.id_of(number)), source.publisher)
            )
        )
    await asyncio.gather(*sending)


async def _drop(producer: Any) -> None:
    """Leave a producer without waiting for what it may never be told; it must not send beside the
    next one.
    """
    if producer is None:
        return
    producer._closed = True
    sender = producer._sender.sender_task if producer._sender is not None else None
    if sender is not None:
        sender.cancel()
    with suppress(TimeoutError, KafkaError, OSError):
        async with asyncio.timeout(3):
            await producer.client.close()
    if sender is not None:
        sender.cancel()
        await asyncio.wait([sender], timeout=3)


async def write_by_http(system: System, source: Source, pace: Pace) -> None:
    """Post batches in order to both replicas of reporting in turn, each until it is answered with
    200.
    """
    doors = [system.address(process) for process in ("reporting-0", "reporting-1")]
    async with new_client(
        headers={"Authorization": f"Bearer {OPERATOR_KEY}"},
        timeout=ANSWER_SECONDS,
    ) as client:
        while await pace.next(source.accepted):
            numbers = range(source.accepted, source.accepted + pace.batch)
            figures = [
                {"figure_id": str(source.id_of(number)), **source.body_of(number)}
                for number in numbers
            ]
            body = {"publisher": source.publisher, "figures": figures}
            while not await _post(client, doors[source.tries % 2], source, body):  # noqa: ASYNC110 - it is asked anew
                await asyncio.sleep(AGAIN_SECONDS)
            source.accepted += pace.batch


async def _post(
    client: httpx2.AsyncClient, door: str, source: Source, body: dict[str, Any]
) -> bool:
    source.tries += 1
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            answer = await client.post(f"{door}/api/reporting/v1/absence-figures", json=body)
    except (httpx2.HTTPError, OSError, TimeoutError):
        return False
    if answer.status_code == 503:
        return False
    if answer.status_code != 200:
        source.faults.append(f"{answer.status_code}: {answer.text[:300]}")
        return False
    rejected = [outcome for outcome in answer.json()["outcomes"] if outcome["result"] == "rejected"]
    if rejected:
        source.faults.append(f"rejected: {json.dumps(rejected[0])[:500]}")
    return True
