"""HTTP doors of reporting: figures and reports in, what came in and what is owed out."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.reporting import api_models as models
from services.reporting import commands
from services.reporting.commands.reading import Entry
from services.reporting.store import figures as figure_store
from services.reporting.store import reports as report_store
from shared import http, strict_json
from shared.auth import Action, Principal, require
from shared.errors import FieldError, RuleBroken
from shared.runtime import Service
from shared.values import Period

FIGURES_MAX = 1_000
ROUTE = "/api/reporting/v1"
_NIL = UUID(int=0)


def make_router(service: Service) -> APIRouter:
    """Return reporting's routes."""
    router = APIRouter(prefix=ROUTE)
    _add_figures_in(router, service)
    _add_figures_out(router, service)
    _add_rounds(router, service)
    return router


def _add_figures_in(router: APIRouter, service: Service) -> None:
    Asking = Annotated[Principal, Depends(service.principal)]  # noqa: N806 - an annotation alias

    @router.post(
        "/absence-figures",
        summary="Post one figure, or up to 1,000",
        responses=models.POSTED,
        openapi_extra=models.body_of(models.OneFigure, models.ManyFigures),
    )
    async def post_figures(request: Request, principal: Asking) -> Response:
        body = _object(strict_json.loads(await request.body()))
        publisher = _publisher_of(principal, body)
        many = "figures" in body
        entries = _entries(body, publisher) if many else [_entry(body, publisher)]
        async with service.database.transaction() as conn:
            outcomes = await commands.post_figures(
                conn, entries, rights={publisher: principal}, now=service.clock.now()
            )
        return models.many_answer(outcomes) if many else models.one_answer(outcomes[0])

    @router.post(
        "/absence-figures/{figure_id}/withdrawal",
        summary="Take a figure back",
        responses=models.POSTED,
        openapi_extra=models.body_of(models.Withdrawal),
    )
    async def withdraw(figure_id: UUID, request: Request, principal: Asking) -> Response:
        body = _object(strict_json.loads(await request.body()))
        publisher = _publisher_of(principal, body)
        content = {**body, "figure_id": str(figure_id)}
        entry = Entry(str(figure_id), publisher, content, "http")
        async with service.database.transaction() as conn:
            outcomes = await commands.withdraw_figures(
                conn, [entry], rights={publisher: principal}, now=service.clock.now()
            )
        return models.one_answer(outcomes[0], created=200)


def _add_figures_out(router: APIRouter, service: Service) -> None:
    Asking = Annotated[Principal, Depends(service.principal)]  # noqa: N806 - an annotation alias

    @router.get("/absence-figures", summary="What came in, with every vintage", response_model=models.FigureList)
    async def list_figures(
        principal: Asking,
        query: Annotated[models.FigureQuery, Query()],
    ) -> Any:
        require(principal, Action.READ_SUBMISSIONS, municipality_id=query.municipality, on=service.clock.today())
        after = http.read_cursor(query.cursor)
        async with service.database.connection() as conn:
            figures = await figure_store.list_figures(
                conn,
                query.municipality,
                from_day=Period.parse(query.from_).first_day if query.from_ else None,
                to_day=Period.parse(query.to).last_day if query.to else None,
                current_only=query.vintages == "current",
                after=(date.fromisoformat(after[0]), after[1]) if after else None,
                count=query.limit + 1,
            )
        listed = http.page(figures, query.limit, lambda entry: [entry[1][0].isoformat(), entry[1][1]])
        return {**listed, "items": [models.figure_of(figure) for figure, _ in listed["items"]]}


def _add_rounds(router: APIRouter, service: Service) -> None:
    Asking = Annotated[Principal, Depends(service.principal)]  # noqa: N806 - an annotation alias

    @router.put("/rounds/{round_id}", summary="Call for reports")
    async def put_round(round_id: http.SlugPath, body: models.RoundBody, principal: Asking) -> models.RoundAnswer:
        require(principal, Action.OPERATE)
        round_ = body.value(round_id)
        async with service.database.transaction() as conn:
            changed = await commands.load_round(conn, round_, today=service.clock.today())
        return models.RoundAnswer(round_id=round_id, changed=changed, **body.model_dump())

    @router.get("/obligations", summary="Who owes what", response_model=models.ObligationList)
    async def list_obligations(principal: Asking, query: Annotated[models.ObligationQuery, Query()]) -> Any:
        require(principal, Action.READ_SUBMISSIONS)
        after = http.read_cursor(query.cursor)
        wanted = report_store.ObligationFilter(query.state, query.cohort, query.theme, query.round_id, query.project_id)
        async with service.database.connection() as conn:
            kept = await report_store.list_obligations(
                conn, wanted, after=UUID(after) if after else _NIL, count=query.limit + 1
            )
        listed = http.page(kept, query.limit, lambda obligation: str(obligation.obligation_id))
        return {**listed, "items": [models.obligation_of(obligation) for obligation in listed["items"]]}

    @router.post(
        "/obligations/{obligation_id}/submissions",
        summary="Hand a report in",
        responses=models.POSTED,
        openapi_extra=models.body_of(models.ReportBody),
    )
    async def submit(obligation_id: UUID, request: Request, principal: Asking) -> Response:
        body = _object(strict_json.loads(await request.body()))
        publisher = _publisher_of(principal, body)
        content = {**body, "obligation_id": str(obligation_id)}
        entry = Entry(str(body.get("submission_id", "")), publisher, content, "http")
        async with service.database.transaction() as conn:
            outcomes = await commands.submit_reports(
                conn, [entry], rights={publisher: principal}, now=service.clock.now()
            )
        return models.one_answer(outcomes[0])


def _publisher_of(principal: Principal, body: dict[str, Any]) -> str:
    """Return for whom is posted: the key's own publisher, or the one that the operator names.

    Raises:
        NotAuthenticated: there is no key.
        RuleBroken: the operator named nobody.
    """
    require(principal, Action.PUBLISH)
    if principal.organisation_number is not None:
        return principal.organisation_number
    publisher = body.pop("publisher", None)
    if not isinstance(publisher, str) or not (len(publisher) == 9 and publisher.isascii() and publisher.isdigit()):
        raise RuleBroken(
            "with the operator's key, name the publisher that is posted for: nine digits",
            code="publisher-missing",
            errors=(FieldError("publisher-missing", "publisher must be nine digits", "/publisher"),),
        )
    return publisher


def _object(content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise RuleBroken(f"the body must be a JSON object, got {type(content).__name__}", code="json-malformed")
    return dict(content)


def _entry(body: Any, publisher: str) -> Entry:
    content = _object(body)
    return Entry(str(content.pop("figure_id", "")), publisher, content, "http")


def _entries(body: Mapping[str, Any], publisher: str) -> list[Entry]:
    figures = body["figures"]
    if not isinstance(figures, list) or not 1 <= len(figures) <= FIGURES_MAX:
        count = len(figures) if isinstance(figures, list) else type(figures).__name__
        raise RuleBroken(f"figures must be a list of 1 to {FIGURES_MAX}, got {count}", code="too-many-figures")
    if set(body) - {"figures"}:
        extra = sorted(set(body) - {"figures"})[0]
        raise RuleBroken(f"{extra[:60]!r} is not a field beside figures; remove it", code="unknown-field")
    return [_entry(figure, publisher) if isinstance(figure, dict) else _entry({}, publisher) for figure in figures]
