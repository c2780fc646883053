"""While a database is silent or refuses, every route answers in bounded time, and consumers keep
their place.

All four services are asked at every route at once, more requests than there are connections.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

import pytest
from httpx2 import Response

from deploy.services import SERVICES
from shared.events.registry import PublisherRegistered
from tests.security.routes import all_routes, ask
from tests.support.apps import RunningService, run_service
from tests.support.bus import Bus
from tests.support.infrastructure import DatabaseHandle, Infra
from tests.support.owner import as_owner
from tests.support.proxy import Proxy, proxy_to
from tests.support.waiting import until

PROMISED_SECONDS = 12
"""Without an end of its own a request took 25 s and more."""

LOOK_SECONDS = 0.05

WAIT_SECONDS = 240.0
SETTINGS: dict[str, dict[str, object]] = {
    "registry": {"reference": False},
    "notifications": {"webhook_key": "a key of the tests that is long enough"},
}
NO_DATABASE = (
    "/-/live",
    "/-/ready",
    "/-/metrics",
    "/openapi.json",
    "/static",
    " /status",
    "/about",
    "/{rest:path}",
)
"""How the addresses end that answer without a database; the page of the status tells which services
do not answer.
"""

OPERATORS_PAGES = " /registry/"
"""They know sessions, which live in memory, and send everybody else to sign in."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer and the seconds that it took."""

    response: Response
    seconds: float

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def is_as_promised(self) -> bool:
        """Tell whether it says that one should come again, and when; to people on a page, to others
        with a code.
        """
        if self.status != 503:
            return False
        headers = self.response.headers
        is_page = headers["content-type"].startswith("text/html")
        is_told = is_page or self.response.json()["code"] == "unavailable"
        return is_told and int(headers.get("retry-after", 0)) > 0


class BehindProxy(Infra):
    """The same servers; services reach their databases through a proxy, and nobody else does."""

    proxy: Proxy

    @classmethod
    def of(cls, infra: Infra, proxy: Proxy) -> "BehindProxy":
        behind = cls(infra.kind, infra.bootstrap, infra.admin_dsn, infra._templates)
        behind.proxy = proxy
        return behind

    async def make_database(self, service: str) -> DatabaseHandle:
        handle = await super().make_database(service)
        return replace(handle, dsn=self.proxy.through(handle.dsn))


@asynccontextmanager
async def four_services(infra: Infra) -> AsyncIterator[dict[str, RunningService]]:
    """Run all of them, each with fewer connections than it is asked for at once."""
    prefix = f"{secrets.token_hex(4)}."
    async with AsyncExitStack() as stack:
        services = {}
        for name in SERVICES:
            service = run_service(
                infra, name, group_prefix=prefix, pool_size=4, **SETTINGS.get(name, {})
            )
            services[name] = await stack.enter_async_context(service)
        yield services


async def ask_everywhere(
    services: dict[str, RunningService], *, at_once: int
) -> dict[str, Answered]:
    """Ask at all routes of all services as the operator, so many at a time."""
    places = asyncio.Semaphore(at_once)

    async def timed(route: str, name: str, method: str, path: str) -> tuple[str, Answered]:
        async with places:
            begun = time.monotonic()
            response = await ask(services[name].operator, route, method, path)
            return route, Answered(response, time.monotonic() - begun)

    asked = (timed(route, *place) for route, place in all_routes().items())
    return dict(await asyncio.gather(*asked))


@dataclass
class Lateness:
    """By how many seconds this process, with the services in it, was waked late in all: what a busy
    machine adds.
    """

    seconds: float = 0.0

    async def watch(self) -> None:
        """Watch until cancelled."""
        while True:
            begun = time.monotonic()
            await asyncio.sleep(LOOK_SECONDS)
            self.seconds += time.monotonic() - begun - LOOK_SECONDS


def needs_database(route: str) -> bool:
    return not route.endswith(NO_DATABASE) and OPERATORS_PAGES not in route


async def are_well(services: dict[str, RunningService]) -> bool:
    """Tell whether every route that needs a database answers as if it had one."""
    answers = await ask_everywhere(services, at_once=2)
    return not any(it.status >= 500 and needs_database(route) for route, it in answers.items())


async def has_heard(running: RunningService, organisation_number: str) -> bool:
    """Tell whether a service keeps a publisher."""
    query = "SELECT count(*) FROM known_publisher WHERE organisation_number = $1"
    return bool((await as_owner(running.handle, query, organisation_number))[0][0])


@pytest.mark.parametrize("how", ["silent", "refusing"])
async def test_every_route_says_so_in_time_and_consumers_keep_their_place(
    infra: Infra, bus: Bus, how: str
) -> None:
    async with (
        proxy_to(infra.admin_dsn) as proxy,
        four_services(BehindProxy.of(infra, proxy)) as services,
    ):
        await until(partial(are_well, services), "every route answers", seconds=WAIT_SECONDS)
        consumers = {
            name: it.service.deliveries[f"{name}.registry.publisher"]
            for name, it in services.items()
        }
        handled = {name: delivery.progress.handled_count for name, delivery in consumers.items()}
        proxy.fall_silent() if how == "silent" else proxy.refuse()
        orgnr = f"{secrets.randbelow(10**9):09}"
        await bus.publish(
            PublisherRegistered(
                organisation_number=orgnr, version=1, name="P", may_speak_for=[], keys=[]
            )
        )

        late = Lateness()
        watching = asyncio.create_task(late.watch())
        answers = await ask_everywhere(services, at_once=1_000)
        watching.cancel()

        assert {
            route: it
            for route, it in answers.items()
            if needs_database(route) and not it.is_as_promised
        } == {}
        slowest = max(it.seconds for it in answers.values())
        print(
            f"{how}: {len(answers)} routes asked at once, slowest answer {slowest:.1f} s,"
            f" {late.seconds:.1f} s late"
        )
        assert slowest - late.seconds < PROMISED_SECONDS
        for name, delivery in consumers.items():
            has_noticed = partial(getattr, delivery.progress, "last_error")
            await until(has_noticed, f"{name} notices", seconds=WAIT_SECONDS)
        counts = {name: delivery.progress.handled_count for name, delivery in consumers.items()}
        assert counts == handled

        proxy.heal()
        for name, each in services.items():
            heard = partial(has_heard, each, orgnr)
            await until(heard, f"{name} hears of the publisher", seconds=WAIT_SECONDS)
            letters = "SELECT error FROM dead_letter WHERE state = $1"
            assert await as_owner(each.handle, letters, "waiting") == []
        await until(partial(are_well, services), "every route answers again", seconds=WAIT_SECONDS)
