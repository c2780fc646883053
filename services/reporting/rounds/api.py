"""HTTP doors of rounds and of what they oblige to."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.reporting.rounds import bodies, commands, store
from services.reporting.submissions.api import ROUTE
from shared.access.auth import Principal
from shared.access.roles import Action
from shared.errors import NotFound
from shared.http import inputs, lists, problems
from shared.http.preconditions import Conditional, version_tag
from shared.http.routes import StrictRoute
from shared.service.runtime import Service

_NIL = UUID(int=0)


def make_router(service: Service) -> APIRouter:
    """Return the routes of rounds and obligations."""
    router = APIRouter(prefix=ROUTE, route_class=StrictRoute)
    _add_rounds(router, service)
    _add_obligations(router, service)
    return router


def _add_rounds(router: APIRouter, service: Service) -> None:
    operator = service.needs(Action.OPERATE)
    Reader = Annotated[Principal, service.needs(Action.READ_SUBMISSIONS)]  # noqa: N806 - an annotation alias

    @router.put(
        "/rounds/{round_id}",
        summary="Call for reports",
        responses=bodies.PUT_ROUND | problems.of(401, 403, 412),
        dependencies=[operator],
    )
    async def put_round(
        round_id: inputs.SlugPath,
        body: bodies.RoundBody,
        response: Response,
        precondition: Conditional,
    ) -> bodies.RoundAnswer:
        round_ = body.value(round_id)
        async with service.database.transaction() as conn:
            kept, is_new = await commands.load_round(
                conn, round_, now=service.clock.now(), guard=precondition.check
            )
        response.status_code = 201 if is_new else 200
        response.headers["ETag"] = version_tag(kept.version)
        return bodies.round_of(kept)

    @router.get(
        "/rounds/{round_id}", summary="One call for reports", responses=problems.of(401, 404)
    )
    async def get_round(
        round_id: inputs.SlugPath, _: Reader, response: Response
    ) -> bodies.RoundAnswer:
        async with service.database.connection() as conn:
            kept = await store.find_round(conn, round_id)
        if kept is None:
            raise NotFound(f"there is no round {round_id}", code="round-unknown")
        response.headers["ETag"] = version_tag(kept.version)
        return bodies.round_of(kept)


def _add_obligations(router: APIRouter, service: Service) -> None:
    Reader = Annotated[Principal, service.needs(Action.READ_SUBMISSIONS)]  # noqa: N806 - an annotation alias

    @router.get(
        "/obligations",
        summary="Who owes what",
        response_model=bodies.ObligationList,
        responses=problems.of(401),
    )
    async def list_obligations(_: Reader, query: Annotated[bodies.ObligationQuery, Query()]) -> Any:
        after = lists.read_cursor(query.cursor, UUID) or _NIL
        wanted = store.ObligationFilter(
            query.state, query.cohort, query.theme, query.round_id, query.project_id
        )
        async with service.database.connection() as conn:
            kept = await store.list_obligations(conn, wanted, after=after, count=query.limit + 1)
        listed = lists.page(kept, query.limit, lambda obligation: str(obligation.obligation_id))
        return {
            **listed,
            "items": [bodies.obligation_of(obligation) for obligation in listed["items"]],
        }
