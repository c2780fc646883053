"""How fast metrics alone is: from figures waiting on its topic to published states, and where the
time goes.

Run with `python -m tests.speed.metrics_hop [programme|plain] [months]`. A measurement, not a test.
The figures are on the topic before metrics starts, so it is asked for all it can do; broker,
PostgreSQL and metrics share the machine.

- `programme`: 428 municipalities month by month, 109 of them with a project and a goal, in
  counties, cohorts, themes.
- `plain`: 5,000 municipalities that are in no group, as in the comparison with stream processors
  (docs/performance.md).
"""

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from aiokafka import AIOKafkaProducer

from services.metrics.app import Settings, create_app
from services.metrics.intake import commands
from shared.events.envelope import Event
from shared.postgres.database import Database
from shared.service.runtime import Service
from shared.service.status import status_of
from tests.metrics import factories
from tests.metrics.factories import NOW, posted_event
from tests.metrics.posted import posted
from tests.support.infrastructure import Infra, local_infra

MUNICIPALITIES = {"programme": 428, "plain": 5_000}
PARTICIPANTS = 109
PARTS = ("python", "postgresql", "kafka")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def figures(workload: str, months: int) -> Iterator[Event]:
    """Yield day counts of every municipality, month by month."""
    for month in range(months):
        for number in range(MUNICIPALITIES[workload]):
            lost = Decimal(1_200 + (number * 37 + month * 101) % 700) + Decimal("0.25")
            period = f"{2011 + month // 12}-{month % 12 + 1:02}"
            yield posted_event(
                posted(
                    period, municipality_id=name_of(number), lost=lost, agreed=Decimal("20104.50")
                )
            )


def name_of(number: int) -> str:
    return f"kommune-{number:04}"


async def hear_registry(database: Database) -> None:
    """Tell of the programme: counties, cohorts, themes, and a goal for each participant."""
    names = [name_of(number) for number in range(MUNICIPALITIES["programme"])]
    projects = [
        factories.project(
            f"prosjekt-{number:03}",
            [name],
            cohort_id=f"pulje-{number % 2 + 1}",
            theme_ids=[f"tema-{number % 5}"],
            goals=[factories.goal_contract()],
        )
        for number, name in enumerate(names[:PARTICIPANTS])
    ]
    async with database.transaction() as conn:
        told = [
            factories.municipality(name, county=f"{number % 18 + 1:02}")
            for number, name in enumerate(names)
        ]
        await commands.hear_municipalities(conn, told, now=NOW)
        await commands.hear_projects(conn, projects, now=NOW)


async def feed(infra: Infra, events: Iterator[Event]) -> int:
    """Put events on their topic; return how many."""
    producer = AIOKafkaProducer(**infra.bus.client_options(), acks="all", linger_ms=5)
    await producer.start()
    sent = 0
    waiting: list[asyncio.Future[object]] = []
    for event in events:
        headers = [(name, value.encode()) for name, value in event.headers().items()]
        waiting.append(
            await producer.send(
                event.topic(), event.payload(), key=event.key.encode(), headers=headers
            )
        )
        sent += 1
        if len(waiting) == 2_000:
            await asyncio.gather(*waiting)
            waiting.clear()
    await asyncio.gather(*waiting)
    await producer.stop()
    return sent


@dataclass(frozen=True)
class Moment:
    """The time, and the processor time that each part has used until then, in seconds."""

    at: float
    python: float
    postgresql: float
    kafka: float

    @classmethod
    def now(cls) -> "Moment":
        return cls(
            time.perf_counter(),
            time.process_time(),
            cpu_seconds(family("postgres")),
            cpu_seconds(family("java")),
        )


async def until_quiet(service: Service, count: int) -> tuple[Moment, Moment]:
    """Wait until all figures are handled and all states published; return when the first batch
    came, and the end.
    """
    name = next(
        group for group in service.consumers.deliveries if group.endswith("reporting.figure")
    )
    progress = service.consumers.deliveries[name].progress
    began = Moment.now()
    while progress.handled_count < count or (await status_of(service))["outbox"]["waiting_count"]:
        if progress.handled_count == 0:
            began = Moment.now()
        await asyncio.sleep(0.05)
    return began, Moment.now()


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return the processor time that processes have used so far."""
    total = 0.0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
    return total


def family(name: str) -> list[int]:
    """Return our descendants whose program has this name."""
    parents, found = {}, []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text()
        except OSError:
            continue
        parents[int(folder.name)] = int(text.rpartition(")")[2].split()[1])
        if text[text.index("(") + 1 : text.rindex(")")] == name:
            found.append(int(folder.name))

    def is_ours(pid: int) -> bool:
        while pid > 1:
            pid = parents.get(pid, 0)
            if pid == os.getpid():
                return True
        return False

    return [pid for pid in found if is_ours(pid)]


async def measure(workload: str, months: int) -> None:
    """Run one workload and print what it took."""
    async with local_infra() as infra:
        count = await feed(infra, figures(workload, months))
        handle = await infra.make_database("metrics")
        if workload == "programme":
            database = Database(handle.dsn, application_name="speed")
            await hear_registry(database)
            await database.close()
        app = create_app(Settings(database_dsn=handle.dsn, bus=infra.bus))
        async with app.router.lifespan_context(app):
            began, ended = await until_quiet(app.state.service, count)
            published = app.state.service.relay.state.sent_count
    seconds = ended.at - began.at
    spent = {part: 1e6 * (getattr(ended, part) - getattr(began, part)) / count for part in PARTS}
    print(
        f"{workload}: {count} figures in {seconds:.1f} s = {count / seconds:.0f}/s, {published}"
        " events published"
    )
    print(
        "processor time per figure, µs:",
        ", ".join(f"{part} {time:.0f}" for part, time in spent.items()),
    )


if __name__ == "__main__":
    asyncio.run(measure((sys.argv[1:] or ["programme"])[0], int((sys.argv[2:] or ["60"])[0])))
