"""A long quiet stretch: figures over HTTP at a steady pace, and what grows meanwhile.

The pace is that of the clock and not that of the answers: a request is made when it is due, and its
answer is timed from then, so that a pause counts for everybody who had to wait in it.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

from deploy.services import SERVICES
from shared.service.clients import new_client
from tests.faults.chaos import check
from tests.faults.chaos.readers import Readers
from tests.faults.chaos.run import Tell
from tests.faults.chaos.writers import ANSWER_SECONDS, Source
from tests.faults.outages.growth import MEBIBYTE, percentile, slope
from tests.speed import workload
from tests.support.system import OPERATOR_KEY, System, running

SEED = 11
MONTHS = 24
UNDER_WAY_MAX = 500
"""Requests at once; whoever must wait for a place waits on the system's account."""

TAKEN = "200"
AGAIN_SECONDS = 0.2
LOOK_SECONDS = 10.0
TELL_SECONDS = 60.0
QUIET_SECONDS = 600.0
HOUR = 3_600.0

HISTORY = {"audit_entry", "audit_seal", "delivery", "figure", "inbox", "told_event"}
"""Tables that keep what happened, and so grow with it by design; the others must come to rest."""

SETTINGS = {
    "reporting": {
        "SAMAN_REPORTING_REQUESTS_PER_MINUTE": "1000000",
        "SAMAN_REPORTING_FIGURES_PER_MINUTE": "1000000",
    }
}
"""One key posts for all publishers here; the limit is meant for one of them."""

SIZES = (
    "SELECT relname, pg_total_relation_size(relid) AS bytes FROM pg_stat_user_tables WHERE"
    " schemaname = 'public'"
)


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one moment.

    Attributes:
        seconds: since the first request.
        memory: resident bytes of each process.
        tables: bytes of each table with its indexes, by service and name.
    """

    seconds: float
    memory: dict[str, int]
    tables: dict[str, int]


@dataclass
class Soaked:
    """What became of it.

    Attributes:
        per_second: requests.
        figures: in each request.
        statuses: how often each status was answered, or none came and why.
        answers: seconds from when a request was due until it was answered.
        memory_per_hour: MiB by which each process grew in an hour, from its second half.
        tables_per_hour: the same for tables that keep no history; those that do not grow are left
            out.
        history_bytes: of a figure, in tables that keep history.
    """

    per_second: float
    figures: int
    minutes: float
    accepted: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    answers: list[float] = field(default_factory=list)
    memory_mebibytes: dict[str, float] = field(default_factory=dict)
    memory_per_hour: dict[str, float] = field(default_factory=dict)
    tables_per_hour: dict[str, float] = field(default_factory=dict)
    history_bytes: dict[str, float] = field(default_factory=dict)
    quiet_seconds: float = 0.0
    metric_updates: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)


async def soak(
    folder: Path, *, per_second: float, figures: int, minutes: float, tell: Tell
) -> Soaked:
    """Post to a fresh system for so long, and check what became of it."""
    soaked = Soaked(per_second, figures, minutes)
    async with running(folder, extra=SETTINGS) as system:
        shares = await workload.prepare(system.connection)
        months = [workload.FIRST.plus(number) for number in range(MONTHS)]
        sources = [
            Source(i, publisher, share, months, SEED)
            for i, (publisher, share) in enumerate(shares.items())
        ]
        readers = Readers.of(system.bootstrap, sources)
        reading = asyncio.create_task(readers.reader.run())
        looks: list[Look] = []
        looking = asyncio.create_task(_look(system, soaked, looks, tell))
        try:
            await _post_all(system, sources, soaked)
            looking.cancel()
            soaked.quiet_seconds = await check.until_quiet(
                system, sources, readers.reader, seconds=QUIET_SECONDS, tell=tell, while_moving=True
            )
        finally:
            for task in (reading, looking):
                task.cancel()
            await asyncio.gather(reading, looking, return_exceptions=True)
        soaked.accepted = sum(source.accepted for source in sources)
        soaked.wrong, soaked.lost, soaked.doubled = await check.faults_of(system, sources, readers)
        soaked.metric_updates = readers.metrics.seen.first
    _grown(looks, soaked)
    return soaked


async def _post_all(system: System, sources: Sequence[Source], soaked: Soaked) -> None:
    """Post request after request, those of all publishers by turns, until the time is over and all
    are answered.
    """
    door = f"{system.address('reporting')}/api/reporting/v1/absence-figures"
    places = asyncio.Semaphore(UNDER_WAY_MAX)
    limits = httpx2.Limits(max_connections=UNDER_WAY_MAX, max_keepalive_connections=UNDER_WAY_MAX)
    headers = {"Authorization": f"Bearer {OPERATOR_KEY}"}
    begun = time.monotonic()
    async with (
        new_client(headers=headers, timeout=ANSWER_SECONDS, limits=limits) as client,
        asyncio.TaskGroup() as group,
    ):
        for turn in count():
            due = begun + turn / soaked.per_second
            if due - begun >= soaked.minutes * 60:
                return
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            await places.acquire()
            source = sources[turn % len(sources)]
            numbers = range(source.accepted, source.accepted + soaked.figures)
            figures = [
                {"figure_id": str(source.id_of(number)), **source.body_of(number)}
                for number in numbers
            ]
            source.accepted += soaked.figures
            posting = group.create_task(_post(client, door, source, figures, due, soaked))
            posting.add_done_callback(lambda _: places.release())


async def _post(
    client: httpx2.AsyncClient,
    door: str,
    source: Source,
    figures: list[dict[str, Any]],
    due: float,
    soaked: Soaked,
) -> None:
    """Post figures until they are taken."""
    body = {"publisher": source.publisher, "figures": figures}
    while True:
        source.tries += 1
        try:
            status = str((await client.post(door, json=body)).status_code)
        except httpx2.HTTPError as error:
            status = type(error).__name__
        soaked.statuses[status] = soaked.statuses.get(status, 0) + 1
        if status == TAKEN:
            soaked.answers.append(time.monotonic() - due)
            return
        await asyncio.sleep(AGAIN_SECONDS)


async def _look(system: System, soaked: Soaked, looks: list[Look], tell: Tell) -> None:
    """Look at memory, tables and progress until cancelled, and tell of it now and then."""
    begun, told, heard = time.monotonic(), 0.0, 0
    while True:
        seconds = time.monotonic() - begun
        looks.append(Look(seconds, system.memory_bytes(), await _tables(system)))
        if seconds - told > TELL_SECONDS:
            fresh, told, heard = sorted(soaked.answers[heard:]), seconds, len(soaked.answers)
            memory = ", ".join(
                f"{name} {size // MEBIBYTE} MiB" for name, size in looks[-1].memory.items()
            )
            tell(
                f"{seconds:.0f} s: {heard} answered, the last within {_part(fresh, 99)} s (99 %);"
                f" {memory}"
            )
        await asyncio.sleep(LOOK_SECONDS)


async def _tables(system: System) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for service in SERVICES:
        conn = await asyncpg.connect(system.databases[service].owner_dsn, timeout=10)
        try:
            sizes |= {
                f"{service}.{row['relname']}": row["bytes"] for row in await conn.fetch(SIZES)
            }
        finally:
            await conn.close()
    return sizes


def _part(ordered: Sequence[float], percent: int) -> float:
    return round(percentile(ordered, percent), 3) if ordered else 0.0


def answers_of(soaked: Soaked) -> dict[str, float]:
    """Return how late answers were, in seconds."""
    ordered = sorted(soaked.answers)
    return {
        "p50": _part(ordered, 50),
        "p99": _part(ordered, 99),
        "max": ordered[-1] if ordered else 0.0,
    }


def _grown(looks: Sequence[Look], soaked: Soaked) -> None:
    """Note how memory and tables grew."""
    last = looks[-1]
    for process, size in last.memory.items():
        line = [(look.seconds / HOUR, look.memory.get(process, 0) / MEBIBYTE) for look in looks]
        soaked.memory_mebibytes[process] = round(size / MEBIBYTE, 1)
        soaked.memory_per_hour[process] = round(slope(line), 2)
    for table, size in last.tables.items():
        if table.partition(".")[2] in HISTORY:
            soaked.history_bytes[table] = round(size / max(1, soaked.accepted), 1)
            continue
        line = [(look.seconds / HOUR, look.tables.get(table, 0) / MEBIBYTE) for look in looks]
        if grown := round(slope(line), 2):
            soaked.tables_per_hour[table] = grown
