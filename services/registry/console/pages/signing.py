"""What the console's pages need of an operator's session, and addresses with a query."""

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import Request, Response

from shared.access.auth import require
from shared.access.roles import Action
from shared.access.sessions import COOKIE, Session
from shared.service.runtime import Service
from shared.web.forms import own_session

DEAD_LETTERS = "/registry/dead-letters"


async def operator_session(service: Service, request: Request) -> Session:
    """Return the session of an operator.

    Raises:
        NotAuthenticated: nobody signed in, or the session is over.
        NotAllowed: it is not the operator's.
    """
    session = own_session(request)
    require(await service.access.principal(request), Action.OPERATE)
    return session


def cookie_of(request: Request) -> dict[str, str]:
    """Return what another service is shown in the operator's name: the same session."""
    return {COOKIE: request.cookies.get(COOKIE, "")}


def private(response: Response) -> Response:
    """Let nothing between us and the operator keep an answer."""
    response.headers["Cache-Control"] = "no-store"
    return response


def address_with(path: str, params: Mapping[str, str]) -> str:
    """Return an address with a query; parameters that are empty are left out."""
    given = {name: value for name, value in params.items() if value}
    return f"{path}?{urlencode(given)}" if given else path
