"""HTTP doors of reports."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.reporting.reports import bodies, commands, decisions
from services.reporting.rounds import store as rounds
from services.reporting.rounds.bodies import ObligationAnswer, obligation_of
from services.reporting.submissions.api import ORIGIN, ROUTE, publisher_of, read_object, rights_of
from services.reporting.submissions.reading import Entry
from shared.access.auth import Principal, require
from shared.access.roles import Action, Scope
from shared.fields import Uuid, UuidText
from shared.http import openapi, problems
from shared.http.routes import StrictRoute
from shared.postgres.database import Connection
from shared.service.runtime import Service


def make_router(service: Service) -> APIRouter:
    """Return the routes of reports."""
    router = APIRouter(prefix=ROUTE, route_class=StrictRoute)
    _add_submissions(router, service)
    _add_decisions(router, service)
    return router


def _add_submissions(router: APIRouter, service: Service) -> None:
    Publisher = Annotated[Principal, service.needs(Action.PUBLISH)]  # noqa: N806 - an annotation alias

    @router.post(
        "/obligations/{obligation_id}/submissions",
        summary="Hand a report in",
        status_code=201,
        response_model=bodies.ReportOutcome,
        responses=bodies.HANDED_IN | problems.of(401, 403, 404, 409),
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


def _add_decisions(router: APIRouter, service: Service) -> None:
    Decider = Annotated[Principal, service.needs(Action.DECIDE_REPORT)]  # noqa: N806 - an annotation alias
    refused = problems.of(401, 403, 404, 409)

    @router.post(
        "/obligations/{obligation_id}/extension",
        summary="Give a project more time",
        responses=refused,
    )
    async def extend(
        obligation_id: Uuid, body: bodies.Extension, principal: Decider
    ) -> ObligationAnswer:
        async with service.database.transaction() as conn:
            await _require_within(conn, principal, obligation_id, on=service.clock.today())
            obligation = await decisions.extend(
                conn, obligation_id, until=body.until, reason=body.reason, now=service.clock.now()
            )
        return obligation_of(obligation)

    @router.post(
        "/obligations/{obligation_id}/return",
        summary="Send a report back to be mended",
        responses=refused,
    )
    async def send_back(
        obligation_id: Uuid, body: bodies.Return, principal: Decider
    ) -> ObligationAnswer:
        async with service.database.transaction() as conn:
            await _require_within(conn, principal, obligation_id, on=service.clock.today())
            obligation = await decisions.send_back(
                conn, obligation_id, note=body.note, now=service.clock.now()
            )
        return obligation_of(obligation)

    @router.post(
        "/obligations/{obligation_id}/acceptance",
        summary="Accept a report",
        responses=refused,
    )
    async def accept(obligation_id: Uuid, principal: Decider) -> ObligationAnswer:
        async with service.database.transaction() as conn:
            await _require_within(conn, principal, obligation_id, on=service.clock.today())
            obligation = await decisions.accept(conn, obligation_id, now=service.clock.now())
        return obligation_of(obligation)


async def _require_within(
    conn: Connection, principal: Principal, obligation_id: UUID, *, on: date
) -> None:
    """Let only those decide who have the role in the obligation's programme.

    Raises:
        NotFound: `obligation-unknown`.
        NotAllowed: the principal has not that role there.
    """
    programme_id, project_id = await rounds.get_place(conn, obligation_id)
    require(
        principal, Action.DECIDE_REPORT, on=on, within=Scope(programme_id, project_id=project_id)
    )
