"""A running service: its parts, and in which order they start and stop.

HTTP is up at once and needs neither the broker nor a consumer to accept requests; `Health` says
what is still missing, and why. No part waits for another service: any start order works.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from shared.access.roles import Action
from shared.audit import log as audit
from shared.clock import Clock
from shared.delivery import assignments, dead_letters, positions
from shared.delivery.consumers import Consumers
from shared.delivery.delivery import Delivery
from shared.delivery.subscribe import Router, Subscription
from shared.errors import Unavailable
from shared.outbox.relay import Relay
from shared.postgres.database import Connection, Database
from shared.service.access import Access, HearPeople, hear_roles_only, who_may_come_in
from shared.service.checks import Checks
from shared.service.health import Health
from shared.service.schema import missing_migrations
from shared.service.settings import ServiceSettings
from shared.service.supervisor import Supervisor

LOOK_AGAIN_SECONDS = 0.25
"""How soon is looked again for what submissions wait for."""

Background = Callable[["Service"], Awaitable[None]]
Lacks = Callable[[Connection], Awaitable[str | None]]


class Service:
    """One service: its database, its consumers, its relay and its background work.

    Args:
        name: `registry`, `reporting`, `metrics` or `notifications`.
        settings: what it is told.
        migrations: the folder of its own migrations, to know whether the database is as new as the
            code.
        router: subscriptions that start at once.
        inbound: subscriptions that start only when those of `router` have caught up with what was
            there at the start.
        inbound_lacks: says what `inbound` still waits for then; none when it may start.
        background: work that runs as long as the service does, started again when it fails.
        hear_people: keeps what the service needs of people besides their roles.
    """

    def __init__(
        self,
        name: str,
        settings: ServiceSettings,
        *,
        migrations: Path,
        router: Router,
        inbound: Router | None = None,
        inbound_lacks: Lacks | None = None,
        background: Sequence[Background] = (),
        hear_people: HearPeople = hear_roles_only,
    ) -> None:
        self.name = name
        self.settings = settings
        self.clock = Clock(timedelta(seconds=settings.clock_offset_seconds))
        self.database = Database(
            settings.database_dsn, application_name=f"saman {name}", pool_size=settings.pool_size
        )
        self.bus = settings.bus.as_account(name, settings.kafka_password)
        self.relay = Relay(self.database, self.bus)
        self.access = Access(self.database, self.clock, settings)
        self.health = Health(waiting=dict.fromkeys(("database", "topics", "consumers"), "starting"))
        early = [*router.subscriptions, *who_may_come_in(name, hear_people).subscriptions]
        self.consumers = self._consumers(early)
        self.late_consumers = self._consumers(inbound.subscriptions if inbound is not None else [])
        self._inbound_lacks = inbound_lacks
        self._background = background
        self._migrations = migrations
        self._supervisor = Supervisor(name, self.health)

    def _consumers(self, subscriptions: Sequence[Subscription]) -> Consumers:
        return Consumers(
            subscriptions, self.bus, self.database, service=self.name, clock=self.clock
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run everything until the context is left, then stop in the order that loses least."""
        structlog.contextvars.bind_contextvars(service=self.name)
        checks = Checks(
            self.database,
            self._migrations,
            self.bus,
            (self.consumers, self.late_consumers),
            self.health,
        )
        start = self._supervisor.start
        start("consumers", self._consume)
        start("relay", self.relay.run)
        start("checks", checks.run)
        start("audit", partial(audit.keep_sealed, self.database))
        start("replays", self._hear_of_replays)
        start("key uses", partial(self.access.key_uses.keep_always, self.database))
        start("dead letters", partial(dead_letters.keep_emptied, self.database))
        for work in self._background:
            start(getattr(work, "__name__", "background"), partial(work, self))
        try:
            yield
        finally:
            await self._stop()

    async def _stop(self) -> None:
        await self._supervisor.stop("consumers")
        await asyncio.gather(
            self.consumers.stop(), self.late_consumers.stop(), return_exceptions=True
        )
        await self._supervisor.stop_all()
        await self.access.key_uses.keep_at_the_end(self.database)
        await self.database.close()

    async def _consume(self) -> None:
        """Start the consumers, the late ones after the others have caught up, and keep them
        assigned.

        Raises:
            Unavailable: the schema is older than the code; every record would fail, and none would
                be to blame.
        """
        if missing := await missing_migrations(self.database, self._migrations):
            raise Unavailable(f"waiting for migrations {missing}")
        await self.consumers.start()
        if self.late_consumers.subscriptions and not self.late_consumers.is_running:
            self.health.note(
                "consumers", "catching up with what the other services published before"
            )
            await self.consumers.catch_up()
            while lacks := await self._lacks():
                self.health.note("consumers", lacks)
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
            await self.late_consumers.start()
        self.health.note("consumers", None)
        await assignments.keep_assigned(self.late_consumers, self.bus)

    async def _lacks(self) -> str | None:
        if self._inbound_lacks is None:
            return None
        async with self.database.connection() as conn:
            return await self._inbound_lacks(conn)

    async def _hear_of_replays(self) -> None:
        await positions.hear_of_replays(
            self.database, {**self.consumers.resumptions, **self.late_consumers.resumptions}
        )

    def needs(self, action: Action) -> Any:
        """Return the dependency of a route that is for those who may do this; see `Access`."""
        return self.access.needs(action)

    @property
    def subscriptions(self) -> dict[str, Subscription]:
        """All subscriptions by consumer."""
        return {
            one.group: one
            for one in (*self.consumers.subscriptions, *self.late_consumers.subscriptions)
        }

    @property
    def deliveries(self) -> dict[str, Delivery]:
        """All subscriptions' deliveries by consumer, for the status and for replays."""
        return {**self.consumers.deliveries, **self.late_consumers.deliveries}
