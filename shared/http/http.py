"""HTTP as all services speak it: problem documents (RFC 9457), limits, lists with cursors, entity
tags.

This is one of the two doors that catch errors; whatever is raised behind it leaves as a problem
document.
"""

import asyncio
import base64
import hashlib
import json
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticKnownError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import faults, strict_json
from shared.audit import log as audit
from shared.errors import (
    AppError,
    Conflict,
    FieldError,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    RuleBroken,
    Unavailable,
    json_pointer,
)
from shared.http import openapi
from shared.http.routes import StrictRoute
from shared.postgres import deadline

LOG = structlog.get_logger()

BODY_BYTES_MAX = 256 * 1024
FIGURES_BYTES_MAX = 1024 * 1024
BODY_SECONDS = 30
"""A body that comes slower than this is an attack or a broken line; the connection is not held for
it.
"""

ANSWER_SECONDS = 10
"""When a request gives up what it still waits for, and says so, counted from when all of its body
has arrived; the answer is out within 12 s of that.
"""

CONCURRENT_MAX = 200
LIST_DEFAULT = 100
LIST_MAX = 1_000

_STATUS: dict[type[AppError], int] = {
    Conflict: 409,
    RuleBroken: 422,
    NotFound: 404,
    NotAuthenticated: 401,
    NotAllowed: 403,
    Unavailable: 503,
}
_STATUS_BY_CODE = {
    "body-too-large": 413,
    "body-too-slow": 408,
    "lost-update": 412,
    "too-many-requests": 429,
    "content-encoding": 415,
}
_MEANINGS = {
    401: "No key, or not a good one.",
    403: "The key may not do this.",
    404: "Not there.",
    409: "It does not fit what is there; its code says why.",
    412: "It is not as If-Match or If-None-Match says; nothing was changed.",
}
_ENDS = "saman.ends"
_CODE_BY_STATUS = {404: "not-found", 405: "method-not-allowed", 415: "media-type"}


class ProblemError(BaseModel):
    """One fault of a request, with a JSON pointer to its place."""

    code: str
    message: str
    pointer: str = ""


class Problem(BaseModel):
    """A problem document (RFC 9457) with a stable code."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[ProblemError] = []


class RequestModel(BaseModel):
    """A request body: a field that is not known is refused, because that is where persons' data
    hides.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, validate_by_name=True
    )

    @model_validator(mode="before")
    @classmethod
    def _is_object(cls, value: Any) -> Any:
        # FastAPI lets a model be made of anything that has attributes, and an exact number is such
        # a thing.
        if isinstance(value, Decimal):
            raise PydanticKnownError("model_attributes_type")
        return value


class ListQuery(RequestModel):
    """What every list takes; a parameter that is not known is refused."""

    limit: int = Field(default=LIST_DEFAULT, ge=1, le=LIST_MAX, description="Items per answer.")
    cursor: str | None = Field(
        default=None, max_length=500, description="`next` of the answer before."
    )


SlugPath = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{1,62}[a-z0-9]$")]
"""An id chosen by the client, in the address."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may refuse so; what any request may meet stands in
    every document.
    """
    return {status: {"description": _MEANINGS[status], "model": Problem} for status in statuses}


def problem_of(error: AppError) -> Problem:
    """Describe an error to the one who asked."""
    status = _STATUS_BY_CODE.get(error.code) or next(
        s for kind, s in _STATUS.items() if isinstance(error, kind)
    )
    return Problem(
        type=f"https://saman.no/problems/{error.code}",
        title=error.code.replace("-", " ").capitalize(),
        status=status,
        detail=error.message,
        code=error.code,
        errors=[
            ProblemError(code=e.code, message=e.message, pointer=e.pointer) for e in error.errors
        ],
    )


class ProblemResponse(JSONResponse):
    """A problem document; whatever a stranger sent and a sentence quotes, it can be written."""

    media_type = "application/problem+json"

    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")


def respond(error: AppError) -> JSONResponse:
    """Answer with a problem document."""
    problem = problem_of(error)
    headers = {}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return ProblemResponse(problem.model_dump(), problem.status, headers)


def at_the_end(request: Request, end: Callable[[], None]) -> None:
    """Do something when the request has been answered, however that ends."""
    request.scope[_ENDS].append(end)


def install(app: FastAPI) -> None:
    """Make an app answer every error with a problem document and hold its limits."""

    @app.exception_handler(AppError)
    async def on_app_error(_: Request, error: AppError) -> Response:
        return respond(error)

    @app.exception_handler(RequestValidationError)
    async def on_validation(_: Request, error: RequestValidationError) -> Response:
        faults = tuple(_fault(fault) for fault in error.errors())
        return respond(
            RuleBroken(
                f"the request has {len(faults)} fault(s); first: {faults[0].message}",
                code=faults[0].code
                if len({fault.code for fault in faults}) == 1
                else "schema-mismatch",
                errors=faults,
            )
        )

    @app.exception_handler(HTTPException)
    async def on_http(_: Request, error: HTTPException) -> Response:
        code = _CODE_BY_STATUS.get(error.status_code, "http-error")
        body = Problem(
            type=f"https://saman.no/problems/{code}",
            title=code.replace("-", " ").capitalize(),
            status=error.status_code,
            detail=str(error.detail),
            code=code,
        )
        return ProblemResponse(body.model_dump(), error.status_code, dict(error.headers or {}))

    app.add_middleware(Limits)
    app.router.route_class = StrictRoute

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = openapi.describe(app, Problem)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's way to write the document oneself


class Limits:
    """Bound what a request may cost: the size and time of its body, and how many are served at
    once.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        address = scope.get("client")
        audit.act_as(
            audit.Actor("nobody", f"http from {address[0] if address else 'here'}", uuid.uuid4())
        )
        if self._running >= CONCURRENT_MAX:
            busy = Unavailable(
                f"more than {CONCURRENT_MAX} requests run at once", retry_after_seconds=1
            )
            return await respond(busy)(scope, receive, send)
        self._running += 1
        ends: list[Callable[[], None]] = []
        scope[_ENDS] = ends
        try:
            await self._serve(scope, receive, send)
        finally:
            self._running -= 1
            for end in ends:
                end()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        try:
            if headers.get(b"content-encoding", b"identity").lower() != b"identity":
                raise RuleBroken(
                    "compressed bodies are not taken; send it plain", code="content-encoding"
                )
            if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
                raise RuleBroken(
                    "the address holds U+0000, which cannot be stored", code="text-unstorable"
                )
        except AppError as error:
            await respond(error)(scope, receive, send)
        else:
            length = headers.get(b"content-length", b"0")
            await self._answer(scope, _Body(receive, length=length, limit=_limit_of(scope)), send)

    async def _answer(self, scope: Scope, body: "_Body", send: Send) -> None:
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            if body.size:
                faults.point("http.answering")
            await send(message)

        try:
            with deadline.within(ANSWER_SECONDS):
                await self.app(scope, body, watch)
        except ClientDisconnect:
            LOG.info("who asked is gone", method=scope["method"], path=quote(scope["path"])[:200])
        except Exception:
            LOG.exception("request failed", method=scope["method"], path=quote(scope["path"])[:200])
            if started:
                raise
            body_500 = Problem(
                type="https://saman.no/problems/internal",
                title="Internal",
                status=500,
                detail="something is wrong on our side; it is logged",
                code="internal",
            )
            await ProblemResponse(body_500.model_dump(), 500)(scope, body, watch)


class _Body:
    """The body as the app receives it: no larger and no slower than it may be.

    Nothing is taken from the connection before the app asks for it, so whoever may not come is told
    so unread.
    """

    def __init__(self, receive: Receive, *, length: bytes, limit: int) -> None:
        self.size = 0
        self._receive = receive
        self._length = length
        self._limit = limit
        self._deadline: float | None = None
        self._is_whole = False

    async def __call__(self) -> Message:
        if self._is_whole:
            return await self._receive()
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + BODY_SECONDS
            if not self._length.isdigit() or int(self._length[:20]) > self._limit:
                told = self._length.decode("latin-1")[:20]
                raise RuleBroken(
                    f"the body has {told} bytes, at most {self._limit}", code="body-too-large"
                )
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise RuleBroken(
                f"the body did not arrive within {BODY_SECONDS} seconds", code="body-too-slow"
            ) from None
        self.size += len(message.get("body", b""))
        if self.size > self._limit:
            raise RuleBroken(f"the body has more than {self._limit} bytes", code="body-too-large")
        self._is_whole = not message.get("more_body", False)
        if self._is_whole:
            deadline.start_anew(ANSWER_SECONDS)
            if self.size:
                faults.point("http.received")
        return message


def _limit_of(scope: Scope) -> int:
    return FIGURES_BYTES_MAX if scope["path"].endswith("/absence-figures") else BODY_BYTES_MAX


def page(items: Sequence[Any], limit: int, cursor_of: Any) -> dict[str, Any]:
    """Make a list's answer of `limit + 1` fetched items: the first `limit`, and the cursor if there
    are more.
    """
    shown = list(items[:limit])
    return {
        "items": shown,
        "next": write_cursor(cursor_of(shown[-1])) if len(items) > limit else None,
    }


def write_cursor(place: Any) -> str:
    """Make an opaque cursor of a place in a list."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, read: Callable[[Any], Any] = lambda place: place) -> Any:
    """Return the place in a list that a cursor stands for; None at the start.

    Args:
        read: makes the place of what was written; what it raises over a stranger's content is a
            malformed cursor.

    Raises:
        RuleBroken: `cursor-malformed`; the cursor is not one that was given out.
    """
    if cursor is None:
        return None
    try:
        place = strict_json.loads(
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        )
        if any(isinstance(part, int) and not -(2**63) <= part < 2**63 for part in _parts(place)):
            raise ValueError("larger than any column")
        return read(place)
    except (RuleBroken, ValueError, TypeError, LookupError, AttributeError):
        raise RuleBroken(
            "the cursor is not one that this list gave out", code="cursor-malformed"
        ) from None


def _parts(place: Any) -> Sequence[Any]:
    return place if isinstance(place, list) else [place]


def etag(content: BaseModel | dict[str, Any]) -> str:
    """Return the entity tag of what has no version: a digest of what is shown."""
    text = (
        content.model_dump_json()
        if isinstance(content, BaseModel)
        else json.dumps(content, sort_keys=True, default=str)
    )
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'


def _fault(fault: dict[str, Any]) -> FieldError:
    place = [part for part in fault["loc"] if part != "body"]
    if fault["type"] == "json_invalid":
        return FieldError(
            "json-malformed",
            f"the body is not JSON: {fault.get('ctx', {}).get('error', fault['msg'])}",
        )
    code = {"extra_forbidden": "unknown-field", "missing": "field-missing"}.get(
        fault["type"], fault["type"].replace("_", "-")
    )
    pointer = json_pointer(*place)
    return FieldError(code, f"{pointer or 'body'}: {fault['msg']}", pointer)
