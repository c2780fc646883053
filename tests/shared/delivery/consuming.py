"""A subscription under test: a handler that writes down what it got, and ways to see what became of
each record.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from shared.clock import Clock
from shared.delivery.consumers import Consumers
from shared.delivery.delivery import Delivery
from shared.delivery.subscribe import Refusal, Sift, Subscription, Withholding
from shared.events.registry import MunicipalityRegistered
from shared.kafka.broker import BusSettings
from shared.postgres.database import Connection, Database
from tests.support.infrastructure import DatabaseHandle, Infra
from tests.support.waiting import until

EFFECT_TABLE = """
    CREATE TABLE effect (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event_id uuid,
        key text NOT NULL,
        version integer NOT NULL
    )
"""

Handler = Callable[[Sequence[Any], Connection, datetime], Awaitable[None]]


def counted(key: str, version: int, **changes: Any) -> MunicipalityRegistered:
    """An event that needs no more than a key and a number."""
    return MunicipalityRegistered(
        **({"municipality_id": key, "version": version, "versions": []} | changes)
    )


async def keep(events: Sequence[MunicipalityRegistered], conn: Connection, _now: datetime) -> None:
    """Write down each event; doing it twice shows."""
    await conn.executemany(
        "INSERT INTO effect (event_id, key, version) VALUES ($1, $2, $3)",
        [(event.event_id, event.municipality_id, event.version) for event in events],
    )


@dataclass(frozen=True, slots=True)
class Buried:
    """A dead letter as tests look at it."""

    id: int
    offset: int
    code: str
    error: str
    attempts: int
    state: str
    value: bytes | None


class Consuming:
    """A running subscription to one topic, with its own consumer group."""

    def __init__(
        self,
        infra: Infra,
        handle: DatabaseHandle,
        topic: str,
        *,
        handler: Handler = keep,
        batch: int = 1_000,
        sift: Sift | None = None,
        refuse: Refusal | None = None,
        withhold: Withholding | None = None,
        group: str | None = None,
        replica: str = "0",
        bootstrap: str | None = None,
    ) -> None:
        self.topic = topic
        self.group = group or f"mechanisms.{topic}.{secrets.token_hex(4)}"
        self.database = Database(
            handle.dsn, application_name=f"consuming {self.group}", pool_size=4
        )
        subscription = Subscription(
            self.group,
            topic,
            (MunicipalityRegistered,),
            handler,
            batch,
            sift=sift,
            refuse=refuse,
            withhold=withhold,
        )
        bus = BusSettings(bootstrap=bootstrap or infra.bootstrap, client_id="test", replica=replica)
        self.consumers = Consumers(
            [subscription], bus, self.database, service="mechanisms", clock=Clock()
        )

    @property
    def delivery(self) -> Delivery:
        return self.consumers.deliveries[self.group]

    async def __aenter__(self) -> Self:
        await self.database.open()
        await self.consumers.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.consumers.stop()
        await self.database.close()

    async def rows(self, sql: str, *arguments: object) -> list[Any]:
        async with self.database.connection() as conn:
            rows: list[Any] = await conn.fetch(sql, *arguments)
            return rows

    async def has_none(self, sql: str) -> bool:
        return not await self.rows(sql)

    async def effects(self) -> list[tuple[str, int]]:
        """What handlers did, in order: key and version."""
        return [
            (row["key"], row["version"])
            for row in await self.rows("SELECT key, version FROM effect ORDER BY id")
        ]

    async def buried(self) -> list[Buried]:
        """The dead letters by offset."""
        rows = await self.rows(
            "SELECT id, record_offset AS offset, code, error, attempts, state, value FROM"
            " dead_letter WHERE consumer = $1 ORDER BY record_offset",
            self.group,
        )
        return [Buried(**dict(row)) for row in rows]

    async def until_consumed(self, count: int) -> None:
        """Wait until so many records have become something."""
        await until(lambda: self.consumed_count >= count, f"{count} records consumed")

    @property
    def consumed_count(self) -> int:
        progress = self.delivery.progress
        return (
            progress.handled_count
            + progress.repeated_count
            + progress.unused_count
            + progress.buried_count
            + progress.not_kept_count
        )
