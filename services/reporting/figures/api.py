"""HTTP doors of figures: in, out, and taken back."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from services.reporting.figures import bodies, commands, store
from services.reporting.figures.kinds.kind import Kind
from services.reporting.figures.kinds.known import KINDS
from services.reporting.heard import store as heard
from services.reporting.submissions.api import (
    ORIGIN,
    ROUTE,
    fault,
    publisher_of,
    read_object,
    rights_of,
)
from services.reporting.submissions.reading import Entry
from shared.access.auth import Principal, require
from shared.access.roles import Action
from shared.fields import UuidText
from shared.http import inputs, lists, openapi, problems
from shared.http.limits import Rate
from shared.http.routes import BodyUpTo, StrictRoute
from shared.postgres.database import Connection
from shared.service.runtime import Service
from shared.values import Period

FIGURES_MAX = 1_000
BODY_BYTES_MAX = 1024 * 1024
"""Of a request with so many figures."""


def make_router(service: Service, *, rate: Rate) -> APIRouter:
    """Return the routes of figures.

    Args:
        rate: how many figures a publisher may post.
    """
    router = APIRouter(prefix=ROUTE, route_class=StrictRoute)
    for kind in KINDS:
        _add_figures_in(router, service, kind, rate)
    _add_withdrawal(router, service)
    _add_figures_out(router, service)
    return router


def _add_figures_in(router: APIRouter, service: Service, kind: Kind, rate: Rate) -> None:
    Publisher = Annotated[Principal, service.needs(Action.PUBLISH)]  # noqa: N806 - an annotation alias

    @router.post(
        f"/{kind.route}",
        name=f"post_{kind.route.replace('-', '_')}",
        summary="Post one figure, or up to 1,000",
        description=kind.contract.__doc__,
        status_code=201,
        response_model=bodies.FigureOutcome,
        responses=bodies.POSTED | problems.of(401, 403, 409),
        dependencies=[Depends(BodyUpTo(BODY_BYTES_MAX))],
        openapi_extra=openapi.body_of(*bodies.posted_of(kind.contract)),
    )
    async def post_figures(request: Request, principal: Publisher) -> Response:
        arrived_at = service.clock.now()
        body = read_object(await request.body())
        publisher = publisher_of(principal, body)
        contents = _figures(body) if "figures" in body else [body]
        if not principal.is_operator:
            rate.take(publisher, len(contents))
        entries = [_entry(content, publisher, arrived_at) for content in contents]
        async with service.database.transaction() as conn:
            rights = await rights_of(conn, principal, publisher)
            outcomes = await commands.post_figures(
                conn, entries, kind, rights=rights, now=service.clock.now()
            )
        return (
            bodies.many_answer(outcomes) if "figures" in body else bodies.figure_answer(outcomes[0])
        )


def _add_withdrawal(router: APIRouter, service: Service) -> None:
    Publisher = Annotated[Principal, service.needs(Action.PUBLISH)]  # noqa: N806 - an annotation alias

    @router.post(
        "/figures/{figure_id}/withdrawal",
        summary="Take a figure back",
        response_model=bodies.FigureOutcome,
        responses=problems.of(401, 403, 404),
        openapi_extra=openapi.body_of(bodies.Withdrawal),
    )
    async def withdraw(figure_id: UuidText, request: Request, principal: Publisher) -> Response:
        arrived_at = service.clock.now()
        body = read_object(await request.body(), in_address="figure_id")
        publisher = publisher_of(principal, body)
        entry = Entry(figure_id, publisher, body | {"figure_id": figure_id}, ORIGIN, arrived_at)
        async with service.database.transaction() as conn:
            rights = await rights_of(conn, principal, publisher, also_revoked=True)
            outcomes = await commands.withdraw_figures(
                conn, [entry], rights=rights, now=service.clock.now()
            )
        return bodies.figure_answer(outcomes[0], created=200)


def _add_figures_out(router: APIRouter, service: Service) -> None:
    Reader = Annotated[Principal, service.needs(Action.READ_SUBMISSIONS)]  # noqa: N806 - an annotation alias

    @router.get(
        "/figures",
        summary="What came in for a municipality, with every vintage",
        response_model=bodies.FigureList,
        responses=problems.of(401, 403),
    )
    async def list_figures(principal: Reader, query: Annotated[bodies.FigureQuery, Query()]) -> Any:
        after = lists.read_cursor(query.cursor, tuple[date, str])
        async with service.database.connection() as conn:
            municipality_id = await _municipality_meant(conn, query.municipality)
            require(
                principal,
                Action.READ_SUBMISSIONS,
                municipality_id=municipality_id,
                on=service.clock.today(),
            )
            figures = await store.list_figures(
                conn,
                municipality_id,
                metric=query.metric,
                from_day=Period.parse(query.from_).first_day if query.from_ else None,
                to_day=Period.parse(query.to).last_day if query.to else None,
                current_only=query.vintages == "current",
                after=after,
                count=query.limit + 1,
            )
        listed = lists.page(
            figures, query.limit, lambda entry: [entry[1][0].isoformat(), entry[1][1]]
        )
        return {**listed, "items": [bodies.figure_of(figure) for figure, _ in listed["items"]]}


async def _municipality_meant(conn: Connection, wanted: str) -> str:
    """Return the id of the municipality that is asked for.

    Raises:
        RuleBroken: its number was borne by none, or by several.
    """
    holders = await heard.list_number_holders(conn, [wanted])
    bearers = {holder.municipality_id for holder in holders.get(wanted, [])}
    return inputs.municipality_meant(wanted, bearers, pointer="/query/municipality")


def _entry(content: Any, publisher: str, arrived_at: datetime) -> Entry:
    if not isinstance(content, dict):
        return Entry(None, publisher, content, ORIGIN, arrived_at)
    rest = {key: value for key, value in content.items() if key != "figure_id"}
    return Entry(content.get("figure_id"), publisher, rest, ORIGIN, arrived_at)


def _figures(body: dict[str, Any]) -> list[Any]:
    figures = body["figures"]
    if not isinstance(figures, list) or not figures:
        raise fault(
            "schema-mismatch", f"figures must be a list of 1 to {FIGURES_MAX} figures", "/figures"
        )
    if len(figures) > FIGURES_MAX:
        raise fault(
            "too-many-figures",
            f"at most {FIGURES_MAX} figures at once, got {len(figures)}",
            "/figures",
        )
    if len(body) > 1:
        raise fault(
            "unknown-field", "beside figures stands a field that does not belong there; remove it"
        )
    return figures
