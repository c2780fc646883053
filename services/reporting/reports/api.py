"""HTTP doors of reports."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from services.reporting.reports import bodies, commands
from services.reporting.submissions.api import ORIGIN, ROUTE, publisher_of, read_object, rights_of
from services.reporting.submissions.reading import Entry
from shared.access.auth import Principal
from shared.access.roles import Action
from shared.fields import UuidText
from shared.http import http, openapi
from shared.http.routes import StrictRoute
from shared.service.runtime import Service


def make_router(service: Service) -> APIRouter:
    """Return the routes of reports."""
    router = APIRouter(prefix=ROUTE, route_class=StrictRoute)
    Publisher = Annotated[Principal, service.needs(Action.PUBLISH)]  # noqa: N806 - an annotation alias

    @router.post(
        "/obligations/{obligation_id}/submissions",
        summary="Hand a report in",
        status_code=201,
        response_model=bodies.ReportOutcome,
        responses=bodies.HANDED_IN | http.problems(401, 403, 404, 409),
        openapi_extra=openapi.body_of(bodies.ReportBody),
    )
    async def submit(obligation_id: UuidText, request: Request, principal: Publisher) -> Response:
        arrived_at = service.clock.now()
        body = read_object(await request.body(), in_address="obligation_id")
        publisher = publisher_of(principal, body)
        content = body | {"obligation_id": obligation_id}
        entry = Entry(body.get("submission_id"), publisher, content, ORIGIN, arrived_at)
        async with service.database.transaction() as conn:
            rights = await rights_of(conn, principal, publisher)
            outcomes = await commands.submit_reports(
                conn, [entry], rights=rights, now=service.clock.now()
            )
        return bodies.report_answer(outcomes[0])

    return router
