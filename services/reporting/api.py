"""HTTP doors of reporting: figures and reports in, what came in and what is owed out."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.reporting import api_models as models
from services.reporting import commands
from services.reporting.commands.judging import Rights
from services.reporting.commands.reading import Entry
from services.reporting.store import figures as figure_store
from services.reporting.store import reports as report_store
from shared import strict_json
from shared.access import auth
from shared.access.auth import Action, Principal, require
from shared.errors import FieldError, NotFound, RuleBroken
from shared.http import http, openapi
from shared.http.preconditions import Conditional, version_tag
from shared.http.routes import BodyUpTo, StrictRoute
from shared.postgres.database import Connection
from shared.service.runtime import Service
from shared.values import Period

FIGURES_MAX = 1_000
BODY_BYTES_MAX = 1024 * 1024
"""Of a request with so many figures."""

ROUTE = "/api/reporting/v1"
ORIGIN = "http"
_NIL = UUID(int=0)


def make_router(service: Service) -> APIRouter:
    """Return reporting's routes."""
    router = APIRouter(prefix=ROUTE, route_class=StrictRoute)
    _add_figures_in(router, service)
    _add_figures_out(router, service)
    _add_rounds(router, service)
    _add_obligations(router, service)
    return router


def _add_figures_in(router: APIRouter, service: Service) -> None:
    Publisher = Annotated[Principal, service.needs(Action.PUBLISH)]  # noqa: N806 - an annotation alias

    @router.post(
        "/absence-figures",
        summary="Post one figure, or up to 1,000",
        status_code=201,
        response_model=models.FigureOutcome,
        responses=models.POSTED | http.problems(401, 403, 409),
        dependencies=[Depends(BodyUpTo(BODY_BYTES_MAX))],
        openapi_extra=openapi.body_of(models.OneFigure, models.ManyFigures),
    )
    async def post_figures(request: Request, principal: Publisher) -> Response:
        body = _object(await request.body())
        publisher = _publisher_of(principal, body)
        entries = _figures(body, publisher) if "figures" in body else [_figure(body, publisher)]
        async with service.database.transaction() as conn:
            rights = await _rights(conn, principal, publisher)
            outcomes = await commands.post_figures(
                conn, entries, rights=rights, now=service.clock.now()
            )
        return (
            models.many_answer(outcomes) if "figures" in body else models.figure_answer(outcomes[0])
        )

    @router.post(
        "/absence-figures/{figure_id}/withdrawal",
        summary="Take a figure back",
        response_model=models.FigureOutcome,
        responses=http.problems(401, 403, 404),
        openapi_extra=openapi.body_of(models.Withdrawal),
    )
    async def withdraw(figure_id: UUID, request: Request, principal: Publisher) -> Response:
        body = _object(await request.body(), in_address="figure_id")
        publisher = _publisher_of(principal, body)
        entry = Entry(str(figure_id), publisher, body | {"figure_id": str(figure_id)}, ORIGIN)
        async with service.database.transaction() as conn:
            rights = await _rights(conn, principal, publisher, also_revoked=True)
            outcomes = await commands.withdraw_figures(
                conn, [entry], rights=rights, now=service.clock.now()
            )
        return models.figure_answer(outcomes[0], created=200)


def _add_figures_out(router: APIRouter, service: Service) -> None:
    Reader = Annotated[Principal, service.needs(Action.READ_SUBMISSIONS)]  # noqa: N806 - an annotation alias

    @router.get(
        "/absence-figures",
        summary="What came in for a municipality, with every vintage",
        response_model=models.FigureList,
        responses=http.problems(401, 403),
    )
    async def list_figures(principal: Reader, query: Annotated[models.FigureQuery, Query()]) -> Any:
        require(
            principal,
            Action.READ_SUBMISSIONS,
            municipality_id=query.municipality,
            on=service.clock.today(),
        )
        after = http.read_cursor(
            query.cursor, lambda place: (date.fromisoformat(place[0]), _text(place[1]))
        )
        async with service.database.connection() as conn:
            figures = await figure_store.list_figures(
                conn,
                query.municipality,
                from_day=Period.parse(query.from_).first_day if query.from_ else None,
                to_day=Period.parse(query.to).last_day if query.to else None,
                current_only=query.vintages == "current",
                after=after,
                count=query.limit + 1,
            )
        listed = http.page(
            figures, query.limit, lambda entry: [entry[1][0].isoformat(), entry[1][1]]
        )
        return {**listed, "items": [models.figure_of(figure) for figure, _ in listed["items"]]}


def _add_rounds(router: APIRouter, service: Service) -> None:
    operator = service.needs(Action.OPERATE)
    Reader = Annotated[Principal, service.needs(Action.READ_SUBMISSIONS)]  # noqa: N806 - an annotation alias

    @router.put(
        "/rounds/{round_id}",
        summary="Call for reports",
        responses=models.PUT_ROUND | http.problems(401, 403, 412),
        dependencies=[operator],
    )
    async def put_round(
        round_id: http.SlugPath,
        body: models.RoundBody,
        response: Response,
        precondition: Conditional,
    ) -> models.RoundAnswer:
        round_ = body.value(round_id)
        async with service.database.transaction() as conn:
            kept, is_new = await commands.load_round(
                conn, round_, now=service.clock.now(), guard=precondition.check
            )
        response.status_code = 201 if is_new else 200
        response.headers["ETag"] = version_tag(kept.version)
        return models.round_of(kept)

    @router.get(
        "/rounds/{round_id}", summary="One call for reports", responses=http.problems(401, 404)
    )
    async def get_round(
        round_id: http.SlugPath, _: Reader, response: Response
    ) -> models.RoundAnswer:
        async with service.database.connection() as conn:
            kept = await report_store.find_round(conn, round_id)
        if kept is None:
            raise NotFound(f"there is no round {round_id}", code="round-unknown")
        response.headers["ETag"] = version_tag(kept.version)
        return models.round_of(kept)


def _add_obligations(router: APIRouter, service: Service) -> None:
    Reader = Annotated[Principal, service.needs(Action.READ_SUBMISSIONS)]  # noqa: N806 - an annotation alias
    Publisher = Annotated[Principal, service.needs(Action.PUBLISH)]  # noqa: N806 - an annotation alias

    @router.get(
        "/obligations",
        summary="Who owes what",
        response_model=models.ObligationList,
        responses=http.problems(401),
    )
    async def list_obligations(_: Reader, query: Annotated[models.ObligationQuery, Query()]) -> Any:
        after = http.read_cursor(query.cursor, UUID) or _NIL
        wanted = report_store.ObligationFilter(
            query.state, query.cohort, query.theme, query.round_id, query.project_id
        )
        async with service.database.connection() as conn:
            kept = await report_store.list_obligations(
                conn, wanted, after=after, count=query.limit + 1
            )
        listed = http.page(kept, query.limit, lambda obligation: str(obligation.obligation_id))
        return {
            **listed,
            "items": [models.obligation_of(obligation) for obligation in listed["items"]],
        }

    @router.post(
        "/obligations/{obligation_id}/submissions",
        summary="Hand a report in",
        status_code=201,
        response_model=models.ReportOutcome,
        responses=models.HANDED_IN | http.problems(401, 403, 404, 409),
        openapi_extra=openapi.body_of(models.ReportBody),
    )
    async def submit(obligation_id: UUID, request: Request, principal: Publisher) -> Response:
        body = _object(await request.body(), in_address="obligation_id")
        publisher = _publisher_of(principal, body)
        content = body | {"obligation_id": str(obligation_id)}
        entry = Entry(body.get("submission_id"), publisher, content, ORIGIN)
        async with service.database.transaction() as conn:
            rights = await _rights(conn, principal, publisher)
            outcomes = await commands.submit_reports(
                conn, [entry], rights=rights, now=service.clock.now()
            )
        return models.report_answer(outcomes[0])


def _publisher_of(principal: Principal, body: dict[str, Any]) -> str:
    """Return for whom is posted: the key's own publisher, or the one that the operator names.

    Raises:
        RuleBroken: `publisher-missing`; the operator named nobody.
    """
    if principal.organisation_number is not None:
        return principal.organisation_number
    publisher = body.pop("publisher", None)
    if not isinstance(publisher, str) or not (
        len(publisher) == 9 and publisher.isascii() and publisher.isdigit()
    ):
        sentence = "with the operator's key, name the publisher that is posted for: nine digits"
        raise _fault("publisher-missing", sentence, "/publisher")
    return publisher


async def _rights(
    conn: Connection, principal: Principal, publisher: str, *, also_revoked: bool = False
) -> Rights:
    """Return who acts for the publisher. The operator may, but only for a publisher that there is.

    Args:
        also_revoked: what a publisher brought in before it was revoked can be taken back still.

    Raises:
        RuleBroken: `publisher-unknown`; nobody could read the receipts.
    """
    if principal.is_operator:
        known = await auth.list_publishers(conn, {publisher}, also_revoked=also_revoked)
        if publisher not in known:
            sentence = (
                f"publisher {publisher} is not"
                f" registered{'' if also_revoked else ' or was revoked'}"
            )
            raise _fault("publisher-unknown", sentence, "/publisher")
    return {publisher: principal}


def _object(raw: bytes, *, in_address: str | None = None) -> dict[str, Any]:
    """Read a body; what stands in the address may not stand in the body too, where it could
    differ.
    """
    content = strict_json.loads(raw)
    if not isinstance(content, dict):
        raise _fault(
            "json-malformed", f"the body must be a JSON object, got {type(content).__name__}"
        )
    if in_address in content:
        raise _fault(
            "unknown-field", f"{in_address} stands in the address; remove it", f"/{in_address}"
        )
    return content


def _figure(content: Any, publisher: str) -> Entry:
    if not isinstance(content, dict):
        return Entry(None, publisher, content, ORIGIN)
    rest = {key: value for key, value in content.items() if key != "figure_id"}
    return Entry(content.get("figure_id"), publisher, rest, ORIGIN)


def _figures(body: dict[str, Any], publisher: str) -> list[Entry]:
    figures = body["figures"]
    if not isinstance(figures, list) or not figures:
        raise _fault(
            "schema-mismatch", f"figures must be a list of 1 to {FIGURES_MAX} figures", "/figures"
        )
    if len(figures) > FIGURES_MAX:
        raise _fault(
            "too-many-figures",
            f"at most {FIGURES_MAX} figures at once, got {len(figures)}",
            "/figures",
        )
    if len(body) > 1:
        raise _fault(
            "unknown-field", "beside figures stands a field that does not belong there; remove it"
        )
    return [_figure(figure, publisher) for figure in figures]


def _fault(code: str, message: str, pointer: str = "") -> RuleBroken:
    return RuleBroken(message, code=code, errors=(FieldError(code, message, pointer),))


def _text(place: Any) -> str:
    if not isinstance(place, str):
        raise TypeError(place)
    return place
