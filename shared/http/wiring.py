"""Makes a FastAPI app answer as all of ours do: problem documents for every error, bounds for every
request, one way to read bodies.
"""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from shared.errors import AppError, FieldError, RuleBroken, json_pointer
from shared.http import openapi, problems
from shared.http.answers import Answers, refuse_method
from shared.http.bounds import Bounds, Limits
from shared.http.routes import StrictRoute

_CODE_BY_STATUS = {404: "not-found", 415: "media-type"}
_CODE_BY_TYPE = {"extra_forbidden": "unknown-field", "missing": "field-missing"}
"""Ours for pydantic's types of error; the others keep theirs, with hyphens."""


DEFAULT_LIMITS = Limits()


def install(app: FastAPI, *, limits: Limits = DEFAULT_LIMITS) -> None:
    """Install error handlers, bounds, strict routes and the OpenAPI document in an app.

    Args:
        limits: how much it lets in.
    """

    @app.exception_handler(AppError)
    async def on_app_error(_: Request, error: AppError) -> Response:
        return problems.respond(error)

    @app.exception_handler(RequestValidationError)
    async def on_validation(_: Request, error: RequestValidationError) -> Response:
        return problems.respond(_refusal_of(error))

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == 405:
            return refuse_method(request, headers)
        code = _CODE_BY_STATUS.get(error.status_code, "http-error")
        document = problems.problem(code, error.status_code, str(error.detail))
        return problems.ProblemResponse(document.model_dump(), error.status_code, headers)

    app.add_middleware(Bounds, limits=limits)
    app.add_middleware(Answers)
    app.router.route_class = StrictRoute
    # A redirect would be made of the request's Host, which is anybody's word.
    app.router.redirect_slashes = False
    app.router.strict_content_type = False  # StrictRoute judges it

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = openapi.describe(app, problems.Problem)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's way to write the document oneself


def _refusal_of(error: RequestValidationError) -> RuleBroken:
    """Return all faults of a request as one refusal; its code is theirs where they share one."""
    faults = tuple(_fault(fault) for fault in error.errors())
    codes = {fault.code for fault in faults}
    return RuleBroken(
        f"the request has {len(faults)} fault(s); first: {faults[0].message}",
        code=faults[0].code if len(codes) == 1 else "schema-mismatch",
        errors=faults,
    )


def _fault(fault: dict[str, Any]) -> FieldError:
    place = [part for part in fault["loc"] if part != "body"]
    if fault["type"] == "json_invalid":
        why = fault.get("ctx", {}).get("error", fault["msg"])
        return FieldError("json-malformed", f"the body is not JSON: {why}")
    code = _CODE_BY_TYPE.get(fault["type"], fault["type"].replace("_", "-"))
    pointer = json_pointer(*place)
    return FieldError(code, f"{pointer or 'body'}: {fault['msg']}", pointer)
