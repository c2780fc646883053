"""Outside writers, over HTTP and over Kafka, that log every id they sent and every answer they
got.
"""

import asyncio
import json
import random
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx2
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from deploy.client.figures import POSTED_TYPE
from deploy.demo.generated import DEFINITION
from shared.service.clients import new_client
from tests.faults.doors import Doors
from tests.faults.world import VICTIM, World
from tests.support.system import System

MONTHS = [f"2013-{month:02}" for month in range(1, 13)]
IDENTITY_NUMBER = "15108600036"
"""Passes the check digits and belongs to nobody; it may turn up nowhere."""

WITHDRAWN_TYPE = POSTED_TYPE.replace("AbsenceFigurePosted", "FigureWithdrawn")
PAUSE_SECONDS = 0.2
TRY_SECONDS = 20.0
STOP_SECONDS = 300.0


@dataclass
class Sent:
    """One submission and what came of it.

    Attributes:
        door: `http` or `kafka`.
        answer: `accepted`, `rejected`, or none while nobody knows.
        withdrawn: the figure was taken back and the withdrawal accepted.
        stays: nobody may take it back, because somebody waits to see its metric.
    """

    figure_id: str
    publisher: str
    door: str
    body: dict[str, Any]
    answer: str | None = None
    withdrawn: bool = False
    stays: bool = False


@dataclass
class Load:
    """Writers that go on until they are told to stop; what they hold unanswered they repeat under
    the same id.

    Args:
        system: who is written to.
        world: about whom.
        seed: what is written follows from it.
        batch: figures in one request or send, at most.
        pause: seconds between two of them.
    """

    system: System
    world: World
    seed: int
    batch: int = 10
    pause: float = 0.1
    sent: list[Sent] = field(default_factory=list)
    garbage_count: int = 0
    unsure_count: int = 0
    doors: Doors = field(init=False)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _open: Any = None

    def __post_init__(self) -> None:
        self.doors = Doors(
            [self.system.address(process) for process in self.system.processes_of("reporting")]
        )

    @asynccontextmanager
    async def going(self) -> AsyncIterator["Load"]:
        """Write while the block runs, and then until everything that was begun is answered.

        Raises:
            ExceptionGroup: a writer failed; the block ends then, because nothing of what it waits
                for will come.
        """
        try:
            async with asyncio.TaskGroup() as group:
                writing = [
                    group.create_task(self._over_http(random.Random(f"{self.seed} http"))),
                    group.create_task(self._over_kafka(random.Random(f"{self.seed} kafka"))),
                ]
                yield self
                self._stopping.set()
                await asyncio.wait(writing, timeout=STOP_SECONDS)
                assert all(task.done() for task in writing), f"unanswered after {STOP_SECONDS} s"
        finally:
            if self._open is not None:
                await self._drop(self._open)

    async def _over_http(self, chance: random.Random) -> None:
        async with new_client(timeout=TRY_SECONDS) as client:
            while not self._stopping.is_set():
                publisher = chance.choice(list(self.world.shares))
                batch = [
                    self._figure(chance, publisher, "http")
                    for _ in range(chance.randint(1, self.batch))
                ]
                batch += [
                    one
                    for one in chance.sample(self.sent, min(1, len(self.sent)))
                    if one.publisher == publisher
                ]
                await self.post(client, publisher, batch)
                if chance.random() < 0.2:
                    await self._withdraw(client, chance)
                await self._rest()

    async def post(self, client: httpx2.AsyncClient, publisher: str, batch: list[Sent]) -> None:
        """Post figures until they are answered, and log each answer."""
        figures = [{"figure_id": one.figure_id, **one.body} for one in batch]
        answer = await self._stubbornly(client, publisher, "absence-figures", {"figures": figures})
        for one, outcome in zip(batch, answer["outcomes"], strict=True):
            if one.door == "http":
                one.answer = "rejected" if outcome["result"] == "rejected" else "accepted"

    async def _withdraw(self, client: httpx2.AsyncClient, chance: random.Random) -> None:
        mine = [one for one in self.sent if one.door == "http" and one.answer == "accepted"]
        if left := [one for one in mine if not one.withdrawn and not one.stays]:
            one = chance.choice(left)
            await self._stubbornly(
                client,
                one.publisher,
                f"figures/{one.figure_id}/withdrawal",
                {"reason": "x"},
            )
            one.withdrawn = True

    async def _stubbornly(
        self, client: httpx2.AsyncClient, publisher: str, path: str, body: dict[str, Any]
    ) -> Any:
        """Post until an answer comes; without one it is unknown whether anything happened."""
        headers = {"Authorization": f"Bearer {self.world.keys[publisher]}"}
        while True:
            try:
                answer = await self.doors.post(
                    client, f"/api/reporting/v1/{path}", json=body, headers=headers
                )
            except httpx2.HTTPError:
                self.unsure_count += 1
            else:
                if answer.status_code not in (429, 503):
                    assert answer.status_code < 400, f"{path}: {answer.text[:500]}"
                    return answer.json()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _over_kafka(self, chance: random.Random) -> None:
        while not self._stopping.is_set():
            publisher = chance.choice(list(self.world.shares))
            records = [
                self._record(chance, publisher) for _ in range(chance.randint(1, self.batch))
            ]
            await self._send(f"inbound.{publisher}.figures.v1", records)
            await self._rest()

    async def repeat(self, submissions: Iterable[Sent]) -> None:
        """Send what was sent over Kafka once more under the same ids, as somebody without a receipt
        does.
        """
        for one in submissions:
            await self._send(f"inbound.{one.publisher}.figures.v1", [_record_of(one)])
        await self._drop(await self._producer())

    async def _send(self, topic: str, records: list[dict[str, Any]]) -> None:
        """Send until the broker has acknowledged all; a failed send is unknown, so the whole batch
        is repeated.
        """
        while True:
            producer = await self._producer()
            try:
                async with asyncio.timeout(TRY_SECONDS):
                    futures = [await producer.send(topic, **record) for record in records]
                    await asyncio.gather(*futures)
                return
            except (KafkaError, TimeoutError):
                self.unsure_count += 1
                await self._drop(producer)
                await asyncio.sleep(PAUSE_SECONDS)

    def _figure(self, chance: random.Random, publisher: str, door: str) -> Sent:
        """Make a new figure, one in ten of them bad, and log it."""
        _, number = chance.choice(self.world.shares[publisher])
        agreed = Decimal(chance.randint(2_000, 4_000))
        lost = (agreed * chance.randint(600, 1_100) / 10_000).quantize(Decimal("0.01"))
        body: dict[str, Any] = {
            "municipality": number,
            "period": chance.choice(MONTHS),
            "lost_days": str(lost),
            "agreed_days": str(agreed),
            "persons": 500,
            "definition": DEFINITION,
        }
        fault = chance.random()
        if fault < 0.03:
            body["lost_days"] = str(agreed + 1)
        elif fault < 0.06:
            body["note"] = f"gjeld {IDENTITY_NUMBER}"
        elif fault < 0.1:
            others = next(share for name, share in self.world.shares.items() if name != publisher)
            body["municipality"] = chance.choice(others)[1]
        one = Sent(str(uuid.UUID(int=chance.getrandbits(128), version=4)), publisher, door, body)
        self.sent.append(one)
        return one

    def _record(self, chance: random.Random, publisher: str) -> dict[str, Any]:
        mine = [
            one for one in self.sent[-200:] if one.publisher == publisher and one.door == "kafka"
        ]
        if chance.random() < 0.02:
            self.garbage_count += 1
            return {
                "value": b"{no json",
                "key": b"x",
                "headers": [("ce_id", b"x"), ("ce_type", POSTED_TYPE.encode())],
            }
        one = (
            chance.choice(mine)
            if mine and chance.random() < 0.05
            else self._figure(chance, publisher, "kafka")
        )
        return _record_of(one)

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), self.pause)
        except TimeoutError:
            return

    async def _producer(self) -> Any:
        while self._open is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self.system.servers.bootstrap,
                acks="all",
                enable_idempotence=True,
                linger_ms=5,
            )
            try:
                async with asyncio.timeout(TRY_SECONDS):
                    await producer.start()
            except (KafkaError, TimeoutError, OSError):
                await self._drop(producer)
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                self._open = producer
        return self._open

    async def _drop(self, producer: Any) -> None:
        self._open = None
        try:
            async with asyncio.timeout(3):
                await producer.stop()
        except (KafkaError, TimeoutError):
            return


def _record_of(one: Sent) -> dict[str, Any]:
    headers = {
        "ce_specversion": "1.0",
        "ce_id": one.figure_id,
        "ce_type": POSTED_TYPE,
        "ce_source": f"/publisher/{one.publisher}",
        "ce_time": datetime.now(UTC).isoformat(),
        "content-type": "application/json",
        "reply_to": VICTIM,
        "correlation_id": one.figure_id,
    }
    return {
        "value": json.dumps(one.body).encode(),
        "key": str(one.body["municipality"]).encode(),
        "headers": [(name, value.encode()) for name, value in headers.items()],
    }
