"""A running service: settings, what starts and stops in which order, health, and what it tells of
itself.

HTTP is up at once and needs neither broker nor consumers to accept; readiness says what is still
missing, and why. No part waits for another service: any start order works.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from aiokafka.errors import KafkaError
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from shared.access import auth, persons
from shared.access.key_uses import KeyUses
from shared.access.roles import Action
from shared.access.sessions import Lifetime, SessionKeys
from shared.audit import log as audit
from shared.clock import Clock, seconds_since
from shared.delivery import assignments, dead_letters, positions
from shared.delivery.consumers import Consumers
from shared.delivery.delivery import Delivery
from shared.delivery.subscribe import Router, Subscription, subscribe
from shared.errors import NotAuthenticated, Unavailable
from shared.events.registry import (
    PersonChanged,
    PersonErased,
    PersonEvent,
    PersonRegistered,
    PublisherChanged,
    PublisherEvent,
    PublisherRegistered,
    PublisherRevoked,
)
from shared.http import bounds, wiring
from shared.http.limits import Places, Rate
from shared.http.routes import Needs
from shared.http.session_cookie import SessionCookie, session_of
from shared.kafka import topics as kafka_topics
from shared.kafka.broker import BusSettings
from shared.outbox import outbox
from shared.outbox.relay import Relay
from shared.postgres.database import DRIVER_FAILURES, Connection, Database, load_queries
from shared.service import consumer_replays, operating, telemetry
from shared.service.requests import MeasureRequests, RequestFigures

LOG = structlog.get_logger()
MECHANISM_MIGRATIONS = Path(__file__).parents[1] / "migrations"
QUERIES = load_queries(__file__)

RETRY_SECONDS_MIN = 0.25
RETRY_SECONDS_MAX = 5.0
TOPIC_CHECK_SECONDS = 30.0
LOOK_AGAIN_SECONDS = 1.0
"""How soon a service that is not ready notices that somebody mended what was missing."""

RECOVERED_SECONDS = 10.0
"""How long a part that failed must run to count as well again; a part that runs for ever never says
so itself.
"""

FAILED_KEYS_PER_MINUTE = 120
"""Bad keys of one address that are told to be bad; more are told to wait. Each is looked up all the
same, because a good key from behind the same address is to be let in.
"""

CANCEL_SECONDS = 12.0
"""Above what the sender takes to finish its tries; after it a task is told again to end."""

_FAILURES = (KafkaError, Unavailable, *DRIVER_FAILURES)
"""What a background task may meet while database or broker are away; anything else is a fault of
ours and is logged.
"""

Background = Callable[["Service"], Awaitable[None]]


class ServiceSettings(BaseSettings):
    """What every service is told; each has its own prefix, `SAMAN_<SERVICE>_`."""

    database_dsn: str = Field(
        description="PostgreSQL address with the service's own role, postgresql://…"
    )
    pool_size: int = Field(default=10, ge=2, le=100, description="Database connections at most.")
    kafka_password: SecretStr = Field(
        default=SecretStr(""),
        description="Of the service's own Kafka account, which is named like the service.",
    )
    operator_key_hash: str = Field(
        default="",
        validation_alias="SAMAN_OPERATOR_KEY_HASH",
        description="SHA-256 of the operator's key, in hex.",
    )
    session_keys: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="SAMAN_SESSION_KEYS",
        description=(
            "Secret keys of the sessions of people, the same for all services: at least 32 random"
            " characters each, separated by spaces. The first one writes, all of them read."
            " Without one, nobody can sign in."
        ),
    )
    session_idle_minutes: int = Field(
        default=30,
        ge=1,
        le=24 * 60,
        validation_alias="SAMAN_SESSION_IDLE_MINUTES",
        description="Minutes without a request after which a session is over.",
    )
    session_minutes: int = Field(
        default=120,
        ge=1,
        le=24 * 60,
        validation_alias="SAMAN_SESSION_MINUTES",
        description="Minutes after which a session is over in any case.",
    )
    requests_per_minute: int = Field(
        default=6_000,
        ge=1,
        le=1_000_000,
        description="Requests of one publisher's key per minute, in each replica.",
    )
    requests_burst: int = Field(
        default=1_000, ge=1, le=100_000, description="Of these so many at once."
    )
    requests_at_once: int = Field(
        default=100, ge=1, le=10_000, description="Requests of one key running at once."
    )
    now: datetime | None = Field(
        default=None,
        validation_alias="SAMAN_NOW",
        description="What the clock shows at the start; for tests and demo.",
    )
    bus: BusSettings = Field(
        default_factory=BusSettings, description="How to reach Kafka; SAMAN_KAFKA_…"
    )


@dataclass
class Health:
    """Why the service is not ready yet, by part; empty means ready."""

    waiting: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


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
        background: work that runs as long as the service does, started again when it fails.
    """

    def __init__(
        self,
        name: str,
        settings: ServiceSettings,
        *,
        migrations: Path,
        router: Router,
        inbound: Router | None = None,
        background: Sequence[Background] = (),
    ) -> None:
        self.name = name
        self.settings = settings
        self.clock = Clock(settings.now)
        self.database = Database(
            settings.database_dsn, application_name=f"saman {name}", pool_size=settings.pool_size
        )
        self.bus = settings.bus.as_account(name, settings.kafka_password)
        self.relay = Relay(self.database, self.bus)
        self.health = Health(waiting=dict.fromkeys(("database", "topics", "consumers"), "starting"))
        self.registry = CollectorRegistry()
        subscriptions = [*router.subscriptions, *_who_may_come_in(name).subscriptions]
        self.consumers = Consumers(
            subscriptions, self.bus, self.database, service=name, clock=self.clock
        )
        late = inbound.subscriptions if inbound is not None else []
        self.late_consumers = Consumers(
            late, self.bus, self.database, service=name, clock=self.clock
        )
        self._rate = Rate(per_minute=settings.requests_per_minute, burst=settings.requests_burst)
        self._failed_rate = Rate(per_minute=FAILED_KEYS_PER_MINUTE, burst=FAILED_KEYS_PER_MINUTE)
        self._places = Places(settings.requests_at_once)
        self.key_uses = KeyUses()
        self.session_keys = SessionKeys(settings.session_keys.get_secret_value())
        self.lifetime = Lifetime(
            timedelta(minutes=settings.session_idle_minutes),
            timedelta(minutes=settings.session_minutes),
        )
        self._background = background
        self._migrations = migrations
        self._tasks: list[asyncio.Task[None]] = []
        self.collector = telemetry.ServiceCollector(self)
        self.registry.register(self.collector)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run everything until the context is left, then stop in the order that loses least."""
        structlog.contextvars.bind_contextvars(service=self.name)
        uses = partial(self.key_uses.keep_always, self.database)
        letters = partial(dead_letters.keep_emptied, self.database)
        self._tasks = [
            asyncio.create_task(
                self._supervised("consumers", self._consume), name=f"{self.name} consumers"
            ),
            asyncio.create_task(
                self._supervised("relay", self.relay.run), name=f"{self.name} relay"
            ),
            asyncio.create_task(
                self._supervised("checks", self._check), name=f"{self.name} checks"
            ),
            asyncio.create_task(self._supervised("audit", self._seal), name=f"{self.name} audit"),
            asyncio.create_task(
                self._supervised("replays", self._hear_of_replays), name=f"{self.name} replays"
            ),
            asyncio.create_task(self._supervised("key uses", uses), name=f"{self.name} key uses"),
            asyncio.create_task(
                self._supervised("dead letters", letters), name=f"{self.name} dead letters"
            ),
        ]
        for work in self._background:
            name = getattr(work, "__name__", "background")
            self._tasks.append(
                asyncio.create_task(
                    self._supervised(name, partial(work, self)), name=f"{self.name} {name}"
                )
            )
        try:
            yield
        finally:
            await self._stop()

    async def _stop(self) -> None:
        starting, *others = self._tasks
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await asyncio.gather(
            self.consumers.stop(), self.late_consumers.stop(), return_exceptions=True
        )
        await _end(others)
        await self.key_uses.keep_at_the_end(self.database)
        await self.database.close()

    async def _consume(self) -> None:
        """Start the consumers, the late ones after the others have caught up, and keep them
        assigned.

        Raises:
            Unavailable: the schema is older than the code; every record would fail, and none would
                be to blame.
        """
        if missing := await self._missing_migrations():
            raise Unavailable(f"waiting for migrations {missing}")
        await self.consumers.start()
        if self.late_consumers.subscriptions and not self.late_consumers.is_running:
            self.health.waiting["consumers"] = (
                "catching up with what the other services published before"
            )
            await self.consumers.catch_up()
            await self.late_consumers.start()
        self.health.waiting.pop("consumers", None)
        await assignments.keep_assigned(self.late_consumers, self.bus)

    async def _check(self) -> None:
        """Look again and again whether schema, topics and consumers are as they must be."""
        while True:
            if missing := await self._missing_migrations():
                self.health.waiting["database"] = (
                    f"the database lacks migrations {missing}; run `saman migrate`"
                )
            else:
                self.health.waiting.pop("database", None)
            if sentences := await kafka_topics.disagreements(self.bus, kafka_topics.OWN_TOPICS):
                self.health.waiting["topics"] = "; ".join(sentences[:3])
            else:
                self.health.waiting.pop("topics", None)
            for consumers in (self.consumers, self.late_consumers):
                await consumers.revive()
            if unstarted := [*self.consumers.unstarted, *self.late_consumers.unstarted]:
                self.health.waiting["clients"] = (
                    f"{', '.join(unstarted)} could not be started again"
                )
            else:
                self.health.waiting.pop("clients", None)
            self.health.failures.pop("checks", None)
            await asyncio.sleep(LOOK_AGAIN_SECONDS if self.health.waiting else TOPIC_CHECK_SECONDS)

    async def _seal(self) -> None:
        await audit.keep_sealed(self.database)

    async def _hear_of_replays(self) -> None:
        await positions.hear_of_replays(
            self.database, {**self.consumers.seats, **self.late_consumers.seats}
        )

    async def _missing_migrations(self) -> list[str]:
        files = [*MECHANISM_MIGRATIONS.glob("*.sql"), *self._migrations.glob("*.sql")]
        async with self.database.connection() as conn:
            applied = {row["version"] async for row in QUERIES.list_applied_migrations(conn)}
        return sorted(file.name for file in files if file.name.partition("_")[0] not in applied)

    async def _supervised(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run a part, and again after a pause when it fails; once it has run for a while, the
        failure is over.
        """
        pause = RETRY_SECONDS_MIN
        loop = asyncio.get_running_loop()
        while True:
            recovered = loop.call_later(RECOVERED_SECONDS, self.health.failures.pop, name, None)
            try:
                await work()
            except _FAILURES as error:
                self.health.failures[name] = f"{type(error).__name__}: {error}"[:300]
                LOG.warning(
                    "part failed", part=name, error=self.health.failures[name], retry_seconds=pause
                )
            except Exception as error:
                self.health.failures[name] = f"{type(error).__name__}: {error}"[:300]
                LOG.exception("part broke", part=name, retry_seconds=pause)
            else:
                self.health.failures.pop(name, None)
                return
            finally:
                recovered.cancel()
            await asyncio.sleep(pause)
            pause = min(pause * 2, RETRY_SECONDS_MAX)

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

    def reasons(self) -> list[str]:
        """Return why the service is not ready, one sentence each; none when it is."""
        waiting = [f"{part}: {why}" for part, why in self.health.waiting.items()]
        return waiting + [f"{part}: {why}" for part, why in self.health.failures.items()]

    async def status(self) -> dict[str, Any]:
        """Return what operators look at: readiness, lag, outbox, dead letters."""
        async with self.database.connection() as conn:
            waiting = await outbox.state(conn)
            letters = await dead_letters.waiting(conn)
        oldest = letters["oldest_at"]
        lags = {**self.consumers.lag(), **self.late_consumers.lag()}
        return {
            "service": self.name,
            "ready": not self.reasons(),
            "reasons": self.reasons(),
            "now": self.clock.now().isoformat(),
            "outbox": {
                "waiting_count": waiting["waiting_count"],
                "oldest_seconds": waiting["oldest_seconds"],
                "parked_count": waiting["parked_count"],
                "sent_count": self.relay.state.sent_count,
                "last_sent_seconds_ago": seconds_since(self.relay.state.last_sent_at),
                "last_error": self.relay.state.last_error,
            },
            "dead_letters": {
                "waiting_count": letters["count"],
                "oldest_at": oldest.isoformat() if oldest is not None else None,
            },
            "consumers": [
                {
                    "group": group,
                    "partitions": len(lags[group]),
                    "lag": sum(waiting or 0 for waiting in lags[group].values()),
                    "handled_count": delivery.progress.handled_count,
                    "repeated_count": delivery.progress.repeated_count,
                    "unused_count": delivery.progress.unused_count,
                    "buried_count": delivery.progress.buried_count,
                    "last_handled_seconds_ago": seconds_since(delivery.progress.last_handled_at),
                    "last_error": delivery.progress.last_error,
                }
                for group, delivery in self.deliveries.items()
            ],
        }

    def needs(self, action: Action) -> Any:
        """Return the dependency of a route that is for those who may do this; it tells the route
        who asks.
        """
        return Depends(Needs(self.principal, action))

    async def principal(self, request: Request) -> auth.Principal:
        """Return who asks: by a key or by a session; nobody in particular where there is neither.

        Raises:
            NotAuthenticated: the key is not good, or the session is over.
            Unavailable: as `identify`.
        """
        header = request.headers.get("authorization")
        if header is not None:
            return await self.identify(request, header)
        session = session_of(request)
        if session is None:
            return auth.NOBODY
        async with self.database.connection() as conn:
            principal = await persons.principal_of(
                conn,
                session,
                operator_key_hash=self.settings.operator_key_hash,
                now=datetime.now(UTC),
                lifetime=self.lifetime,
            )
        audit.act_as(replace(audit.actor(), who=principal.name))
        return principal

    async def identify(self, request: Request, header: str) -> auth.Principal:
        """Return whose key a request came with.

        Args:
            header: as it stands in `Authorization`.

        Raises:
            NotAuthenticated: the key is not good.
            Unavailable: `too-many-requests`; the key is used too often, or an address tries too
                many bad ones.
        """
        try:
            async with self.database.connection() as conn:
                principal = await auth.authenticate(
                    conn,
                    header,
                    operator_key_hash=self.settings.operator_key_hash,
                    now=self.clock.now(),
                )
        except NotAuthenticated:
            self._failed_rate.take(request.client.host if request.client else "")
            raise
        if principal.key_id is not None and principal.organisation_number is not None:
            self.key_uses.note(principal.key_id, principal.organisation_number, self.clock.now())
            self._rate.take(principal.key_id)
            bounds.at_the_end(request, self._places.take(principal.key_id))
        audit.act_as(replace(audit.actor(), who=principal.name))
        return principal

    def fastapi(self, title: str, description: str) -> FastAPI:
        """Return the service's HTTP app, with health, figures and status in it; routes are added by
        the caller.
        """

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            async with self.running():
                yield

        app = FastAPI(
            title=title,
            description=description,
            version="1",
            lifespan=lifespan,
            openapi_url=f"/api/{self.name}/v1/openapi.json",
            generate_unique_id_function=lambda route: route.name,
            docs_url=None,
            redoc_url=None,
        )
        app.state.service = self
        wiring.install(app)
        app.add_middleware(SessionCookie, keys=self.session_keys, clock=partial(datetime.now, UTC))
        app.add_middleware(MeasureRequests, figures=RequestFigures(self.name, self.registry))
        self._add_health(app)
        app.include_router(operating.make_router(self))
        app.include_router(consumer_replays.make_router(self))
        return app

    def _add_health(self, app: FastAPI) -> None:
        @app.get("/-/live", include_in_schema=False)
        async def live() -> Response:
            return JSONResponse({"live": True})

        @app.get("/-/ready", include_in_schema=False)
        async def ready() -> Response:
            reasons = self.reasons()
            return JSONResponse(
                {"ready": not reasons, "reasons": reasons}, status_code=503 if reasons else 200
            )

        process = telemetry.process_figures()

        @app.get("/-/metrics", include_in_schema=False)
        async def figures(request: Request) -> Response:
            accept = request.headers.get("accept", "")
            text, media_type = await telemetry.expose([self], process, accept=accept)
            return Response(text, media_type=media_type)

        @app.get(
            f"/api/{self.name}/v1/status",
            tags=["status"],
            summary="Readiness, lag, outbox and dead letters",
        )
        async def status() -> dict[str, Any]:
            return await self.status()


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended; a cancellation can be lost in a wait that ends in the
    same moment.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_SECONDS)


def _who_may_come_in(service: str) -> Router:
    """Return the subscriptions by which a service hears of publishers' keys and people's roles."""
    router = Router(service)

    @subscribe(router, PublisherRegistered, PublisherChanged, PublisherRevoked)
    async def on_publishers(
        events: Sequence[PublisherEvent], conn: Connection, _now: datetime
    ) -> None:
        await auth.keep_publishers(conn, events)

    @subscribe(router, PersonRegistered, PersonChanged, PersonErased)
    async def on_persons(events: Sequence[PersonEvent], conn: Connection, _now: datetime) -> None:
        await persons.keep_persons(conn, events)

    return router
