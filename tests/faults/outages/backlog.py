"""A backlog: figures pile up on the inbound topics while no service runs, and are then worked
off.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from deploy.client.kafka import headers
from tests.faults.chaos import check
from tests.faults.chaos.readers import Readers
from tests.faults.chaos.run import Tell
from tests.faults.chaos.writers import Source
from tests.faults.outages.growth import MEBIBYTE, slope
from tests.speed import workload
from tests.support.system import System, running

SEED = 7
CHUNK = 2_000
"""Figures that are under way to the broker at once."""

LOOK_SECONDS = 1.0
TELL_SECONDS = 30.0
STILL_SECONDS = 300.0
"""A backlog may take as long as anything moves, and no longer."""

MEBIBYTES_MAX = 256
SLOPE_MEBIBYTES_MAX = 5.0
"""An event that stayed in memory would be a hundred. A short run cannot tell this from what a start
needs.
"""


@dataclass
class Drained:
    """What became of it.

    Attributes:
        ready_seconds: from the start of the processes until all were ready.
        seconds: from their start until the last figure was published.
        quiet_seconds: until nothing was on its way any more.
        peak_mebibytes: the most resident memory that each process had.
        slope_mebibytes: how much memory grew for each 100,000 events in the second half.
    """

    figures: int
    filling_seconds: float = 0.0
    ready_seconds: float = 0.0
    seconds: float = 0.0
    quiet_seconds: float = 0.0
    per_second: float = 0.0
    metric_updates: int = 0
    peak_mebibytes: dict[str, float] = field(default_factory=dict)
    slope_mebibytes: dict[str, float] = field(default_factory=dict)
    lost: int = 0
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sample:
    """Resident memory of each process when so many events had been published, of figures and of
    metrics.
    """

    events: int
    bytes: dict[str, int]


async def backlog(folder: Path, *, figures: int, months: int, tell: Tell) -> Drained:
    """Fill the inbound topics of a fresh system whose services are off, start them, and check what
    became of it.
    """
    drained = Drained(figures)
    async with running(folder) as system:
        shares = await workload.prepare(system.connection)
        await system.stop()
        tell(f"all services are off; {figures} figures go to the inbound topics")
        span = [workload.FIRST.plus(number) for number in range(months)]
        sources = [
            Source(i, publisher, share, span, SEED)
            for i, (publisher, share) in enumerate(shares.items())
        ]
        begun = time.monotonic()
        await _fill(system, sources, figures)
        drained.filling_seconds = time.monotonic() - begun
        readers = Readers.of(system.bootstrap, sources)
        reading = asyncio.create_task(readers.reader.run())
        try:
            await _drain(system, sources, readers, drained, tell)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        drained.wrong, drained.lost, drained.doubled = await check.faults_of(
            system, sources, readers
        )
        drained.metric_updates = readers.metrics.seen.first
    return drained


async def _fill(system: System, sources: Sequence[Source], figures: int) -> None:
    """Put the same number of figures on each publisher's topic, those of all publishers by
    turns.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=system.bootstrap,
        acks="all",
        enable_idempotence=True,
        linger_ms=20,
        max_batch_size=262_144,
    )
    await producer.start()
    try:
        left = figures // len(sources)
        while left:
            count = min(left, CHUNK // len(sources))
            sending = [await _send(producer, source, count) for source in sources]
            await asyncio.gather(*(future for futures in sending for future in futures))
            left -= count
    finally:
        await producer.stop()


async def _send(producer: Any, source: Source, count: int) -> list[Any]:
    topic = f"inbound.{source.publisher}.figures.v1"
    sending = []
    for number in range(source.accepted, source.accepted + count):
        body = source.body_of(number)
        value, key = json.dumps(body).encode(), body["municipality"].encode()
        identity = headers(str(source.id_of(number)), source.publisher)
        sending.append(await producer.send(topic, value, key=key, headers=identity))
    source.accepted += count
    return sending


async def _drain(
    system: System, sources: Sequence[Source], readers: Readers, drained: Drained, tell: Tell
) -> None:
    """Start the services and wait until every figure was published and everything is quiet."""
    wanted = sum(source.accepted for source in sources)
    begun = time.monotonic()
    for process in system.names:
        await system.start(process)
    for process in system.names:
        await system.until_ready(process)
    drained.ready_seconds = time.monotonic() - begun
    samples: list[Sample] = []
    looking = asyncio.create_task(_look(system, readers, samples, tell))
    try:
        published, moved = 0, time.monotonic()
        while published < wanted:
            await asyncio.sleep(LOOK_SECONDS)
            if readers.figures.seen.first > published:
                published, moved = readers.figures.seen.first, time.monotonic()
            assert time.monotonic() - moved < STILL_SECONDS, (
                f"stands still at {published} of {wanted} figures"
            )
        drained.seconds = time.monotonic() - begun
        drained.per_second = wanted / drained.seconds
        await check.until_quiet(
            system,
            sources,
            readers.reader,
            seconds=STILL_SECONDS,
            tell=lambda _: None,
            while_moving=True,
        )
        drained.quiet_seconds = time.monotonic() - begun
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    for process in system.names:
        drained.peak_mebibytes[process] = round(
            max(each.bytes.get(process, 0) for each in samples) / MEBIBYTE, 1
        )
        drained.slope_mebibytes[process] = round(slope_of(process, samples), 2)


async def _look(system: System, readers: Readers, samples: list[Sample], tell: Tell) -> None:
    """Look at memory and progress until cancelled, and tell of it now and then."""
    begun, told = time.monotonic(), 0.0
    while True:
        figures, metrics = readers.figures.seen.first, readers.metrics.seen.first
        samples.append(Sample(figures + metrics, system.memory_bytes()))
        now = time.monotonic()
        if now - told > TELL_SECONDS:
            told = now
            tell(
                f"{now - begun:.0f} s: {figures} figures and {metrics} metrics published;"
                f" {_memory(samples[-1])}"
            )
        await asyncio.sleep(LOOK_SECONDS)


def slope_of(process: str, samples: Sequence[Sample]) -> float:
    """Return by how many MiB a process grew for each 100,000 events, once it had settled."""
    return slope(
        [(each.events / 100_000, each.bytes.get(process, 0) / MEBIBYTE) for each in samples]
    )


def _memory(sample: Sample) -> str:
    return ", ".join(
        f"{process} {count // MEBIBYTE} MiB" for process, count in sample.bytes.items()
    )
