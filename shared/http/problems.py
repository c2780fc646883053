"""Problem documents (RFC 9457): every error of ours, as it is answered over HTTP."""

import json
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel

from shared.errors import (
    AppError,
    Conflict,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    RuleBroken,
    Unavailable,
)

TYPE_PREFIX = "https://saman.no/problems/"

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
    "media-type": 415,
}
_MEANINGS = {
    401: "No key, or not a good one.",
    403: "The key may not do this.",
    404: "Not there.",
    409: "It does not fit what is there; its code says why.",
    412: "It is not as If-Match or If-None-Match says; nothing was changed.",
}


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


class ProblemResponse(JSONResponse):
    """A problem document on its way out. It may quote any text that a stranger sent, half a
    surrogate pair too.
    """

    media_type = "application/problem+json"

    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")


def of(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may refuse with these statuses.

    What any request may be answered, such as 503, is written into every document by `openapi.py`.
    """
    return {status: {"description": _MEANINGS[status], "model": Problem} for status in statuses}


def problem(code: str, status: int, detail: str) -> Problem:
    """Return the document of a code; its title is the code in words."""
    title = code.replace("-", " ").capitalize()
    return Problem(
        type=f"{TYPE_PREFIX}{code}", title=title, status=status, detail=detail, code=code
    )


def problem_of(error: AppError) -> Problem:
    """Return the document that describes an error to the client."""
    status = _STATUS_BY_CODE.get(error.code) or next(
        status for kind, status in _STATUS.items() if isinstance(error, kind)
    )
    errors = [
        ProblemError(code=each.code, message=each.message, pointer=each.pointer)
        for each in error.errors
    ]
    return problem(error.code, status, error.message).model_copy(update={"errors": errors})


def respond(error: AppError) -> JSONResponse:
    """Return the answer for an error, with the headers that belong to it."""
    document = problem_of(error)
    headers = {}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return ProblemResponse(document.model_dump(), document.status, headers)
