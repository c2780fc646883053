"""Asking the other services, which only pages do: for their state, and in an operator's name for
their dead letters.
"""

from typing import Any

import httpx2
from fastapi import Request

from shared.errors import (
    AppError,
    Conflict,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    RuleBroken,
    Unavailable,
)
from shared.service.clients import new_client

SERVICES = ("registry", "reporting", "metrics", "notifications")
ANSWER_SECONDS = 1.0
"""A healthy service answers in milliseconds; whoever looks at a page should not wait for the
others.
"""

WORK_SECONDS = 40.0
"""A replay of many takes up to 20 s, and one letter may wait for a database that comes back."""

_KINDS: dict[int, type[AppError]] = {
    401: NotAuthenticated,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
}


class Services:
    """Where the services answer.

    Args:
        status_address: of a service's state, `{service}` standing for its name; empty where one
            process serves all.
    """

    def __init__(self, status_address: str) -> None:
        self._status_address = status_address

    def status_of(self, name: str, request: Request) -> str:
        """Return where a service answers for its state."""
        return (self._status_address or _own_address(request)).replace("{service}", name)

    async def call(
        self,
        request: Request,
        name: str,
        method: str,
        path: str,
        *,
        cookies: dict[str, str],
        **options: Any,
    ) -> dict[str, Any]:
        """Call a route of a service's dead letters in an operator's session and return its JSON.

        The service decides by itself whether the session may do this.

        Args:
            path: behind the service's `…/dead-letters`.
            options: of httpx, such as `json` or `params`.

        Raises:
            NotAuthenticated, NotAllowed, NotFound, Conflict, RuleBroken: as the service answered.
            Unavailable: it does not answer now, or in a way that nobody can use.
        """
        address = f"{self.status_of(name, request).rpartition('/')[0]}/dead-letters{path}"
        async with new_client(timeout=WORK_SECONDS, cookies=cookies) as client:
            try:
                answer = await client.request(method, address, **options)
                content: dict[str, Any] = answer.json()
            except (httpx2.HTTPError, ValueError) as error:
                raise Unavailable(f"{name} does not answer now ({type(error).__name__})") from None
        if answer.status_code >= 400:
            raise _error_of(name, answer.status_code, content)
        return content


def _error_of(name: str, status: int, problem: dict[str, Any]) -> AppError:
    sentence, code = str(problem.get("detail")), str(problem.get("code"))
    if status >= 500 or status == 429:
        return Unavailable(f"{name}: {sentence}")
    return _KINDS.get(status, RuleBroken)(sentence, code=code)


def _own_address(request: Request) -> str:
    """Return the status addresses at the server that this request came to.

    Its own socket is asked and never the `Host` header, which is the reader's word: nobody may send
    us elsewhere.
    """
    host, port = request.scope["server"]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/api/{{service}}/v1/status"
