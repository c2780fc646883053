"""HTTP doors of forms. What a form asks is open to all; publishing it is the operator's."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from services.reporting.forms import commands, store
from services.reporting.forms.rules.judging import Judged
from services.reporting.submissions.api import ROUTE
from shared.access.roles import Action
from shared.events.envelope import Slug
from shared.fields import SEEN_THROUGHOUT
from shared.http import inputs, lists, problems
from shared.http.routes import StrictRoute
from shared.service.runtime import Service

VERSION = "/forms/{form_id}/versions/{version}"
Version = Annotated[int, Path(ge=1, le=1_000_000)]


class FormAnswer(BaseModel):
    """A version of a form, without what it asks."""

    form_id: Slug
    version: int
    report_kind: Slug
    valid_for: dict[str, str]
    names: dict[str, str]
    digest: str = Field(description="SHA-256 of the definition, in hex.")
    published_at: datetime


class FormList(BaseModel):
    """The newest version of each form."""

    items: list[FormAnswer]
    next: str | None


class AnswersBody(inputs.RequestModel):
    """Answers to try out."""

    answers: Annotated[dict[str, Any], SEEN_THROUGHOUT]
    language: Literal["nb", "nn", "en"] = Field(default="nb", description="Of the messages.")


class FindingAnswer(BaseModel):
    """One thing to say of the answers, with a JSON pointer from their root."""

    code: str
    severity: Literal["error", "warning", "info"]
    message: str
    field: str


class JudgedAnswer(BaseModel):
    """What the form says of the answers."""

    answers: dict[str, Any] = Field(description="With what the form computes.")
    may_be_handed_in: bool
    findings: list[FindingAnswer]


def make_router(service: Service) -> APIRouter:
    """Return the routes of forms."""
    router = APIRouter(prefix=ROUTE, route_class=StrictRoute)
    _add_reading(router, service)
    _add_publishing(router, service)
    return router


def _add_reading(router: APIRouter, service: Service) -> None:
    @router.get("/forms", summary="The newest version of each form", response_model=FormList)
    async def list_forms(query: Annotated[lists.ListQuery, Query()]) -> Any:
        after = lists.read_cursor(query.cursor, str) or ""
        async with service.database.connection() as conn:
            kept = await store.list_newest(conn, after=after, count=query.limit + 1)
        listed = lists.page(kept, query.limit, lambda form: form.form_id)
        return {**listed, "items": [_answer(form) for form in listed["items"]]}

    @router.get(
        VERSION,
        summary="What a version of a form asks: its definition",
        response_model=dict[str, Any],
        responses=problems.of(404),
    )
    async def get_form(form_id: inputs.SlugPath, version: Version) -> Response:
        async with service.database.connection() as conn:
            form, definition = await store.get_version(conn, form_id, version)
        headers = {"ETag": f'"{form.digest}"'}
        return Response(definition, media_type="application/json", headers=headers)

    @router.post(
        f"{VERSION}/trials",
        summary="Try answers out; nothing is kept",
        responses=problems.of(401, 404),
        dependencies=[service.needs(Action.READ_SUBMISSIONS)],
    )
    async def try_answers(
        form_id: inputs.SlugPath, version: Version, body: AnswersBody
    ) -> JudgedAnswer:
        async with service.database.connection() as conn:
            judged = await commands.judge_answers(
                conn, form_id, version, body.answers, language=body.language
            )
        return _judged(judged)


def _add_publishing(router: APIRouter, service: Service) -> None:
    @router.put(
        VERSION,
        summary="Publish the next version of a form",
        responses={
            200: {"description": "Published before, and the same."},
            201: {"description": "New.", "model": FormAnswer},
            **problems.of(401, 403, 409),
        },
        dependencies=[service.needs(Action.OPERATE)],
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        },
    )
    async def publish_form(
        form_id: inputs.SlugPath, version: Version, request: Request, response: Response
    ) -> FormAnswer:
        text = await request.body()
        async with service.database.transaction() as conn:
            form, is_new = await commands.publish_form(
                conn, form_id, version, text, now=service.clock.now()
            )
        response.status_code = 201 if is_new else 200
        response.headers["ETag"] = f'"{form.digest}"'
        return _answer(form)


def _answer(form: store.PublishedForm) -> FormAnswer:
    return FormAnswer.model_validate(form, from_attributes=True)


def _judged(judged: Judged) -> JudgedAnswer:
    return JudgedAnswer(
        answers=dict(judged.answers),
        may_be_handed_in=not judged.blocks,
        findings=[
            FindingAnswer(
                code=finding.code,
                severity=finding.severity.value,
                message=finding.message,
                field=finding.pointer,
            )
            for finding in judged.findings
        ],
    )
