"""Routes that ask first who comes and whether they may, and only then read what was sent.

FastAPI reads and judges a body before it runs a route's dependencies, so a stranger would learn of
faults in a body that is none of their business, and could make us hold it. Here a route says what
it is for with `Needs`, and that is decided before the first byte of the body is taken.
"""

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine
from email.message import Message
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from shared import strict_json
from shared.access.auth import Principal, require
from shared.access.roles import Action
from shared.errors import RuleBroken
from shared.http.answers import open_to_all_origins
from shared.http.bounds import BODY_SECONDS, allow_body, visit_of
from shared.identity_numbers import refuse_identity_numbers

JSON = "application/json"
_PRINCIPAL = "saman.principal"


class Needs:
    """A route's dependency that lets in whom an action is for, and tells who it is.

    It decides without an object; where there is one, the route asks `require` again once it knows
    which.

    Args:
        identify: tells who asks.
        action: what the route is for.
    """

    def __init__(self, identify: Callable[[Request], Awaitable[Principal]], action: Action) -> None:
        self._identify = identify
        self._action = action

    async def __call__(self, request: Request) -> Principal:
        principal: Principal | None = request.scope.get(_PRINCIPAL)
        if principal is None:
            principal = request.scope[_PRINCIPAL] = await self._identify(request)
        require(principal, self._action)
        return principal


class BodyUpTo:
    """A route's dependency that sets how large its body may be, in place of the bound for all.

    Args:
        bytes_max: of the body.
        seconds_max: how long it may be on its way.
    """

    def __init__(self, bytes_max: int, *, seconds_max: float = BODY_SECONDS) -> None:
        self._bytes_max = bytes_max
        self._seconds_max = seconds_max

    async def __call__(self, request: Request) -> None:
        allow_body(request, self._bytes_max, self._seconds_max)


class StrictRoute(APIRoute):
    """A route for machines, behind what it needs.

    A body of JSON is read so that numbers stay exact and nothing is hidden: no float, no NaN, no
    key that stands twice. A query's parameter stands once too, for whoever gives two values means
    something that only one of them would get. A person's number is refused in all of them. Routes
    that take raw bytes, as those of figures do, read them strictly themselves; their document names
    the media types that they take.

    An answer without an entity tag gets one of its content. What needs nobody may be read by pages
    of any origin.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's handler, to be reached only by those whom it is for."""
        handle = super().get_route_handler()
        called = [each.call for each in self.dependant.dependencies]
        first = [each for each in called if isinstance(each, Needs | BodyUpTo)]
        is_open = not any(isinstance(each, Needs) for each in called)
        media_types = self._media_types()

        async def answer(request: Request) -> Response:
            if is_open:
                visit_of(request.scope).count_open()
                if request.method == "GET":
                    open_to_all_origins(request.scope)
            for decide in first:
                await decide(request)
            _refuse_repeated(request)
            refuse_identity_numbers(dict(request.path_params))
            refuse_identity_numbers(dict(request.query_params))
            if media_types:
                _refuse_foreign(request, media_types)
            body = await request.body()
            if body and self.body_field is not None and JSON in media_types:
                content = strict_json.loads(body)
                refuse_identity_numbers(content)
                request._json = content  # where Starlette keeps a body that was parsed already
            response = await handle(request)
            if request.method == "GET":
                _tag(response)
            return response

        return answer

    def _media_types(self) -> Collection[str]:
        """Return the media types of the bodies that the route takes; none when it takes no body."""
        described = (self.openapi_extra or {}).get("requestBody", {}).get("content", {})
        return described or ({JSON} if self.body_field is not None else set())


def _refuse_foreign(request: Request, media_types: Collection[str]) -> None:
    """Refuse a body of a media type that the route does not take; one without a name is looked at.

    `application/…+json` is JSON as well. JSON is UTF-8 (RFC 8259), whatever a charset says.
    """
    named = request.headers.get("content-type")
    if not named:
        return
    head = Message()
    head["content-type"] = named
    is_json = head.get_content_maintype() == "application" and (
        head.get_content_subtype() == "json" or head.get_content_subtype().endswith("+json")
    )
    media_type = JSON if is_json else named.partition(";")[0].strip().lower()
    charset = str(head.get_content_charset("utf-8"))
    if media_type not in media_types or (is_json and charset not in ("utf-8", "us-ascii")):
        raise RuleBroken(
            f"the Content-Type is {named[:100]!r}; send {' or '.join(sorted(media_types))} in"
            " UTF-8",
            code="media-type",
        )


def _tag(response: Response) -> None:
    """Give an answer that has no entity tag one of its content, if all of it is there already."""
    content = getattr(response, "body", None)
    if response.status_code == 200 and "etag" not in response.headers and content:
        response.headers["ETag"] = f'"{hashlib.sha256(content).hexdigest()[:16]}"'


def _refuse_repeated(request: Request) -> None:
    times = Counter(name for name, _ in request.query_params.multi_items())
    if repeated := sorted(name for name, count in times.items() if count > 1):
        raise RuleBroken(
            f"each parameter may stand once in the address, got {', '.join(map(repr, repeated))}"
            " several times",
            code="parameter-repeated",
        )
