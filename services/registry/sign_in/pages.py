"""The pages to come in: one form for people, one for the operator; and the way out."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse

from services.registry.people.mail import LINK_PAGE, SIGN_IN_PAGE, Mailer
from services.registry.people.pages import MY_ACCESS
from services.registry.people.rules import Person
from services.registry.sign_in import commands
from services.registry.sign_in.provider import PENDING_LASTS, Pending, Provider
from services.registry.sign_in.rules import LINK_LASTS, make_browser
from shared.access import sessions
from shared.access.auth import hash_of, require
from shared.access.roles import Action
from shared.errors import NotAllowed, NotAuthenticated, RuleBroken, Unavailable
from shared.http.limits import Rate
from shared.http.session_cookie import forget, is_secure, set_cookie
from shared.service.runtime import Service
from shared.web.forms import read_form, read_own_form
from shared.web.pages import Pages

LOG = structlog.get_logger()
BROWSER = "saman-browser"
"""Marks the browser that asked for a link; it is good in no other."""

BROWSER_SECONDS = 3_600
PROVIDER_PAGE = f"{SIGN_IN_PAGE}/provider"
CALLBACK_PAGE = f"{PROVIDER_PAGE}/callback"
PENDING = "saman-provider"
"""Holds what waits for the provider's answer, in the browser that asked."""

OPERATORS_PAGE = "/registry/dead-letters"
ASKS_PER_MINUTE = 10
"""Of one address of the network; more are told to wait."""

_OWN_PAGE = re.compile(r"/[a-z][\x21-\x7e]*", re.ASCII)
Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$")]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages work with."""

    service: Service
    pages: Pages
    mailer: Mailer
    asks: Rate
    provider_name: str | None

    def form(
        self, request: Request, to: str, *, state: str = "ask", status: int = 200, name: str = ""
    ) -> Response:
        """Answer with the sign-in; `state` is what happened before, as the template names it."""
        view = {
            "to": own_page(to),
            "state": state,
            "can_sign_in": self._can_sign_in,
            "provider": self.provider_name,
            "name": name,
        }
        response = self.pages.answer(request, "sign_in.html", view, status=status)
        response.headers["Cache-Control"] = "no-store"
        return response

    @property
    def _can_sign_in(self) -> bool:
        return self.service.access.session_keys.are_there

    def begin(self, request: Request, to: str, person: Person) -> Response:
        """Begin a person's session and lead on."""
        session = sessions.begin(f"person/{person.person_id}", now=datetime.now(UTC))
        return self._begun(request, to, session)

    def begin_operator(self, request: Request, to: str, key: str) -> Response:
        """Begin an operator's session, which ends with the key, and lead on."""
        now = datetime.now(UTC)
        session = sessions.begin(sessions.OPERATOR, now=now, bound_to=hash_of(key))
        own = own_page(to)  # the operator is nobody in particular, and has no page of their own
        return self._begun(request, OPERATORS_PAGE if own == MY_ACCESS else own, session)

    def _begun(self, request: Request, to: str, session: sessions.Session) -> Response:
        response = RedirectResponse(own_page(to), 303)
        set_cookie(response, request, self.service.access.session_keys.write(session))
        response.headers["Cache-Control"] = "no-store"
        return response


def add_routes(
    router: APIRouter,
    service: Service,
    pages: Pages,
    mailer: Mailer,
    provider: Provider | None = None,
) -> None:
    """Add the pages for coming in and going out.

    Args:
        provider: by which people come in besides links in mails.
    """
    rate = Rate(per_minute=ASKS_PER_MINUTE, burst=ASKS_PER_MINUTE)
    name = None if provider is None else provider.settings.name
    desk = Desk(service, pages, mailer, rate, name)
    _add_asking(router, desk)
    _add_link(router, desk)
    _add_operator(router, desk)
    if provider is not None:
        _add_provider(router, desk, provider)

    @router.post("/registry/sign-out")
    async def sign_out(request: Request) -> Response:
        await read_own_form(request)
        response = RedirectResponse("/", 303)
        forget(response, request)
        return response


def _add_asking(router: APIRouter, desk: Desk) -> None:
    @router.get(SIGN_IN_PAGE)
    async def sign_in(request: Request, to: str = MY_ACCESS) -> Response:
        return desk.form(request, to)

    @router.post(f"{SIGN_IN_PAGE}/mail")
    async def ask(request: Request) -> Response:
        fields = await read_form(request)
        to = fields.get("to", MY_ACCESS)
        if not desk.service.access.session_keys.are_there:
            raise Unavailable("nobody can sign in here: SAMAN_SESSION_KEYS is not set")
        desk.asks.take(request.client.host if request.client else "")
        browser = request.cookies.get(BROWSER) or make_browser()
        try:
            async with desk.service.database.transaction() as conn:
                wanted = await commands.ask_link(
                    conn, fields.get("email", ""), browser=browser, now=datetime.now(UTC)
                )
        except RuleBroken:
            return desk.form(request, to, state="malformed", status=422)
        if wanted is not None:
            minutes = int(LINK_LASTS.total_seconds() // 60)
            desk.mailer.send_link(
                wanted.person, token=wanted.link.token, code=wanted.link.code, minutes=minutes
            )
        response = desk.form(request, to, state="asked")
        response.set_cookie(
            BROWSER,
            browser,
            max_age=BROWSER_SECONDS,
            path=SIGN_IN_PAGE,
            httponly=True,
            samesite="lax",
            secure=is_secure(request),
        )
        return response

    @router.post(f"{SIGN_IN_PAGE}/code")
    async def use_code(request: Request) -> Response:
        fields = await read_form(request)
        to = fields.get("to", MY_ACCESS)
        desk.asks.take(request.client.host if request.client else "")
        try:
            async with desk.service.database.transaction() as conn:
                person = await commands.use_code(
                    conn,
                    fields.get("code", ""),
                    browser=request.cookies.get(BROWSER, ""),
                    now=datetime.now(UTC),
                )
        except RuleBroken:
            return desk.form(request, to, state="over", status=403)
        if person is None:
            return desk.form(request, to, state="wrong-code", status=403)
        return desk.begin(request, to, person)


def _add_link(router: APIRouter, desk: Desk) -> None:
    @router.get(f"{LINK_PAGE}/{{token}}")
    async def show(request: Request, token: Token) -> Response:
        # Only the form uses the link up: programs that look at the links of a mail do not send it.
        response = desk.pages.answer(request, "sign_in_link.html", {"token": token})
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @router.post(f"{LINK_PAGE}/{{token}}")
    async def use(request: Request, token: Token) -> Response:
        try:
            async with desk.service.database.transaction() as conn:
                person = await commands.use_link(
                    conn, token, browser=request.cookies.get(BROWSER, ""), now=datetime.now(UTC)
                )
        except NotAllowed:
            return desk.form(request, MY_ACCESS, state="elsewhere", status=403)
        except RuleBroken:
            return desk.form(request, MY_ACCESS, state="over", status=403)
        return desk.begin(request, MY_ACCESS, person)


def _add_operator(router: APIRouter, desk: Desk) -> None:
    @router.post(SIGN_IN_PAGE)
    async def use_key(request: Request) -> Response:
        fields = await read_form(request)
        to, key = fields.get("to", MY_ACCESS), fields.get("key", "")
        try:
            require(await desk.service.access.identify(request, f"Bearer {key}"), Action.OPERATE)
        except (NotAuthenticated, NotAllowed):
            return desk.form(request, to, state="wrong-key", status=403)
        return desk.begin_operator(request, to, key)


def _add_provider(router: APIRouter, desk: Desk, provider: Provider) -> None:
    keys = desk.service.access.session_keys

    @router.get(PROVIDER_PAGE)
    async def leave(request: Request, to: str = MY_ACCESS) -> Response:
        desk.asks.take(request.client.host if request.client else "")
        if not keys.are_there:
            raise Unavailable("nobody can sign in here: SAMAN_SESSION_KEYS is not set")
        address, pending = await provider.begin(own_page(to), now=datetime.now(UTC))
        response = RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})
        response.set_cookie(
            PENDING,
            keys.seal(pending.claims()),
            max_age=int(PENDING_LASTS.total_seconds()),
            path=PROVIDER_PAGE,
            httponly=True,
            samesite="lax",
            secure=is_secure(request),
        )
        return response

    @router.get(CALLBACK_PAGE)
    async def come_back(request: Request, code: str = "", state: str = "") -> Response:
        pending = Pending.read(keys.unseal(request.cookies.get(PENDING)))
        try:
            who = await provider.finish(code, state, pending, now=datetime.now(UTC))
        except NotAuthenticated as refused:
            LOG.warning("an answer of the provider was refused", reason=refused.message)
            return desk.form(request, MY_ACCESS, state="provider-refused", status=403)
        async with desk.service.database.transaction() as conn:
            person = await commands.come_in_by_provider(conn, who.email)
        if person is None:
            named = who.name or who.email or who.subject
            return desk.form(request, MY_ACCESS, state="no-role", status=403, name=named)
        response = desk.begin(request, pending.to if pending else MY_ACCESS, person)
        response.delete_cookie(PENDING, path=PROVIDER_PAGE)
        return response


def own_page(to: str) -> str:
    """Return where to go on, if that is a page of ours: nobody is sent elsewhere from here."""
    return to if _OWN_PAGE.fullmatch(to) and "//" not in to and "\\" not in to else MY_ACCESS
