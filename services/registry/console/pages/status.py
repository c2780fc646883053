"""The status page: the four services as they answer for themselves, for operators and for anyone
who wonders.

It asks the services over HTTP and nothing else; one that does not answer is told apart from one
that says it is not ready.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import httpx2
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ValidationError

from services.registry.console.pages.asking import ANSWER_SECONDS, SERVICES, Services
from shared.service.clients import new_client
from shared.service.runtime import Service
from shared.web.copies import Copied, Copies
from shared.web.pages import Pages


class Outbox(BaseModel):
    """What a service has still to publish."""

    waiting_count: int | None = None
    oldest_seconds: float | None = None
    parked_count: int | None = None
    last_error: str | None = None


class DeadLetters(BaseModel):
    """The records that a service could not handle."""

    waiting_count: int | None = None


class Consumer(BaseModel):
    """One subscription and how far behind it is."""

    group: str
    lag: int | None = None
    handled_count: int | None = None
    last_handled_seconds_ago: float | None = None
    last_error: str | None = None


class Answer(BaseModel):
    """What a status address says, as far as the page shows it; a part that is missing is
    unknown.
    """

    ready: bool
    reasons: list[str] = []
    outbox: Outbox = Outbox()
    dead_letters: DeadLetters = DeadLetters()
    consumers: list[Consumer] = []


@dataclass(frozen=True, slots=True)
class Answered:
    """A service that answered."""

    name: str
    answer: Answer

    @property
    def state(self) -> str:
        """`ready` or `waiting`."""
        return "ready" if self.answer.ready else "waiting"

    @property
    def lag(self) -> int:
        """Records that its consumers have still to read."""
        return sum(consumer.lag or 0 for consumer in self.answer.consumers)


@dataclass(frozen=True, slots=True)
class Silent:
    """A service that did not give a usable answer in time.

    Attributes:
        why: `timeout`, `unreachable` or `unusable`.
    """

    name: str
    why: str

    @property
    def state(self) -> str:
        """Always `silent`."""
        return "silent"


def add_routes(router: APIRouter, service: Service, pages: Pages, services: Services) -> None:
    """Add the status page.

    The services are asked once a second, in however many languages the page is read.
    """
    copies: Copies[list[Answered | Silent]] = Copies()

    @router.get("/status", dependencies=[Depends(Copied())])
    async def status(request: Request, refresh: str = "on") -> Response:
        addresses = {name: services.status_of(name, request) for name in SERVICES}
        states = await copies.get("states", partial(ask_all, addresses))
        view = {"services": states, "asked_at": service.clock.now(), "refreshes": refresh != "off"}
        return pages.answer(request, "status.html", view)


async def ask_all(addresses: Mapping[str, str]) -> list[Answered | Silent]:
    """Ask all status addresses at once and return what came back, in the given order."""
    async with new_client(timeout=ANSWER_SECONDS) as client:
        return await asyncio.gather(
            *(ask(client, name, address) for name, address in addresses.items())
        )


async def ask(client: httpx2.AsyncClient, name: str, address: str) -> Answered | Silent:
    """Ask one service for its state; that it is silent is an answer too, so nothing is raised."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            response = await client.get(address)
        response.raise_for_status()
        return Answered(name, Answer.model_validate_json(response.content))
    except (TimeoutError, httpx2.TimeoutException):
        return Silent(name, "timeout")
    except (httpx2.HTTPStatusError, ValidationError):
        return Silent(name, "unusable")
    except (httpx2.HTTPError, httpx2.InvalidURL):
        return Silent(name, "unreachable")
