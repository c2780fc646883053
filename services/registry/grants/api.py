"""Grants over HTTP, as data that a client puts, and their sums."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StrictBool, StrictInt

from services.registry.entries.api import PROBLEMS, mark, place_after
from services.registry.grants import commands, store
from services.registry.grants.events import grant_fields
from services.registry.grants.rules import Grant
from services.registry.grants.store import GrantFilter
from services.registry.programmes.store import get_programme
from shared.access.roles import Action
from shared.events import registry as told
from shared.events.envelope import Exact, Slug
from shared.fields import Line
from shared.http import inputs, lists, problems
from shared.http.preconditions import Conditional, version_tag
from shared.service.runtime import Service


class GrantBody(inputs.RequestModel):
    """A grant as a whole. `grant_id` and `version` may be sent back and are not used."""

    project_id: Slug
    year: StrictInt
    amount: Exact = Field(description="In kroner.")
    conditional: StrictBool = False
    letter: Line | None = None
    grant_id: Slug | None = None
    version: StrictInt | None = None

    def value(self, grant_id: str) -> Grant:
        """Return the domain's value."""
        return Grant(
            grant_id, self.project_id, self.year, self.amount, self.conditional, self.letter
        )


class GrantQuery(lists.ListQuery):
    """Which grants to list; what is not given does not narrow."""

    programme: Slug | None = None
    project: Slug | None = None
    year: Annotated[int, Field(ge=1, le=9999)] | None = None


class GrantAnswer(told.GrantContract):
    """A grant as it is."""


class GrantPutAnswer(GrantAnswer):
    """The state in force; `changed` tells whether this request changed it."""

    changed: bool


class GrantList(BaseModel):
    """Grants by id."""

    items: list[GrantAnswer]
    next: str | None


class GrantSumAnswer(BaseModel):
    """What was given in kroner: `by` project, cohort, theme or year, or `all`."""

    by: str
    value: str
    amount: Exact
    conditional: Exact


class GrantSumsAnswer(BaseModel):
    """Sums of a programme's grants. A project of several themes counts whole for each of them."""

    programme_id: str
    sums: list[GrantSumAnswer]


class SumsQuery(inputs.RequestModel):
    """Whose grants are added up."""

    programme: Slug


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the routes of grants."""
    _add_reading(router, service)

    @router.put(
        "/grants/{grant_id}",
        summary="Award or change a grant",
        response_model=GrantPutAnswer,
        responses={201: {"model": GrantPutAnswer}, **PROBLEMS},
        dependencies=[service.needs(Action.OPERATE)],
        tags=["grants"],
    )
    async def put_grant(
        grant_id: inputs.SlugPath, body: GrantBody, response: Response, precondition: Conditional
    ) -> Any:
        async with service.database.transaction() as conn:
            put = await commands.put_grant(
                conn, body.value(grant_id), now=service.clock.now(), guard=precondition.check
            )
        mark(response, put)
        return {**grant_fields(put.state), "changed": put.changed}


def _add_reading(router: APIRouter, service: Service) -> None:

    @router.get("/grants", summary="Grants", response_model=GrantList, tags=["grants"])
    async def list_grants(query: Annotated[GrantQuery, Query()]) -> Any:
        wanted = GrantFilter(query.programme, query.project, query.year)
        async with service.database.connection() as conn:
            found = await store.seek_grants(
                conn, wanted, after=place_after(query.cursor), count=query.limit + 1
            )
        listed = lists.page(found, query.limit, lambda grant: grant.grant_id)
        return {**listed, "items": [grant_fields(each) for each in listed["items"]]}

    @router.get(
        "/grant-sums",
        summary="What a programme gave, by project, cohort, theme and year",
        response_model=GrantSumsAnswer,
        responses=problems.of(404),
        tags=["grants"],
    )
    async def sum_grants(query: Annotated[SumsQuery, Query()]) -> Any:
        async with service.database.connection() as conn:
            await get_programme(conn, query.programme)
            sums = await store.sum_grants(conn, query.programme)
        return {
            "programme_id": query.programme,
            "sums": [
                {
                    "by": each.by,
                    "value": each.value,
                    "amount": each.amount,
                    "conditional": each.conditional,
                }
                for each in sums
            ],
        }

    @router.get(
        "/grants/{grant_id}",
        summary="One grant",
        response_model=GrantAnswer,
        responses=problems.of(404),
        tags=["grants"],
    )
    async def get_grant(grant_id: inputs.SlugPath, response: Response) -> Any:
        async with service.database.connection() as conn:
            found = await store.get_grant(conn, grant_id)
        response.headers["ETag"] = version_tag(found.version)
        return grant_fields(found)
