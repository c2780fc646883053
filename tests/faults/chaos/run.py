"""One run: faults by schedule while figures come in, then quiet, then the check, and a result that
can be quoted.
"""

import asyncio
import json
import os
import platform
import resource
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.service.clients import new_client
from tests.faults.chaos import check
from tests.faults.chaos.disk import Disk
from tests.faults.chaos.faults import Faults
from tests.faults.chaos.readers import Readers
from tests.faults.chaos.schedule import MIX, Fault, schedule
from tests.faults.chaos.system import OPERATOR_KEY, System, running
from tests.faults.chaos.writers import Pace, Source, write_by_http, write_by_kafka
from tests.notifications.receiver import Receiver, receiving
from tests.speed import workload

PROGRESS_SECONDS = 15.0
FINISH_SECONDS = 120.0
LOG_BYTES_MAX = 5_000_000
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How hard and how long.

    Attributes:
        seconds: of faults.
        pause: seconds between two faults on average.
        per_second: figures written per second, over all writers.
        municipalities: per publisher.
        quiet_seconds: how long the system may take to come to rest afterwards.
        kinds: of faults; none means all.
        variants: broken services, to see the check turn red; see tests/faults/variants.py.
    """

    seed: int
    seconds: float
    pause: float = 1.5
    per_second: float = 320.0
    municipalities: int = 40
    months: int = 24
    quiet_seconds: float = 600.0
    disk_gigabytes: int = 24
    kinds: tuple[str, ...] = ()
    variants: str = ""


@dataclass
class Result:
    """What a run shows; see docs/reliability.md."""

    seed: int
    machine: str
    commit: str
    at: str
    minutes: float
    disk: str
    faults_by_kind: dict[str, int] = field(default_factory=dict)
    fault_count: int = 0
    figures_accepted: int = 0
    figures_lost: int = 0
    figures_doubled: int = 0
    repeated_sends: int = 0
    duplicates_absorbed: int = 0
    inversions: int = 0
    metric_updates: int = 0
    milestones: int = 0
    webhook_calls: int = 0
    processes_ended: dict[str, int] = field(default_factory=dict)
    longest_silence_seconds: float = 0.0
    quiet_after_seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


async def chaos(folder: Path, plan: Plan, log: Path, tell: Tell) -> Result:
    """Run it all in an empty folder; the schedule goes to the log, as it happens."""
    async with (
        running(folder, disk_gigabytes=plan.disk_gigabytes, variants=plan.variants) as system,
        receiving() as receiver,
    ):
        tell(system.disk.description)
        result = Result(
            plan.seed, machine(), commit(), datetime.now(UTC).isoformat(), plan.seconds / 60, ""
        )
        result.disk = system.disk.description
        await system.until_ready(tell)
        tell("loading the programme and the publishers")
        await _subscribe(system, receiver)
        shares = await workload.prepare(system.connection)
        months = [workload.FIRST.plus(number) for number in range(plan.months)]
        sources = [
            Source(index, publisher, share[: plan.municipalities], months, plan.seed)
            for index, (publisher, share) in enumerate(shares.items())
        ]
        readers = Readers.of(system.bootstrap, sources)
        reading = asyncio.create_task(readers.reader.run())
        try:
            await _storm(system, plan, sources, readers, result, log, tell)
            await system.until_ready(tell)
            result.quiet_after_seconds = await check.until_quiet(
                system, sources, readers.reader, seconds=plan.quiet_seconds, tell=tell
            )
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await asyncio.to_thread(_keep_logs, folder / "logs", log)
        tell(f"quiet after {result.quiet_after_seconds:.1f} s; checking")
        await _judge(system, sources, readers, result)
        result.webhook_calls = len(receiver.calls)
        result.wrong += await check.faults_of_deliveries(system, receiver, readers.milestones.ids)
        return result


def _keep_logs(logs: Path, beside: Path) -> None:
    """Keep the ends of all programs' logs, which go with the folder."""
    for each in logs.glob("*.log"):
        beside.with_suffix(f".{each.name}").write_bytes(each.read_bytes()[-LOG_BYTES_MAX:])


async def _subscribe(system: System, receiver: Receiver) -> None:
    """Let the receiver be told of every milestone."""
    plain = {
        "channel": "webhook",
        "address": receiver.url,
        "language": "nb",
        "windows": [],
        "active": True,
    }
    address = f"{system.address('notifications-0')}/api/notifications/v1/subscriptions/milestones"
    async with new_client(headers={"Authorization": f"Bearer {OPERATOR_KEY}"}) as client:
        answer = await client.put(
            address, json=plain | {"events": ["TargetReached", "TargetLost"], "subjects": []}
        )
    assert answer.status_code in (200, 201), answer.text


async def _storm(
    system: System,
    plan: Plan,
    sources: list[Source],
    readers: Readers,
    result: Result,
    log: Path,
    tell: Tell,
) -> None:
    """Write and harm for the planned time, then let the writers finish what they began."""
    faults = Faults(system)
    pace = [Pace(plan.per_second / len(sources), batch) for batch in (25, 25, 50, 50)]
    writers = [write_by_kafka, write_by_kafka, write_by_http, write_by_http]
    writing = [
        asyncio.create_task(w(system, s, p)) for w, s, p in zip(writers, sources, pace, strict=True)
    ]
    progress = asyncio.create_task(_progress(system, sources, readers, faults, tell))
    under_way: set[asyncio.Task[None]] = set()
    started = time.monotonic()
    try:
        with log.open("w") as file:
            for fault in schedule(
                plan.seed,
                seconds=plan.seconds,
                pause=plan.pause,
                kinds=kinds_here(plan, system.disk),
            ):
                await asyncio.sleep(max(0.0, started + fault.at - time.monotonic()))
                task = asyncio.create_task(_inject(faults, fault, plan.seed, file))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                if dead := [task for task in writing if task.done()]:
                    await dead[0]
            await asyncio.gather(*under_way)
        for each in pace:
            each.stopped.set()
        async with asyncio.timeout(FINISH_SECONDS):
            await asyncio.gather(*writing)
    finally:
        for running_task in (*writing, progress, *under_way):
            running_task.cancel()
        await asyncio.gather(*writing, progress, *under_way, return_exceptions=True)
    result.faults_by_kind = dict(sorted(faults.counts.items()))
    result.fault_count = sum(faults.counts.values())
    result.longest_silence_seconds = round(readers.metrics.longest_silence, 1)


def kinds_here(plan: Plan, disk: Disk) -> frozenset[str]:
    """Return the kinds of faults that are wanted and possible."""
    return frozenset(plan.kinds or MIX) - (frozenset() if disk.root is not None else {"full disk"})


async def _inject(faults: Faults, fault: Fault, seed: int, file: Any) -> None:
    at = datetime.now(UTC).isoformat()
    is_done = await faults.inject(fault)
    file.write(json.dumps({"seed": seed, "utc": at, **asdict(fault), "done": is_done}) + "\n")
    file.flush()


async def _progress(
    system: System, sources: list[Source], readers: Readers, faults: Faults, tell: Tell
) -> None:
    started = time.monotonic()
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        tell(
            f"{time.monotonic() - started:5.0f} s: {sum(faults.counts.values())} faults,"
            f" {sum(source.accepted for source in sources)} figures accepted,"
            f" {readers.figures.seen.first} published, {readers.metrics.seen.first} states,"
            f" {readers.milestones.seen.first} milestones,"
            f" {readers.figures.seen.again + readers.metrics.seen.again} duplicates,"
            f" {readers.figures.seen.inversions + readers.metrics.seen.inversions} inversions,"
            f" {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB here,"
            f" {_memory(system)}"
        )


def _memory(system: System) -> str:
    """Return the resident memory of each service process in MiB."""
    found = []
    for process, each in system.processes.items():
        try:
            pages = int(Path(f"/proc/{each.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            continue
        found.append(f"{process} {pages * resource.getpagesize() >> 20}")
    return ", ".join(found)


async def _judge(system: System, sources: list[Source], readers: Readers, result: Result) -> None:
    result.figures_accepted = sum(source.accepted for source in sources)
    result.wrong, result.figures_lost, result.figures_doubled = await check.faults_of(
        system, sources, readers
    )
    result.repeated_sends = sum(source.tries for source in sources) - sum(
        source.accepted // batch for source, batch in zip(sources, (25, 25, 50, 50), strict=True)
    )
    result.duplicates_absorbed = sum(each.again for each in readers.seen)
    result.inversions = sum(each.inversions for each in readers.seen)
    result.metric_updates = readers.metrics.seen.first
    result.milestones = readers.milestones.seen.first
    result.processes_ended = dict(sorted(system.ended.items()))


def machine() -> str:
    """Return what a figure has to be read with."""
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def commit() -> str:
    """Return the commit that ran, with a + when the tree was not clean."""
    root = Path(__file__).parents[3]
    head = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    changed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True, check=False
    )
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")
