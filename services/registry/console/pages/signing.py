"""Signing in: an operator gives the key once, in a form, and the browser gets a session for it."""

import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.registry.console.pages.sessions import Session, Sessions
from shared.access.auth import require
from shared.access.roles import Action
from shared.errors import NotAllowed, NotAuthenticated, RuleBroken
from shared.service.runtime import Service
from shared.web.pages import Pages

COOKIE = "saman-operator"
PAGES = "/registry"
"""The cookie goes to these pages only: neither to the machine interfaces nor to other services."""

SIGN_IN = f"{PAGES}/sign-in"
DEAD_LETTERS = f"{PAGES}/dead-letters"
FIELDS_MAX = 20
_OWN_PAGE = re.compile(rf"{DEAD_LETTERS}(?:[/?][\x21-\x7e]*)?")


class Desk:
    """Serves pages to operators who have signed in, and the sign-in to all others."""

    def __init__(self, service: Service, pages: Pages) -> None:
        self._service = service
        self._pages = pages
        self._sessions = Sessions()

    async def serve(
        self, request: Request, work: Callable[[Session], Awaitable[Response]]
    ) -> Response:
        """Do the work in the name of the request's session; without one, lead to the sign-in.

        Raises:
            AppError: as the work does, except for a key that a service does not know: then the
                session ends.
        """
        token = request.cookies.get(COOKIE)
        session = self._sessions.find(token)
        if session is None:
            return _to_sign_in(request)
        try:
            response = await work(session)
        except NotAuthenticated:
            self._sessions.end(token)
            return _to_sign_in(request)
        response.headers["Cache-Control"] = "no-store"
        return response

    async def form_of(self, request: Request, session: Session) -> dict[str, str]:
        """Return the fields of a form of this session.

        Raises:
            NotAllowed: `form-foreign`; the form was not made by a page of this session.
        """
        fields = await _fields(request)
        if not session.sent(fields.pop("form_token", None)):
            raise NotAllowed("the form is not one of this session's", code="form-foreign")
        return fields

    def add_routes(self, router: APIRouter) -> None:
        """Add the pages for signing in and out."""

        @router.get(SIGN_IN)
        async def sign_in(request: Request, to: str = DEAD_LETTERS) -> Response:
            return self._form(request, to, refused=False, status=200)

        @router.post(SIGN_IN)
        async def signed_in(request: Request) -> Response:
            fields = await _fields(request)
            to = fields.get("to", DEAD_LETTERS)
            key = fields.get("key", "").strip()
            try:
                require(
                    await self._service.access.identify(request, f"Bearer {key}"), Action.OPERATE
                )
            except (NotAuthenticated, NotAllowed):
                return self._form(request, to, refused=True, status=403)
            self._sessions.end(request.cookies.get(COOKIE))
            response = RedirectResponse(_own_page(to), 303)
            secure = request.url.scheme == "https"
            token = self._sessions.begin(key)
            response.set_cookie(
                COOKIE, token, path=PAGES, httponly=True, samesite="strict", secure=secure
            )
            return response

        @router.post(f"{PAGES}/sign-out")
        async def sign_out(request: Request) -> Response:
            async def work(session: Session) -> Response:
                await self.form_of(request, session)
                self._sessions.end(request.cookies.get(COOKIE))
                response = RedirectResponse("/status", 303)
                response.delete_cookie(COOKIE, path=PAGES, httponly=True, samesite="strict")
                return response

            return await self.serve(request, work)

    def _form(self, request: Request, to: str, *, refused: bool, status: int) -> Response:
        view = {"to": _own_page(to), "refused": refused, "address": SIGN_IN}
        response = self._pages.answer(request, "sign_in.html", view, status=status)
        response.headers["Cache-Control"] = "no-store"
        return response


async def _fields(request: Request) -> dict[str, str]:
    """Read a form (application/x-www-form-urlencoded).

    Raises:
        RuleBroken: `form-malformed`, or the body is too large or too slow.
    """
    body = await request.body()
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX
        )
    except ValueError:
        raise RuleBroken("the form cannot be read", code="form-malformed") from None
    return dict(pairs)


def address_with(path: str, params: Mapping[str, str]) -> str:
    """Return an address with a query; parameters that are empty are left out."""
    given = {name: value for name, value in params.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def _to_sign_in(request: Request) -> Response:
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    to = asked if request.method == "GET" else DEAD_LETTERS
    response = RedirectResponse(address_with(SIGN_IN, {"to": _own_page(to)}), 303)
    response.headers["Cache-Control"] = "no-store"
    return response


def _own_page(to: str) -> str:
    """Return where to go on, if that is one of the pages behind the sign-in: nobody is sent
    elsewhere from here.
    """
    return to if _OWN_PAGE.fullmatch(to) else DEAD_LETTERS
