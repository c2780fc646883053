"""`make bench`: how fast figures become published metrics on this machine, written to
docs/performance.md.

A measurement, not a test: nothing here fails for being slow. Loads are bounded in count; all
traffic is on loopback.
"""

import argparse
import asyncio
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from rich.console import Console

from deploy.client.figures import OutgoingFigure
from deploy.client.kafka import headers
from deploy.operate.rebuild import Target, rebuild
from deploy.services import SERVICES
from shared.events.metrics import MetricUpdated
from shared.kafka.broker import BusSettings
from tests.speed import report, workload
from tests.support.system import System, running

CONSOLE = Console()
RATE_PER_SECOND = 200
LATENCY_SECONDS = 15
STALL_SECONDS = 60.0


@dataclass
class Reader:
    """Follows metrics.metric.v1 and notes when each key and each figure was first seen."""

    bootstrap: str
    keys: dict[str, float] = field(default_factory=dict)
    count: int = 0
    last_at: float = 0.0
    _task: "asyncio.Task[None] | None" = None

    async def start(self) -> None:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, fetch_max_wait_ms=50)
        await consumer.start()
        places = [TopicPartition(MetricUpdated.topic(), number) for number in range(12)]
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        for place in places:
            await consumer.position(place)
        self._task = asyncio.create_task(self._follow(consumer))

    async def _follow(self, consumer: Any) -> None:
        try:
            while True:
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    self.last_at = time.perf_counter()
                    self.count += len(records)
                    for record in records:
                        self.keys.setdefault(record.key.decode(), self.last_at)
        finally:
            await consumer.stop()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def until_seen(self, wanted: set[str]) -> float:
        """Wait for keys; return when the last of them came.

        Raises:
            AssertionError: nothing came for a long time.
        """
        while not wanted <= self.keys.keys():
            await asyncio.sleep(0.02)
            assert time.perf_counter() - self.last_at < STALL_SECONDS, (
                f"{len(wanted - self.keys.keys())} keys missing"
            )
        return max(self.keys[key] for key in wanted)


Entry = tuple[str, OutgoingFigure, str]


async def throughput(system: System, reader: Reader, entries: Sequence[Entry]) -> report.Throughput:
    """Put all figures on the inbound topics as fast as the broker takes them, and wait for all
    their metrics.
    """
    before, count = system.cpu_seconds(), reader.count
    started = reader.last_at = time.perf_counter()
    producer = await _producer(system)
    try:
        sending = [await _send(producer, entry) for entry in entries]
        await asyncio.gather(*sending)
    finally:
        await producer.stop()
    produced = time.perf_counter()
    ended = await reader.until_seen({key for _, _, key in entries})
    await _quiet(reader)
    after = system.cpu_seconds()
    return report.Throughput(
        figures=len(entries),
        seconds=ended - started,
        producing_seconds=produced - started,
        events=reader.count - count,
        cpu_seconds={name: after[name] - before[name] for name in after},
    )


async def latency(system: System, reader: Reader, entries: Sequence[Entry]) -> list[float]:
    """Post at a steady rate; return the seconds from each post to its MetricUpdated."""
    sent: dict[str, float] = {}
    producer = await _producer(system)
    started = reader.last_at = time.perf_counter()
    try:
        for number, entry in enumerate(entries):
            wait = started + number / RATE_PER_SECOND - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            sent[entry[2]] = time.perf_counter()
            await _send(producer, entry)
        await reader.until_seen(set(sent))
    finally:
        await producer.stop()
    return [reader.keys[key] - at for key, at in sent.items()]


async def restarts(system: System, reader: Reader, entries: Sequence[Entry]) -> dict[str, float]:
    """Kill and start each service under load; return the seconds until the next MetricUpdated after
    each start.
    """
    results = {}
    producer = await _producer(system)
    share = len(entries) // len(SERVICES)
    try:
        for number, service in enumerate(SERVICES):
            part = entries[number * share : (number + 1) * share]
            feeding = asyncio.create_task(_feed(producer, part))
            await asyncio.sleep(0.5)
            await system.kill(service)
            await asyncio.sleep(0.5)
            await _quiet(reader, seconds=0.3) if service in ("reporting", "metrics") else None
            await system.start(service)
            started, count = time.perf_counter(), reader.count
            while reader.count == count:
                assert time.perf_counter() - started < STALL_SECONDS, (
                    f"nothing came after {service} was started"
                )
                await asyncio.sleep(0.005)
            results[service] = time.perf_counter() - started
            reader.last_at = time.perf_counter()
            await feeding
            await reader.until_seen({key for _, _, key in part})
    finally:
        await producer.stop()
    return results


async def rebuilding(system: System) -> report.Rebuilding:
    """Rebuild metrics from the log that the other measurements left."""
    database = system.databases["metrics"]
    bus = BusSettings(bootstrap=system.bootstrap, client_id="bench")
    target = Target(system.servers.admin_dsn, database.owner_dsn, database.service_dsn, bus)
    started = time.perf_counter()
    outcome = await rebuild(target)
    seconds = time.perf_counter() - started
    assert outcome.different == [], f"{len(outcome.different)} states are others now"
    assert outcome.switch_seconds is not None
    return report.Rebuilding(
        outcome.record_count, outcome.state_count, seconds, outcome.switch_seconds
    )


async def measure(folder: Path, months: int) -> report.Results:
    """Run all measurements on one fresh system."""
    async with running(folder) as system:
        CONSOLE.print("preparing: programme, goals, publishers")
        shares = await workload.prepare(system.connection)
        entries = list(workload.figures(shares, months=months))
        reader = Reader(system.servers.bootstrap)
        await reader.start()
        try:
            tail = LATENCY_SECONDS * RATE_PER_SECOND
            bulk, steady = entries[: -2 * tail], entries[-2 * tail :]
            CONSOLE.print(f"throughput: {len(bulk)} figures")
            bulk_result = await throughput(system, reader, bulk)
            CONSOLE.print(f"latency: {tail} figures at {RATE_PER_SECOND} a second")
            seconds = await latency(system, reader, steady[:tail])
            CONSOLE.print("restarts: each service killed and started")
            starts = await restarts(system, reader, steady[tail:])
        finally:
            await reader.stop()
        CONSOLE.print("rebuild: metrics from the log")
        rebuilt = await rebuilding(system)
    return report.Results(
        at=datetime.now(UTC),
        machine=f"{platform.machine()}, {report.cores()} cores, Python {platform.python_version()}",
        throughput=bulk_result,
        latency_seconds=seconds,
        restart_seconds=starts,
        rebuilding=rebuilt,
    )


async def _producer(system: System) -> Any:
    producer = AIOKafkaProducer(
        bootstrap_servers=system.servers.bootstrap, acks="all", enable_idempotence=True, linger_ms=1
    )
    await producer.start()
    return producer


async def _send(producer: Any, entry: Entry) -> Any:
    publisher, figure, _ = entry
    return await producer.send(
        f"inbound.{publisher}.figures.v1",
        workload.encoded(figure),
        key=str(figure.body["municipality"]).encode(),
        headers=headers(figure.figure_id, publisher),
    )


async def _feed(producer: Any, entries: Sequence[Entry]) -> None:
    for entry in entries:
        await _send(producer, entry)
        await asyncio.sleep(1 / RATE_PER_SECOND)


async def _quiet(reader: Reader, *, seconds: float = 1.0) -> None:
    while time.perf_counter() - reader.last_at < seconds:  # noqa: ASYNC110 - what is waited for is that nothing comes
        await asyncio.sleep(0.05)


def main() -> None:
    """Measure, print, and write the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--months", type=int, default=workload.MONTHS, help="months of the workload"
    )
    arguments.add_argument("--keep", action="store_true", help="write docs/performance.md")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="saman-bench-", ignore_cleanup_errors=True) as folder:
        try:
            results = asyncio.run(measure(Path(folder), chosen.months))
        except BaseException:
            CONSOLE.print((Path(folder) / "logs" / "metrics.log").read_text()[-3_000:])
            raise
    text = report.table(results)
    CONSOLE.print(text, highlight=False)
    if chosen.keep:
        report.write(text)


if __name__ == "__main__":
    main()
