"""HTTP as all services speak it: problem documents (RFC 9457), limits, lists with cursors, entity
tags.

This is one of the two doors that catch errors; whatever is raised behind it leaves as a problem
document.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Any

from fastapi import FastAPI, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticKnownError
from starlette.exceptions import HTTPException

from shared import strict_json
from shared.errors import AppError, FieldError, RuleBroken, json_pointer
from shared.http import openapi
from shared.http.admission import CONCURRENT_MAX, Admission
from shared.http.answers import Answers, refuse_method
from shared.http.problems import Problem as Problem
from shared.http.problems import problem_of as problem_of
from shared.http.problems import problems as problems
from shared.http.problems import respond as respond
from shared.http.problems import respond_with_status
from shared.http.routes import StrictRoute

LIST_DEFAULT = 100
LIST_MAX = 1_000


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


def install(app: FastAPI, *, at_once: int = CONCURRENT_MAX) -> None:
    """Make an app answer every error with a problem document and hold its limits.

    Args:
        at_once: requests that are worked on at once.
    """

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
    async def on_http(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == 405:
            return refuse_method(request, headers)
        return respond_with_status(error.status_code, str(error.detail), headers)

    app.add_middleware(Admission, at_once=at_once)
    app.add_middleware(Answers)
    app.router.route_class = StrictRoute
    # A redirect would be made of the request's Host, which is anybody's word.
    app.router.redirect_slashes = False
    app.router.strict_content_type = False  # StrictRoute has judged it

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = openapi.describe(app, Problem)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's way to write the document oneself


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
