"""Links to sign in over HTTP, for the operator: to let the first people of an installation in."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel

from services.registry.people.mail import LINK_PAGE
from services.registry.sign_in import commands
from shared.access.roles import Action
from shared.fields import Uuid
from shared.http.problems import of as problems
from shared.service.runtime import Service


class LinkAnswer(BaseModel):
    """A link to sign in. This is the only time that it is shown."""

    path: str
    expires_at: datetime


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the route that makes a link without a mail."""

    @router.post(
        "/people/{person_id}/sign-in-links",
        summary="A link to sign in, good once, in any browser",
        status_code=201,
        response_model=LinkAnswer,
        responses=problems(401, 403, 404),
        dependencies=[service.needs(Action.OPERATE)],
        tags=["people"],
    )
    async def make_link(person_id: Annotated[Uuid, Path()]) -> Any:
        async with service.database.transaction() as conn:
            link, expires_at = await commands.make_open_link(conn, person_id, now=datetime.now(UTC))
        return {"path": f"{LINK_PAGE}/{link.token}", "expires_at": expires_at}
