"""Routes that ask first who comes and whether they may, and only then read what was sent.

FastAPI reads and judges a body before it runs a route's dependencies, so a stranger would learn of
faults in a body that is none of their business, and could make us hold it. Here a route says what
it is for with `Needs`, and that is decided before the first byte of the body is taken.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from shared import strict_json
from shared.access.auth import Principal, require
from shared.access.roles import Action
from shared.errors import RuleBroken
from shared.http.bounds import allow_body

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
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max

    async def __call__(self, request: Request) -> None:
        allow_body(request, self._bytes_max)


class StrictRoute(APIRoute):
    """A route for machines, behind what it needs.

    A body of JSON is read so that numbers stay exact and nothing is hidden: no float, no NaN, no
    key that stands twice. A query's parameter stands once too, for whoever gives two values means
    something that only one of them would get. Routes that take raw bytes, as those of figures do,
    read them strictly themselves.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's handler, to be reached only by those whom it is for."""
        handle = super().get_route_handler()
        first = [
            each.call
            for each in self.dependant.dependencies
            if isinstance(each.call, Needs | BodyUpTo)
        ]

        async def answer(request: Request) -> Response:
            for decide in first:
                await decide(request)
            _refuse_repeated(request)
            body = await request.body()
            if (
                body
                and self.body_field is not None
                and "json" in request.headers.get("content-type", "json").lower()
            ):
                request._json = strict_json.loads(
                    body
                )  # where Starlette keeps a body that was parsed already
            return await handle(request)

        return answer


def _refuse_repeated(request: Request) -> None:
    times = Counter(name for name, _ in request.query_params.multi_items())
    if repeated := sorted(name for name, count in times.items() if count > 1):
        raise RuleBroken(
            f"each parameter may stand once in the address, got {', '.join(map(repr, repeated))}"
            " several times",
            code="parameter-repeated",
        )
