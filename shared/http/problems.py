"""Problem documents (RFC 9457): how every error leaves a service over HTTP."""

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
_CODE_BY_STATUS = {404: "not-found", 405: "method-not-allowed", 415: "media-type"}
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
    """A problem document; whatever a stranger sent and a sentence quotes, it can be written."""

    media_type = "application/problem+json"

    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")


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
    errors = [ProblemError(code=e.code, message=e.message, pointer=e.pointer) for e in error.errors]
    return _problem(error.code, status, error.message, errors)


def respond(error: AppError) -> JSONResponse:
    """Answer with a problem document."""
    problem = problem_of(error)
    headers = {}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return ProblemResponse(problem.model_dump(), problem.status, headers)


def respond_with_status(status: int, detail: str, headers: dict[str, str]) -> JSONResponse:
    """Answer what the framework refuses by its status alone: an unknown address, a method that
    the address does not have.
    """
    problem = _problem(_CODE_BY_STATUS.get(status, "http-error"), status, detail, [])
    return ProblemResponse(problem.model_dump(), status, headers)


def respond_to_fault() -> JSONResponse:
    """Answer that the fault is ours; what it is stands in the log only."""
    problem = _problem("internal", 500, "something is wrong on our side; it is logged", [])
    return ProblemResponse(problem.model_dump(), 500)


def _problem(code: str, status: int, detail: str, errors: list[ProblemError]) -> Problem:
    return Problem(
        type=f"https://saman.no/problems/{code}",
        title=code.replace("-", " ").capitalize(),
        status=status,
        detail=detail,
        code=code,
        errors=errors,
    )
