"""Renders a service's pages: the shared layout, the reader's language, and headers that let nothing
foreign in.

A page is complete without JavaScript. Scripts come from files only, styles too, so the content
security policy needs no exception, and whatever a municipality manages to smuggle into a text stays
text.
"""

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from shared.errors import NotAllowed, NotAuthenticated, NotFound, RuleBroken, Unavailable
from shared.http.bounds import visit_of
from shared.http.problems import problem_of
from shared.web import languages, wording
from shared.web.assets import SHARED_FILES, Assets
from shared.web.copies import Copied, Copies, PageCopy, page_key
from shared.web.languages import Language, Texts

SIGN_IN = "/registry/sign-in"
"""Where people come in: the one page that all services know of another."""

_SHARED = Path(__file__).parent
_CHOSEN_LANGUAGE = "language"
_A_YEAR_SECONDS = 365 * 24 * 3600
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        # Designsystemet draws its icons from data addresses in its style sheet.
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
    "Vary": "Accept-Language, Cookie",
}


class Pages:
    """The templates, texts and assets of one service's pages.

    Args:
        service: its name; its pages and assets live under `/<service>/`.
        folder: the service's folder; templates lie in `templates/`, its own and its subjects',
            under names that differ, beside `static/` and `translations/` where there are any.
    """

    def __init__(self, service: str, folder: Path) -> None:
        self._service = service
        self._assets = Assets(f"/{service}/static", [SHARED_FILES, folder / "static"])
        self._texts = languages.load([folder / "translations", _SHARED / "translations"])
        loader = ChoiceLoader(
            [
                FileSystemLoader([folder / "templates", *sorted(folder.glob("*/templates"))]),
                FileSystemLoader(_SHARED / "templates"),
            ]
        )
        self._environments = {
            language: self._environment(texts, loader) for language, texts in self._texts.items()
        }

    def add_missing(self, router: APIRouter) -> None:
        """Answer every other address of the service with a page that says that there is nothing;
        comes last.
        """

        @router.get(f"/{self._service}/{{rest:path}}")
        async def missing(rest: str) -> Response:
            raise NotFound(f"there is no page {rest[:80]!r}")

    def mount_assets(self, app: FastAPI) -> None:
        """Let the application serve the assets."""
        app.mount(self._assets.prefix, self._assets, name="assets")

    @property
    def all_texts(self) -> Mapping[Language, Texts]:
        """The texts in every language, for what is written to others than the reader."""
        return self._texts

    def texts(self, request: Request) -> Texts:
        """Return the reader's language: asked for by `?lang=`, now or earlier, or else by the
        browser's settings.
        """
        for choice in (request.query_params.get("lang"), request.cookies.get(_CHOSEN_LANGUAGE)):
            if choice in {language.value for language in Language}:
                return self._texts[Language(choice)]
        wishes = ",".join(request.headers.getlist("accept-language"))
        return self._texts[languages.preferred(wishes)]

    def answer(
        self, request: Request, template: str, view: Mapping[str, Any], *, status: int = 200
    ) -> Response:
        """Render a template of the service with the view's values.

        Args:
            template: file name in the service's or the shared `templates/`.
            view: what the template may name, besides `texts`, `asset`, `here` and `languages`.
            status: the HTTP status.
        """
        texts = self.texts(request)
        page = self._environments[texts.language].get_template(template)
        content = page.render(
            view, here=request.url.path, languages=_choices(request, texts.language)
        )
        response = HTMLResponse(
            content, status, {**_HEADERS, "Content-Language": texts.language.value}
        )
        if request.query_params.get("lang") == texts.language.value:
            response.set_cookie(
                _CHOSEN_LANGUAGE,
                texts.language.value,
                max_age=_A_YEAR_SECONDS,
                samesite="lax",
                httponly=True,
            )
        return response

    def _environment(self, texts: Texts, loader: ChoiceLoader) -> Environment:
        environment = Environment(
            autoescape=True,
            extensions=["jinja2.ext.i18n"],
            loader=loader,
            undefined=StrictUndefined,
        )
        environment.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
            texts.gettext, texts.ngettext, newstyle=True
        )
        environment.globals.update(texts=texts, asset=self._assets.url)
        for name in (
            "number",
            "percent",
            "change",
            "day",
            "moment",
            "period",
            "month_name",
            "month_and_year",
            "named",
        ):
            environment.filters[name] = getattr(texts, name)
        environment.filters |= {
            "meaning": partial(wording.definition, texts=texts),
            "named_in": partial(wording.named_in, texts=texts),
            "window_name": partial(wording.window_name, texts=texts),
            "period_name": partial(wording.period_name, texts=texts),
        }
        return environment


class PageRoute(APIRoute):
    """A route for people: an error behind it becomes a page in their language, not a problem
    document.
    """

    pages: Pages

    @classmethod
    def of(cls, pages: Pages) -> type["PageRoute"]:
        """Return the class of route that answers errors with these pages."""
        return type("PageRoute", (cls,), {"pages": pages})

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route's handler with the errors caught that a reader can meet."""
        handle = super().get_route_handler()
        if any(isinstance(each.call, Copied) for each in self.dependant.dependencies):
            handle = _from_copies(handle)

        async def answer(request: Request) -> Response:
            try:
                visit_of(request.scope).count_open()
                return await handle(request)
            except NotFound:
                return self.pages.answer(request, "problem.html", {"kind": "missing"}, status=404)
            except (RuleBroken, RequestValidationError):
                return self.pages.answer(
                    request, "problem.html", {"kind": "unreadable"}, status=422
                )
            except NotAuthenticated:
                return _to_sign_in(request)
            except NotAllowed as error:
                kind = "forbidden" if error.code == "form-foreign" else "not-yours"
                return self.pages.answer(request, "problem.html", {"kind": kind}, status=403)
            except Unavailable as error:
                status = problem_of(error).status
                response = self.pages.answer(
                    request, "problem.html", {"kind": "unavailable"}, status=status
                )
                response.headers["Retry-After"] = str(error.retry_after_seconds)
                return response

        return answer


Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def _from_copies(handle: Handler) -> Handler:
    """Return the handler so that it is asked once a second for the same page."""
    copies: Copies[PageCopy] = Copies()

    async def answer(request: Request) -> Response:
        async def make() -> PageCopy:
            return PageCopy.of(await handle(request))

        return (await copies.get(page_key(request), make)).response()

    return answer


def _to_sign_in(request: Request) -> Response:
    """Lead to the sign-in, and from there back to where the reader wanted to go."""
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    query = f"?{urlencode({'to': asked})}" if request.method == "GET" else ""
    return RedirectResponse(SIGN_IN + query, 303, headers={"Cache-Control": "no-store"})


def _choices(request: Request, current: Language) -> list[dict[str, Any]]:
    """Return the same page in each language, for the switch in the header."""
    return [
        {
            "code": language.value,
            "name": language.own_name,
            "address": (
                f"{request.url.path}?{request.url.include_query_params(lang=language.value).query}"
            ),
            "is_current": language is current,
        }
        for language in Language
    ]
