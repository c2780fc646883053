"""How late a figure's metric is: places of their own that nobody else writes to, posted to one
after the other.
"""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.demo.generated import DEFINITION
from shared.events.metrics import MetricUpdated
from shared.events.topics import PARTITIONS
from shared.service.clients import new_client
from tests.faults.world import DEFINITION_KEY
from tests.faults.writing import TRY_SECONDS, Load, Sent

MONTHS = [f"2012-{month:02}" for month in range(1, 13)]
"""Not those that the load writes about."""

SHOWN_SECONDS = 120.0


@dataclass
class Prober:
    """Posts one figure after the other beside a load, and notes when its metric came.

    Args:
        load: whose system, world and log; the checker judges these figures with the others.
        pause: seconds between two.
    """

    load: Load
    pause: float = 0.25
    latencies: list[float] = field(default_factory=list)
    _waiting: dict[tuple[str, str], float] = field(default_factory=dict)
    _seen: dict[tuple[str, str], float] = field(default_factory=dict)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def going(self) -> AsyncIterator["Prober"]:
        """Post while the block runs, and then until every figure was seen."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.load.system.bootstrap, fetch_max_wait_ms=50
        )
        await consumer.start()
        places = [TopicPartition(MetricUpdated.topic(), number) for number in range(PARTITIONS)]
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        for place in places:
            await consumer.position(place)
        reading = asyncio.create_task(self._read(consumer))
        posting = asyncio.create_task(self._post())
        try:
            yield self
            self._stopping.set()
            await posting
            await self._until_shown(reading)
        finally:
            for task in (posting, reading):
                task.cancel()
            await asyncio.gather(posting, reading, return_exceptions=True)
            await consumer.stop()

    async def _until_shown(self, reading: asyncio.Task[None]) -> None:
        deadline = time.monotonic() + SHOWN_SECONDS
        while self._waiting:
            if reading.done():
                reading.result()
            assert time.monotonic() < deadline, f"no metric shows {sorted(self._waiting)}"
            await asyncio.sleep(0.05)

    def described(self) -> str:
        """Say how late metrics were so far."""
        if not self.latencies:
            return "no figure seen yet"
        return (
            f"{len(self.latencies)} figures, the latest {max(self.latencies):.2f} s after its"
            " answer"
        )

    async def _post(self) -> None:
        places = [
            (publisher, municipality_id, number, month)
            for month in MONTHS
            for publisher, share in self.load.world.shares.items()
            for municipality_id, number in share
        ]
        async with new_client(timeout=TRY_SECONDS) as client:
            for turn in count():
                if self._stopping.is_set():
                    return
                publisher, municipality_id, number, month = places[turn % len(places)]
                lost = f"{100 + turn / 100:.2f}"
                body = {
                    "municipality": number,
                    "period": month,
                    "lost_days": lost,
                    "agreed_days": "4000.00",
                    "persons": 500,
                    "definition": DEFINITION,
                }
                one = Sent(str(uuid.uuid4()), publisher, "http", body, stays=True)
                self.load.sent.append(one)
                await self.load.post(client, publisher, [one])
                key = f"municipality/{municipality_id}|absence|{DEFINITION_KEY}|{month}"
                self._accepted((key, lost))
                await asyncio.sleep(self.pause)

    def _accepted(self, figure: tuple[str, str]) -> None:
        now = time.monotonic()
        if figure in self._seen:
            self.latencies.append(max(0.0, self._seen[figure] - now))
        else:
            self._waiting[figure] = now

    async def _read(self, consumer: Any) -> None:
        while True:
            for records in (await consumer.getmany(timeout_ms=100)).values():
                now = time.monotonic()
                for record in records:
                    month = json.loads(record.value)["windows"].get("month", {})
                    figure = record.key.decode(), month.get("numerator", "")
                    self._seen.setdefault(figure, now)
                    if figure in self._waiting:
                        self.latencies.append(now - self._waiting.pop(figure))
