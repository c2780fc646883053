"""What one request may cost: how large and how slow its body is, how long it is worked on, and how
many requests run at once.

This is one of the two doors that catch every error; the other is `shared/delivery`.

A request is worked on in a place of its own, and there are so many places. While its body is on
its way it holds none of them: first its head is judged (who asks, and whether they may), then the
body is awaited in one of the places that its origin has for that, and only a whole body gets a
place to be worked on again. So whoever sends slowly keeps nobody else waiting.
"""

import asyncio
import ipaddress
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

import structlog
from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import faults
from shared.audit import log as audit
from shared.errors import AppError, RuleBroken, Unavailable
from shared.http import problems
from shared.http.limits import Rate, Slots
from shared.postgres import deadline, shares

LOG = structlog.get_logger()

BODY_BYTES_MAX = 256 * 1024
"""The largest body of a route that says nothing else (`routes.BodyUpTo`)."""

BODY_SECONDS = 30
"""A body that comes slower than this is an attack or a broken line; the connection is not held for
it.
"""

BODIES_EACH = 100
"""Bodies of one origin that may be on their way at once: as many as one key may have running."""

ANSWER_SECONDS = 10
"""When a request gives up what it still waits for, and says so, counted from when all of its body
has arrived; the answer is out within 12 s of that.
"""

CONCURRENT_MAX = 500
"""Requests that are worked on at once, in each process; more are told to come back. Five keys, or
origins, can be busy to their own limits at the same time.
"""

CONCURRENT_EACH = 200
"""Of these, those of one origin. Behind a proxy that is not trusted all clients are one."""

OPEN_PER_MINUTE = 6_000
OPEN_BURST = 1_000
INSIDE = "/-/"
"""Where a process tells its own installation how it is; not counted and not routed from outside."""

_VISIT = "saman.visit"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a door lets in.

    Attributes:
        at_once: requests that are worked on at once.
        at_once_each: of these, those of one origin.
        bodies_each: bodies of one origin that are on their way at once.
        open_per_minute: requests of one origin without a key, or for what needs none.
        open_burst: of these, so many at once.
    """

    at_once: int = CONCURRENT_MAX
    at_once_each: int = CONCURRENT_EACH
    bodies_each: int = BODIES_EACH
    open_per_minute: int = OPEN_PER_MINUTE
    open_burst: int = OPEN_BURST


@dataclass(frozen=True, slots=True)
class _Door:
    """What the requests at one door share."""

    work: Slots
    origins: Slots
    bodies: Slots
    open_rate: Rate


def origin_of(scope: Scope) -> str:
    """Return where a request comes from, as limits count it: an IPv4 address, or the 64 bits of
    an IPv6 address that one subscriber has. Empty where there is none.
    """
    host = scope["client"][0] if scope.get("client") else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address), 64), strict=False))
    return host


def at_the_end(request: Request, end: Callable[[], None]) -> None:
    """Do something when the request has been answered, however that ends."""
    visit_of(request.scope).at_the_end(end)


def allow_body(request: Request, bytes_max: int, seconds_max: float = BODY_SECONDS) -> None:
    """Let this request's body have so many bytes and so much time; called before it is read."""
    visit = visit_of(request.scope)
    visit.bytes_max, visit.seconds_max = bytes_max, seconds_max


def visit_of(scope: Scope) -> "Visit":
    """Return the visit of a request that came in by this door."""
    visit: Visit = scope[_VISIT]
    return visit


class Bounds:
    """ASGI middleware that holds every request to its bounds, and answers what nobody foresaw with
    a problem document.

    Args:
        limits: how much there is of everything.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self._door = _Door(
            work=Slots(limits.at_once, of="requests at once"),
            origins=Slots(limits.at_once_each, of="requests of one address at once"),
            bodies=Slots(limits.bodies_each, of="bodies of one address on their way"),
            open_rate=Rate(
                per_minute=limits.open_per_minute,
                burst=limits.open_burst,
                of="requests without a key from one address",
            ),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        address = scope.get("client")
        audit.act_as(
            audit.Actor("nobody", f"http from {address[0] if address else 'here'}", uuid.uuid4())
        )
        visit = scope[_VISIT] = Visit(scope, receive, self._door)
        with shares.work_for(f"address {visit.origin}"):
            try:
                visit.judge_head(scope)
                visit.begin_work()
            except AppError as error:
                await problems.respond(error)(scope, receive, send)
            else:
                await self._answer(scope, visit, send)
            finally:
                visit.leave()

    async def _answer(self, scope: Scope, visit: "Visit", send: Send) -> None:
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start" and not started:
                started = True
                if visit.is_unread:
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
            if visit.size:
                faults.point("http.answering")
            await send(message)

        try:
            with deadline.within(ANSWER_SECONDS):
                await self.app(scope, visit.receive, watch)
        except ClientDisconnect:
            LOG.info("client is gone", method=scope["method"], path=quote(scope["path"])[:200])
        except Exception:
            LOG.exception("request failed", method=scope["method"], path=quote(scope["path"])[:200])
            if started:
                raise
            internal = problems.problem(
                "internal", 500, "something is wrong on our side; it is logged"
            )
            await problems.ProblemResponse(internal.model_dump(), 500)(scope, visit.receive, watch)


class Visit:
    """One request, from its head to its answer: the place that it holds, and its body.

    Nothing is taken from the connection before the app asks for it, so whoever may not come is told
    so unread.

    Attributes:
        origin: where it comes from.
        bytes_max: how large the body may be; a route says so before it is read.
        seconds_max: how long the body may be on its way.
        size: bytes of the body that have come.
    """

    def __init__(self, scope: Scope, receive: Receive, door: _Door) -> None:
        headers = dict(scope["headers"])
        self.origin = origin_of(scope)
        self.bytes_max = BODY_BYTES_MAX
        self.seconds_max: float = BODY_SECONDS
        self.size = 0
        self._length = headers.get(b"content-length", b"0")
        self._receive = receive
        self._door = door
        self._held: list[Callable[[], None]] = []
        self._is_counted = False
        self._ends: list[Callable[[], None]] = []
        self._deadline: float | None = None
        self._is_whole = self._length == b"0" and b"transfer-encoding" not in headers

    @property
    def is_unread(self) -> bool:
        """Whether some of the body is still to come; nobody waits for it after the answer."""
        return not self._is_whole

    def begin_work(self) -> None:
        """Take a place to be worked on.

        Raises:
            Unavailable: all are taken; `too-many-requests` when it is its origin that has them.
        """
        self._held.append(self._door.origins.take(self.origin))
        try:
            self._held.append(self._door.work.take(""))
        except Unavailable as error:
            raise Unavailable(error.message, retry_after_seconds=1) from None

    def judge_head(self, scope: Scope) -> None:
        """Refuse what no route takes, before anything is done for it.

        Raises:
            RuleBroken: a body that is compressed, an address that cannot be stored.
            Unavailable: `too-many-requests`; the origin asks without a key too often.
        """
        headers = dict(scope["headers"])
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise RuleBroken(
                "compressed bodies are not taken; send it plain", code="content-encoding"
            )
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            raise RuleBroken(
                "the address holds U+0000, which cannot be stored", code="text-unstorable"
            )
        if b"authorization" not in headers and not scope["path"].startswith(INSIDE):
            self.count_open()

    def count_open(self) -> None:
        """Count the request among those that its origin makes without a key, or for what needs
        none; once, however often it is asked for.

        Raises:
            Unavailable: `too-many-requests`.
        """
        if not self._is_counted:
            self._is_counted = True
            self._door.open_rate.take(self.origin)

    def at_the_end(self, end: Callable[[], None]) -> None:
        """Do something when the request has been answered."""
        self._ends.append(end)

    def leave(self) -> None:
        """Give back whatever is held."""
        self._let_go()
        for end in self._ends:
            end()

    async def receive(self) -> Message:
        """Return the next part of the body: no more and no later than may be."""
        if self._is_whole:
            return await self._receive()
        if self._deadline is None:
            self._begin_body()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise RuleBroken(
                f"the body did not arrive within {self.seconds_max} seconds",
                code="body-too-slow",
            ) from None
        self.size += len(message.get("body", b""))
        if self.size > self.bytes_max:
            raise RuleBroken(
                f"the body has more than {self.bytes_max} bytes", code="body-too-large"
            )
        if not message.get("more_body", False):
            self._end_body()
        return message

    def _begin_body(self) -> None:
        self._deadline = asyncio.get_running_loop().time() + self.seconds_max
        if not self._length.isdigit() or int(self._length[:20]) > self.bytes_max:
            told = self._length.decode("latin-1")[:20]
            raise RuleBroken(
                f"the body has {told} bytes, at most {self.bytes_max}", code="body-too-large"
            )
        self._let_go()
        self._held.append(self._door.bodies.take(self.origin))

    def _end_body(self) -> None:
        self._is_whole = True
        self._let_go()
        self.begin_work()
        deadline.start_anew(ANSWER_SECONDS)
        if self.size:
            faults.point("http.received")

    def _let_go(self) -> None:
        while self._held:
            self._held.pop()()
