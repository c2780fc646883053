"""Publishers and their keys over HTTP; only the operator writes, and a key is shown once."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field, StrictInt

from services.registry.entries.api import PROBLEMS, mark, place_after
from services.registry.municipalities.api import MemberBody
from services.registry.publishers import commands, store
from services.registry.publishers.events import speaks_for
from services.registry.publishers.rules import Publisher
from shared.access.auth import Principal, require
from shared.access.roles import Action
from shared.events import registry as told
from shared.events.envelope import OrganisationNumber
from shared.fields import Line
from shared.http import inputs, lists, problems
from shared.http.preconditions import Conditional, version_tag
from shared.moments import Moment
from shared.service.runtime import Service

NumberPath = Annotated[
    str, Path(pattern=r"^[ -~]{1,40}$", description="Organisation number, nine digits.")
]
_KEY_ID = r"^[0-9a-zA-Z_-]{1,40}$"
KeyId = Annotated[str, Field(pattern=_KEY_ID)]
KeyPath = Annotated[str, Path(pattern=_KEY_ID, description="The part of the key before the dot.")]


class KeyAnswer(BaseModel):
    """A key that works, as it may be shown."""

    key_id: KeyId
    created_at: datetime
    expires_at: datetime | None


class PublisherAnswer(BaseModel):
    """A publisher, for whom it may speak, and the keys that work now, without their secret."""

    organisation_number: str
    version: int
    name: str
    may_speak_for: list[told.SpeaksFor]
    keys: list[KeyAnswer]
    revoked_at: datetime | None


class PublisherPutAnswer(PublisherAnswer):
    """The state in force; `changed` tells whether this request changed it."""

    changed: bool


class PublisherList(BaseModel):
    """Publishers by organisation number."""

    items: list[PublisherAnswer]
    next: str | None


class PublisherBody(inputs.RequestModel):
    """An organisation that may publish. What an answer holds beyond these two may be sent back and
    is not used.
    """

    name: Line
    may_speak_for: list[MemberBody] = Field(default=[], max_length=1_000)
    organisation_number: OrganisationNumber | None = None
    version: StrictInt | None = None
    keys: list[KeyAnswer] | None = None
    revoked_at: datetime | None = None

    def value(self, organisation_number: str) -> Publisher:
        """Return the domain's value."""
        return Publisher(
            organisation_number, self.name, tuple(mandate.value() for mandate in self.may_speak_for)
        )


class KeyBody(inputs.RequestModel):
    """A wish for a key; without `expires_at` it works until it is taken back."""

    expires_at: Moment | None = None


class NewKeyAnswer(BaseModel):
    """A new key. This is the only time that `key` is shown."""

    key_id: str
    key: str
    created_at: datetime
    expires_at: datetime | None


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the routes of publishers."""
    _add_publishers(router, service)
    _add_keys(router, service)
    _add_revocation(router, service)


def _add_publishers(router: APIRouter, service: Service) -> None:
    operator = service.needs(Action.OPERATE)
    Asking = Annotated[Principal, service.needs(Action.READ_PUBLISHER)]  # noqa: N806 - an annotation alias

    @router.get(
        "/publishers",
        summary="All publishers; for the operator",
        response_model=PublisherList,
        responses=problems.of(401, 403),
        dependencies=[operator],
        tags=["publishers"],
    )
    async def list_publishers(query: Annotated[lists.ListQuery, Query()]) -> Any:
        async with service.database.connection() as conn:
            found = await store.seek_publishers(
                conn, after=place_after(query.cursor), count=query.limit + 1
            )
        listed = lists.page(found, query.limit, lambda publisher: publisher.organisation_number)
        return {**listed, "items": [_fields(each, service.clock.now()) for each in listed["items"]]}

    @router.get(
        "/publishers/{organisation_number}",
        summary="One publisher; for itself and the operator",
        response_model=PublisherAnswer,
        responses=problems.of(401, 403, 404),
        tags=["publishers"],
    )
    async def get_publisher(
        organisation_number: NumberPath, principal: Asking, response: Response
    ) -> Any:
        require(principal, Action.READ_PUBLISHER, publisher=organisation_number)
        async with service.database.connection() as conn:
            found = await store.get_publisher(conn, organisation_number)
        answer = _fields(found, service.clock.now())
        # A key ends at its time, and the publisher's version stays.
        response.headers["ETag"] = version_tag(found.version, beside=answer["keys"])
        return answer

    @router.put(
        "/publishers/{organisation_number}",
        summary="Register or change a publisher",
        response_model=PublisherPutAnswer,
        responses={201: {"model": PublisherPutAnswer}, **PROBLEMS},
        dependencies=[operator],
        tags=["publishers"],
    )
    async def put_publisher(
        organisation_number: NumberPath,
        body: PublisherBody,
        response: Response,
        precondition: Conditional,
    ) -> Any:
        now = service.clock.now()
        async with service.database.transaction() as conn:
            put = await commands.put_publisher(
                conn, body.value(organisation_number), now=now, guard=precondition.check
            )
        answer = _fields(put.state, now)
        mark(response, put, beside=answer["keys"])
        return {**answer, "changed": put.changed}


def _add_keys(router: APIRouter, service: Service) -> None:
    operator = service.needs(Action.OPERATE)

    @router.post(
        "/publishers/{organisation_number}/keys",
        summary="A new key, shown once",
        status_code=201,
        response_model=NewKeyAnswer,
        responses=PROBLEMS,
        dependencies=[operator],
        tags=["publishers"],
    )
    async def add_key(
        organisation_number: NumberPath, response: Response, body: KeyBody | None = None
    ) -> Any:
        now = service.clock.now()
        expires_at = body.expires_at if body is not None else None
        async with service.database.transaction() as conn:
            key, _ = await commands.add_key(
                conn, organisation_number, expires_at=expires_at, now=now
            )
        response.headers["Cache-Control"] = "no-store"
        return {"key_id": key.key_id, "key": key.text, "created_at": now, "expires_at": expires_at}

    @router.delete(
        "/publishers/{organisation_number}/keys/{key_id}",
        summary="Take a key back",
        response_model=PublisherAnswer,
        responses=PROBLEMS,
        dependencies=[operator],
        tags=["publishers"],
    )
    async def revoke_key(organisation_number: NumberPath, key_id: KeyPath) -> Any:
        now = service.clock.now()
        async with service.database.transaction() as conn:
            return _fields(
                await commands.revoke_key(conn, organisation_number, key_id, now=now), now
            )


def _add_revocation(router: APIRouter, service: Service) -> None:
    operator = service.needs(Action.OPERATE)

    @router.post(
        "/publishers/{organisation_number}/revocation",
        summary="Take back the right to publish, and all keys",
        response_model=PublisherAnswer,
        responses=PROBLEMS,
        dependencies=[operator],
        tags=["publishers"],
    )
    async def revoke_publisher(organisation_number: NumberPath) -> Any:
        now = service.clock.now()
        async with service.database.transaction() as conn:
            return _fields(await commands.revoke_publisher(conn, organisation_number, now=now), now)

    @router.delete(
        "/publishers/{organisation_number}/revocation",
        summary="Give the right to publish back, without keys",
        response_model=PublisherAnswer,
        responses=PROBLEMS,
        dependencies=[operator],
        tags=["publishers"],
    )
    async def reinstate_publisher(organisation_number: NumberPath) -> Any:
        now = service.clock.now()
        async with service.database.transaction() as conn:
            return _fields(
                await commands.reinstate_publisher(conn, organisation_number, now=now), now
            )


def _fields(publisher: Publisher, now: datetime) -> dict[str, Any]:
    return {
        "organisation_number": publisher.organisation_number,
        "version": publisher.version,
        "name": publisher.name,
        "may_speak_for": [speaks_for(mandate) for mandate in publisher.may_speak_for],
        "keys": [
            {"key_id": key.key_id, "created_at": key.created_at, "expires_at": key.expires_at}
            for key in publisher.live_keys(now)
        ],
        "revoked_at": publisher.revoked_at,
    }
