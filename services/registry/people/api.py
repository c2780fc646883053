"""People over HTTP: for the operator and the secretariat, and each for themselves."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from services.registry.entries.api import PROBLEMS, mark
from services.registry.people import commands, store
from services.registry.people.commands import Invitation
from services.registry.people.mail import Mailer
from services.registry.people.rules import Person
from shared.access.auth import Principal, require
from shared.access.persons import grants_in, role_object
from shared.access.roles import Action, Grant
from shared.errors import NotAllowed
from shared.events import registry as told
from shared.fields import Line, Uuid
from shared.http.inputs import RequestModel
from shared.http.preconditions import version_tag
from shared.http.problems import of as problems
from shared.service.runtime import Service


class PersonAnswer(BaseModel):
    """All that is kept of a person."""

    person_id: UUID
    version: int
    display_name: str
    email: str
    language: Literal["nb", "nn", "en"]
    roles: list[told.RoleContract]
    sessions_valid_from: datetime


class InvitationBody(RequestModel):
    """Whom to invite, and as what. Who is known at the address already keeps name and language."""

    email: Line
    display_name: Line
    language: Literal["nb", "nn", "en"] = "nb"
    roles: list[told.RoleContract] = Field(min_length=1, max_length=20)

    def value(self) -> Invitation:
        """Return the domain's value."""
        roles = [role.model_dump(mode="json", by_alias=True) for role in self.roles]
        return Invitation(self.email, self.display_name, self.language, grants_in(roles))


def add_routes(router: APIRouter, service: Service, mailer: Mailer) -> None:
    """Add the routes of people."""
    Inviting = Annotated[Principal, service.needs(Action.INVITE)]  # noqa: N806 - an annotation alias
    Asking = Annotated[Principal, service.needs(Action.SEE_OWN_ACCESS)]  # noqa: N806 - likewise

    @router.post(
        "/people",
        summary="Invite somebody by mail",
        status_code=201,
        response_model=PersonAnswer,
        responses={200: {"model": PersonAnswer}, **PROBLEMS},
        tags=["people"],
    )
    async def invite(body: InvitationBody, principal: Inviting, response: Response) -> Any:
        async with service.database.transaction() as conn:
            put = await commands.invite(
                conn,
                body.value(),
                by=principal,
                today=service.clock.today(),
                now=datetime.now(UTC),
            )
        mark(response, put)
        mailer.send_invitation(put.state)
        return fields_of(put.state)

    @router.get(
        "/people/{person_id}",
        summary="A person; for themselves and whoever may invite them",
        response_model=PersonAnswer,
        responses=problems(401, 403, 404),
        tags=["people"],
    )
    async def get_person(person_id: Uuid, principal: Asking, response: Response) -> Any:
        person = await _seen(service, person_id, principal)
        response.headers["ETag"] = version_tag(person.version)
        return fields_of(person)

    @router.delete(
        "/people/{person_id}",
        summary="Forget a person; for themselves and the operator",
        status_code=204,
        responses=problems(401, 403),
        tags=["people"],
    )
    async def erase(person_id: Uuid, principal: Asking) -> Response:
        if principal.person_id != person_id:
            require(principal, Action.OPERATE)
        reason = "own wish" if principal.person_id == person_id else "operator"
        async with service.database.transaction() as conn:
            await commands.erase(conn, person_id, reason=reason, now=datetime.now(UTC))
        return Response(status_code=204)


async def _seen(service: Service, person_id: UUID, principal: Principal) -> Person:
    """Return a person to who may see them.

    Raises:
        NotFound: `person-unknown`.
        NotAllowed: none of the person's roles is held where the asker may invite.
    """
    async with service.database.connection() as conn:
        person = await store.get_person(conn, person_id)
    if principal.person_id == person_id or principal.is_operator:
        return person
    if not any(_may_invite(principal, grant, service) for grant in person.grants):
        raise NotAllowed("only who may invite a person may see them", code="person-elsewhere")
    return person


def _may_invite(principal: Principal, grant: Grant, service: Service) -> bool:
    try:
        require(principal, Action.INVITE, on=service.clock.today(), within=grant.scope)
    except NotAllowed:
        return False
    return True


def fields_of(person: Person) -> dict[str, Any]:
    """Return a person as they are answered and told."""
    return {
        "person_id": str(person.person_id),
        "version": person.version,
        "display_name": person.display_name,
        "email": person.email,
        "language": person.language,
        "roles": [role_object(grant) for grant in person.grants],
        "sessions_valid_from": person.sessions_valid_from.isoformat(),
    }
