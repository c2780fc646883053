"""Commitments over HTTP, as data that a client puts."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StrictInt

from services.registry.commitments import commands, store
from services.registry.commitments.events import commitment_fields
from services.registry.commitments.rules import Commitment, CommitmentState
from services.registry.commitments.store import CommitmentFilter
from services.registry.entries.api import PROBLEMS, mark, place_after
from services.registry.municipalities.api import MunicipalityId, read_municipality
from shared.access.roles import Action
from shared.events import registry as told
from shared.events.envelope import Slug
from shared.fields import SEVERAL_LINES
from shared.http import inputs, lists, problems
from shared.http.preconditions import Conditional, version_tag
from shared.moments import Day
from shared.service.runtime import Service

Text = Annotated[str, Field(min_length=1, max_length=500), SEVERAL_LINES]


class CommitmentBody(inputs.RequestModel):
    """A commitment as a whole. `commitment_id` and `version` may be sent back and are not used."""

    gathering_id: Slug
    project_id: Slug
    municipality_id: MunicipalityId | None = None
    text: Text
    due_on: Day
    state: CommitmentState = CommitmentState.OPEN
    note: Text | None = Field(default=None, description="Needed where it was dropped.")
    commitment_id: Slug | None = None
    version: StrictInt | None = None

    def value(self, commitment_id: str) -> Commitment:
        """Return the domain's value."""
        return Commitment(
            commitment_id,
            self.gathering_id,
            self.project_id,
            self.municipality_id,
            self.text,
            self.due_on,
            self.state,
            self.note,
        )


class CommitmentQuery(lists.ListQuery):
    """Which commitments to list; what is not given does not narrow."""

    gathering: Slug | None = None
    network: Slug | None = Field(default=None, description="At whose gatherings they were made.")
    project: Slug | None = None
    municipality: MunicipalityId | None = Field(
        default=None, description="An id, or a number that only one municipality ever bore."
    )
    state: CommitmentState | None = None


class CommitmentAnswer(told.CommitmentContract):
    """A commitment as it is."""


class CommitmentPutAnswer(CommitmentAnswer):
    """The state in force; `changed` tells whether this request changed it."""

    changed: bool


class CommitmentList(BaseModel):
    """Commitments by id."""

    items: list[CommitmentAnswer]
    next: str | None


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the routes of commitments."""

    @router.get(
        "/commitments", summary="Commitments", response_model=CommitmentList, tags=["commitments"]
    )
    async def list_commitments(query: Annotated[CommitmentQuery, Query()]) -> Any:
        async with service.database.connection() as conn:
            municipality_id = await read_municipality(conn, query.municipality)
            wanted = CommitmentFilter(
                query.gathering, query.network, query.project, municipality_id, query.state
            )
            found = await store.seek_commitments(
                conn, wanted, after=place_after(query.cursor), count=query.limit + 1
            )
        listed = lists.page(found, query.limit, lambda commitment: commitment.commitment_id)
        return {**listed, "items": [commitment_fields(each) for each in listed["items"]]}

    @router.get(
        "/commitments/{commitment_id}",
        summary="One commitment",
        response_model=CommitmentAnswer,
        responses=problems.of(404),
        tags=["commitments"],
    )
    async def get_commitment(commitment_id: inputs.SlugPath, response: Response) -> Any:
        async with service.database.connection() as conn:
            found = await store.get_commitment(conn, commitment_id)
        response.headers["ETag"] = version_tag(found.version)
        return commitment_fields(found)

    @router.put(
        "/commitments/{commitment_id}",
        summary="Make a commitment, change it, or say what became of it",
        response_model=CommitmentPutAnswer,
        responses={201: {"model": CommitmentPutAnswer}, **PROBLEMS},
        dependencies=[service.needs(Action.OPERATE)],
        tags=["commitments"],
    )
    async def put_commitment(
        commitment_id: inputs.SlugPath,
        body: CommitmentBody,
        response: Response,
        precondition: Conditional,
    ) -> Any:
        async with service.database.transaction() as conn:
            put = await commands.put_commitment(
                conn, body.value(commitment_id), now=service.clock.now(), guard=precondition.check
            )
        mark(response, put)
        return {**commitment_fields(put.state), "changed": put.changed}
