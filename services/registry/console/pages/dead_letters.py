"""Dead letters in a browser: find them, look at one, replay or discard.

Each question goes to the service that keeps the letters, with the operator's key; the service
decides, acts and audits. What a stranger sent is shown as text or in hexadecimal, never as markup,
and to nobody but the operator.
"""

from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field, ValidationError

from services.registry.console.pages.asking import Services
from services.registry.console.pages.signing import (
    DEAD_LETTERS,
    address_with,
    cookie_of,
    operator_session,
    private,
)
from shared.access.sessions import Session
from shared.errors import Conflict, RuleBroken
from shared.printable import printable, readable
from shared.service.runtime import Service
from shared.web.forms import read_own_form
from shared.web.notices import leave_notice, notice_of, take_notice
from shared.web.pages import Pages

SHOWN_BYTES_MAX = 16 * 1024
"""So much of a record's value stands on a page; the command line shows all of it."""

ROWS = 50
Name = Literal["registry", "reporting", "metrics", "notifications"]
LetterId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_AGES: dict[str, tuple[str, timedelta]] = {
    "hour": ("created_after", timedelta(hours=1)),
    "day": ("created_after", timedelta(days=1)),
    "before-day": ("created_before", timedelta(days=1)),
    "before-week": ("created_before", timedelta(days=7)),
}


class Filters(BaseModel):
    """Which letters are meant, as the page's form has it; empty does not narrow.

    Attributes:
        age: `hour` and `day`: not older; `before-day` and `before-week`: at least so old.
        cursor: where the list, or a replay of many, goes on.
    """

    service: Name = "reporting"
    state: Literal["waiting", "replayed", "discarded", "all"] = "waiting"
    topic: str = Field(default="", max_length=250)
    consumer: str = Field(default="", max_length=250)
    code: str = Field(default="", max_length=200)
    key: str = Field(default="", max_length=500)
    age: Literal["", "hour", "day", "before-day", "before-week"] = ""
    cursor: str = Field(default="", max_length=500)

    def params(self, now: datetime) -> dict[str, str]:
        """Return what is asked of the service."""
        given = {
            name: str(getattr(self, name))
            for name in ("topic", "consumer", "code", "key", "cursor")
        }
        if self.age:
            name, ago = _AGES[self.age]
            given[name] = (now - ago).isoformat()
        return {name: value for name, value in given.items() if value}

    def address(self, **changes: str) -> str:
        """Return the address of the list with these filters, from its beginning."""
        return address_with(DEAD_LETTERS, self.model_dump() | {"cursor": ""} | changes)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with."""

    service: Service
    pages: Pages
    services: Services

    async def call(
        self, request: Request, name: str, method: str, path: str, **options: Any
    ) -> dict[str, Any]:
        """Ask a service in the name of the operator who looks at the page."""
        return await self.services.call(
            request, name, method, path, cookies=cookie_of(request), **options
        )

    def show(
        self, request: Request, session: Session, template: str, view: dict[str, Any]
    ) -> Response:
        """Answer with a page that tells of the last action, once."""
        view |= {"notice": notice_of(request), "form_token": session.form_token}
        response = private(self.pages.answer(request, template, view))
        take_notice(response, request)
        return response


def add_routes(router: APIRouter, service: Service, pages: Pages, services: Services) -> None:
    """Add the pages of dead letters."""
    desk = Desk(service, pages, services)
    _add_list(router, desk)
    _add_letter(router, desk)


def _add_list(router: APIRouter, desk: Desk) -> None:
    @router.get(DEAD_LETTERS)
    async def list_letters(request: Request, filters: Annotated[Filters, Query()]) -> Response:
        session = await operator_session(desk.service, request)
        params = {
            **filters.params(desk.service.clock.now()),
            "state": filters.state,
            "limit": str(ROWS),
        }
        found = await desk.call(request, filters.service, "GET", "", params=params)
        view = {
            "letters": [letter_view(letter) for letter in found["items"]],
            "following": filters.address(cursor=found["next"]) if found["next"] else None,
            "filters": filters,
        }
        return desk.show(request, session, "dead_letters.html", view)

    @router.post(f"{DEAD_LETTERS}/replay")
    async def replay_all(request: Request) -> Response:
        await operator_session(desk.service, request)
        filters = _filters(await read_own_form(request))
        params = filters.params(desk.service.clock.now())
        done = await desk.call(request, filters.service, "POST", "/replay", json=params)
        told = {
            "kind": "replayed",
            "replayed": len(done["replayed"]),
            "failed": len(done["failed"]),
            "next": done["next"],
        }
        response = private(RedirectResponse(filters.address(), 303))
        leave_notice(response, request, told)
        return response


def _add_letter(router: APIRouter, desk: Desk) -> None:
    async def act(request: Request, name: Name, letter_id: int, action: str) -> Response:
        await operator_session(desk.service, request)
        fields = await read_own_form(request)
        body = {"reason": fields.get("reason", "")} if action == "discard" else None
        try:
            await desk.call(request, name, "POST", f"/{letter_id}/{action}", json=body)
            told = {"kind": action}
        except (Conflict, RuleBroken) as broken:
            told = {"kind": "refused", "sentence": printable(broken.message)}
        response = private(RedirectResponse(f"{DEAD_LETTERS}/{name}/{letter_id}", 303))
        leave_notice(response, request, told)
        return response

    @router.get(f"{DEAD_LETTERS}/{{name}}/{{letter_id}}")
    async def show(request: Request, name: Name, letter_id: LetterId) -> Response:
        session = await operator_session(desk.service, request)
        letter = await desk.call(request, name, "GET", f"/{letter_id}")
        view = {
            "service": name,
            "letter": letter_view(letter),
            "record": record_view(letter["record"]),
        }
        return desk.show(request, session, "dead_letter.html", view)

    @router.post(f"{DEAD_LETTERS}/{{name}}/{{letter_id}}/replay")
    async def replay(request: Request, name: Name, letter_id: LetterId) -> Response:
        return await act(request, name, letter_id, "replay")

    @router.post(f"{DEAD_LETTERS}/{{name}}/{{letter_id}}/discard")
    async def discard(request: Request, name: Name, letter_id: LetterId) -> Response:
        return await act(request, name, letter_id, "discard")


def _filters(fields: dict[str, str]) -> Filters:
    try:
        return Filters.model_validate(fields)
    except ValidationError:
        raise RuleBroken("the form cannot be read", code="form-malformed") from None


def letter_view(letter: dict[str, Any]) -> dict[str, Any]:
    """Return a letter as pages show it: what a stranger may have written cannot act, times are
    times.
    """
    texts = ("consumer", "origin", "code", "error", "reason")
    shown = {name: printable(letter[name]) if letter[name] is not None else None for name in texts}
    moments = {
        name: datetime.fromisoformat(letter[name]) if letter[name] else None
        for name in ("created_at", "settled_at")
    }
    return {**letter, **shown, **moments}


def record_view(record: dict[str, Any]) -> dict[str, Any]:
    """Return a raw record as a page shows it: text, or hexadecimal where it is none, and not more
    than fits.
    """
    value = None if record["value"] is None else b64decode(record["value"])
    return {
        "key": _shown(record["key"]),
        "headers": [(printable(name), _shown(header)) for name, header in record["headers"]],
        "value": None if value is None else readable(value[:SHOWN_BYTES_MAX]),
        "size": None if value is None else len(value),
        "is_cut": value is not None and len(value) > SHOWN_BYTES_MAX,
    }


def _shown(content: str | None) -> str | None:
    return None if content is None else readable(b64decode(content)[:SHOWN_BYTES_MAX])
