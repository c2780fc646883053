"""What every answer of a service has, whatever its route says.

- `HEAD` is answered wherever `GET` is: the route answers as to a `GET`, and the body is dropped.
- A `GET` whose `If-None-Match` names the entity tag of the answer gets 304 (RFC 9110, 13.1.2).
- Browsers take a body for nothing but what its media type says.
- What anybody may read, the pages of any origin may read (CORS), without credentials.
"""

from collections.abc import Iterator

from fastapi import FastAPI, Request, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http import problems
from shared.http.preconditions import is_unchanged

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PREFLIGHT_SECONDS = 3600
"""How long a browser may remember what it may ask."""

_OPEN = "saman.open"
_NOT_IN_304 = ("content-length", "content-type", "content-encoding", "content-language")
_READABLE = "Content-Language, ETag, Link, Retry-After"
_SENDABLE = "Accept, Accept-Language, If-None-Match"


def open_to_all_origins(scope: Scope) -> None:
    """Let pages of any origin read the answer: it is the same for everybody."""
    scope[_OPEN] = True


class Answers:
    """The middleware that completes answers; comes outermost."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        try:
            await self.app(asked, receive, _Reply(asked, send, has_body=asked is scope))
        finally:  # whoever counts requests by their routes looks for them there
            scope.update(asked, method=scope["method"])
        return None


class _Reply:
    """Sends one answer on, completed.

    Args:
        scope: of the request, as the app knows it.
        has_body: a body is wanted at all.
    """

    def __init__(self, scope: Scope, send: Send, *, has_body: bool) -> None:
        self._scope = scope
        self._send = send
        self._has_body = has_body

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._complete(message)
        elif message["type"] == "http.response.body" and not self._has_body:
            if message.get("more_body", False):
                return
            message = {"type": "http.response.body", "body": b""}
        await self._send(message)

    def _complete(self, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        headers["X-Content-Type-Options"] = "nosniff"
        if self._scope.get(_OPEN):
            headers["Access-Control-Allow-Origin"] = "*"
            headers["Access-Control-Expose-Headers"] = _READABLE
        wanted = ", ".join(Headers(scope=self._scope).getlist("if-none-match"))
        if (
            self._scope["method"] == "GET"
            and message["status"] == 200
            and is_unchanged(headers.get("etag"), wanted)
        ):
            message["status"] = 304
            self._has_body = False
            for name in _NOT_IN_304:
                del headers[name]


def refuse_method(request: Request, headers: dict[str, str]) -> Response:
    """Answer a method that an address does not have: to `OPTIONS` with what may be asked, to any
    other with 405. Either names all methods of the address.
    """
    methods = list(_methods_of(request))
    headers = {**headers, "Allow": ", ".join(methods)}
    if request.method != "OPTIONS":
        document = problems.problem(
            "method-not-allowed", 405, "the address does not have this method"
        )
        return problems.ProblemResponse(document.model_dump(), 405, headers)
    wanted = request.headers.get("access-control-request-method")
    if "GET" in methods and wanted in ("GET", "HEAD"):
        # Nothing here lets a key through, so what needs one stays closed to other origins.
        headers |= {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "GET, HEAD",
            "Access-Control-Allow-Headers": _SENDABLE,
            "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        }
    return Response(status_code=204, headers=headers)


def _methods_of(request: Request) -> Iterator[str]:
    app: FastAPI = request.app
    for method in METHODS:
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in app.router.routes):
            yield from ("GET", "HEAD") if method == "GET" else (method,)
    yield "OPTIONS"
