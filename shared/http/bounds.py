"""What one request may cost: how large and how slow its body is, how long it is worked on, and how
many requests run at once.

This is one of the two doors that catch every error; the other is `shared/delivery`.
"""

import asyncio
import uuid
from collections.abc import Callable
from urllib.parse import quote

import structlog
from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import faults
from shared.audit import log as audit
from shared.errors import AppError, RuleBroken, Unavailable
from shared.http import problems
from shared.postgres import deadline

LOG = structlog.get_logger()

BODY_BYTES_MAX = 256 * 1024
"""For routes that do not declare a bound of their own (`routes.BodyUpTo`)."""

BODY_SECONDS = 30
"""A body that arrives more slowly is an attack or a broken line; the connection is not held for
it.
"""

ANSWER_SECONDS = 10
"""How long a request may wait for the database and others, counted from the last byte of its body.
Its answer, a 503 then, is out within 12 seconds.
"""

CONCURRENT_MAX = 200

_ENDS = "saman.ends"
_BODY = "saman.body"


def at_the_end(request: Request, end: Callable[[], None]) -> None:
    """Call something when the request has been answered, whatever the answer is."""
    request.scope[_ENDS].append(end)


def allow_body(request: Request, bytes_max: int) -> None:
    """Let this request's body have so many bytes; to be called before it is read."""
    body: _Body = request.scope[_BODY]
    body.bytes_max = bytes_max


class Bounds:
    """ASGI middleware that holds every request to its bounds, and answers what nobody foresaw with
    a problem document.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        address = scope.get("client")
        audit.act_as(
            audit.Actor("nobody", f"http from {address[0] if address else 'here'}", uuid.uuid4())
        )
        if self._running >= CONCURRENT_MAX:
            busy = Unavailable(
                f"more than {CONCURRENT_MAX} requests run at once", retry_after_seconds=1
            )
            return await problems.respond(busy)(scope, receive, send)
        self._running += 1
        ends: list[Callable[[], None]] = []
        scope[_ENDS] = ends
        try:
            await self._serve(scope, receive, send)
        finally:
            self._running -= 1
            for end in ends:
                end()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        try:
            if headers.get(b"content-encoding", b"identity").lower() != b"identity":
                raise RuleBroken(
                    "compressed bodies are not taken; send it plain", code="content-encoding"
                )
            if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
                raise RuleBroken(
                    "the address holds U+0000, which cannot be stored", code="text-unstorable"
                )
        except AppError as error:
            await problems.respond(error)(scope, receive, send)
        else:
            body = scope[_BODY] = _Body(receive, length=headers.get(b"content-length", b"0"))
            await self._answer(scope, body, send)

    async def _answer(self, scope: Scope, body: "_Body", send: Send) -> None:
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            if body.size:
                faults.point("http.answering")
            await send(message)

        try:
            with deadline.within(ANSWER_SECONDS):
                await self.app(scope, body, watch)
        except ClientDisconnect:
            LOG.info("client is gone", method=scope["method"], path=quote(scope["path"])[:200])
        except Exception:
            LOG.exception("request failed", method=scope["method"], path=quote(scope["path"])[:200])
            if started:
                raise
            internal = problems.problem(
                "internal", 500, "something is wrong on our side; it is logged"
            )
            await problems.ProblemResponse(internal.model_dump(), 500)(scope, body, watch)


class _Body:
    """The body as the app receives it: no larger and no slower than it may be.

    Nothing is taken from the connection before the app asks for it, so a client that may not come
    in is refused with its body unread.
    """

    def __init__(self, receive: Receive, *, length: bytes) -> None:
        self.size = 0
        self.bytes_max = BODY_BYTES_MAX
        self._receive = receive
        self._length = length
        self._deadline: float | None = None
        self._is_whole = False

    async def __call__(self) -> Message:
        if self._is_whole:
            return await self._receive()
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + BODY_SECONDS
            if not self._length.isdigit() or int(self._length[:20]) > self.bytes_max:
                told = self._length.decode("latin-1")[:20]
                raise RuleBroken(
                    f"the body has {told} bytes, at most {self.bytes_max}", code="body-too-large"
                )
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise RuleBroken(
                f"the body did not arrive within {BODY_SECONDS} seconds", code="body-too-slow"
            ) from None
        self.size += len(message.get("body", b""))
        if self.size > self.bytes_max:
            raise RuleBroken(
                f"the body has more than {self.bytes_max} bytes", code="body-too-large"
            )
        self._is_whole = not message.get("more_body", False)
        if self._is_whole:
            deadline.start_anew(ANSWER_SECONDS)
            if self.size:
                faults.point("http.received")
        return message
