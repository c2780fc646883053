"""The session's cookie on requests and answers: read at the door, written anew while it is used."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from fastapi import Request, Response
from starlette.datastructures import MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.access.sessions import COOKIE, REFRESH_AFTER, Session, SessionKeys

_SESSION = "saman.session"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class SessionCookie:
    """Reads the session of each request, and writes a used one's cookie anew.

    Whether the session is still good is asked by who needs to know who comes.

    Args:
        app: what answers.
        keys: that cookies are written with.
        clock: true time; sessions do not go by the clock of tests.
    """

    def __init__(self, app: ASGIApp, *, keys: SessionKeys, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._keys = keys
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._keys.are_there:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        cookies = cookie_parser("; ".join(request.headers.getlist("cookie")))
        session = self._keys.read(cookies.get(COOKIE))
        scope[_SESSION] = session

        async def answer(message: Message) -> None:
            used = scope.get(_SESSION)
            if message["type"] == "http.response.start" and used is session and used is not None:
                self._refresh(request, used, MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, answer)

    def _refresh(self, request: Request, session: Session, headers: MutableHeaders) -> None:
        now = self._clock()
        if now - session.used_at < REFRESH_AFTER or COOKIE in headers.get("set-cookie", ""):
            return
        written = Response()
        set_cookie(written, request, self._keys.write(replace(session, used_at=now)))
        headers.append("set-cookie", written.headers["set-cookie"])


def session_of(request: Request) -> Session | None:
    """Return the session that a request came with, as its cookie says."""
    session: Session | None = request.scope.get(_SESSION)
    return session


def set_cookie(response: Response, request: Request, cookie: str) -> None:
    """Give a browser its session; it sends the cookie to all services of this origin.

    Over anything but loopback the cookie goes over TLS only.
    """
    response.set_cookie(
        COOKIE, cookie, path="/", httponly=True, samesite="lax", secure=is_secure(request)
    )


def forget(response: Response, request: Request) -> None:
    """Let a browser forget its session."""
    request.scope[_SESSION] = None
    response.delete_cookie(
        COOKIE, path="/", httponly=True, samesite="lax", secure=is_secure(request)
    )


def is_secure(request: Request) -> bool:
    """Tell whether cookies of an answer are for TLS only: everywhere but on loopback."""
    return request.url.scheme == "https" or request.url.hostname not in _LOOPBACK
