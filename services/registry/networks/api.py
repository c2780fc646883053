"""Networks over HTTP, as data that a client puts."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StrictInt

from services.registry.entries.api import PROBLEMS, NamesBody, mark, place_after
from services.registry.networks import commands, store
from services.registry.networks.events import network_fields
from services.registry.networks.rules import Network, NetworkMember
from services.registry.networks.store import NetworkFilter
from shared.access.roles import Action
from shared.events import registry as told
from shared.events.envelope import Slug
from shared.http import inputs, lists, problems
from shared.http.preconditions import Conditional, version_tag
from shared.moments import Day
from shared.service.runtime import Service


class NetworkMemberBody(inputs.RequestModel):
    """A project's part in the network, from its first to its last day."""

    project_id: Slug
    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None


class NetworkBody(inputs.RequestModel):
    """A network as a whole. `network_id` and `version` may be sent back and are not used."""

    programme_id: Slug
    names: NamesBody
    cohort_ids: list[Slug] = Field(default=[], max_length=50)
    theme_ids: list[Slug] = Field(default=[], max_length=50)
    members: list[NetworkMemberBody] = Field(default=[], max_length=500)
    goals: list[NamesBody] = Field(default=[], max_length=50)
    network_id: Slug | None = None
    version: StrictInt | None = None

    def value(self, network_id: str) -> Network:
        """Return the domain's value."""
        return Network(
            network_id,
            self.programme_id,
            self.names.value(),
            tuple(self.cohort_ids),
            tuple(self.theme_ids),
            tuple(NetworkMember(each.project_id, each.from_, each.to) for each in self.members),
            tuple(goal.value() for goal in self.goals),
        )


class NetworkQuery(lists.ListQuery):
    """Which networks to list; what is not given does not narrow."""

    programme: Slug | None = None
    project: Slug | None = Field(default=None, description="That it is or was in.")


class NetworkAnswer(told.NetworkContract):
    """A network as it is registered."""


class NetworkPutAnswer(NetworkAnswer):
    """The state in force; `changed` tells whether this request changed it."""

    changed: bool


class NetworkList(BaseModel):
    """Networks by id."""

    items: list[NetworkAnswer]
    next: str | None


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the routes of networks."""

    @router.get("/networks", summary="Networks", response_model=NetworkList, tags=["networks"])
    async def list_networks(query: Annotated[NetworkQuery, Query()]) -> Any:
        wanted = NetworkFilter(query.programme, query.project)
        async with service.database.connection() as conn:
            found = await store.seek_networks(
                conn, wanted, after=place_after(query.cursor), count=query.limit + 1
            )
        listed = lists.page(found, query.limit, lambda network: network.network_id)
        return {**listed, "items": [network_fields(each) for each in listed["items"]]}

    @router.get(
        "/networks/{network_id}",
        summary="One network with its members",
        response_model=NetworkAnswer,
        responses=problems.of(404),
        tags=["networks"],
    )
    async def get_network(network_id: inputs.SlugPath, response: Response) -> Any:
        async with service.database.connection() as conn:
            found = await store.get_network(conn, network_id)
        response.headers["ETag"] = version_tag(found.version)
        return network_fields(found)

    @router.put(
        "/networks/{network_id}",
        summary="Form or change a network",
        response_model=NetworkPutAnswer,
        responses={201: {"model": NetworkPutAnswer}, **PROBLEMS},
        dependencies=[service.needs(Action.OPERATE)],
        tags=["networks"],
    )
    async def put_network(
        network_id: inputs.SlugPath,
        body: NetworkBody,
        response: Response,
        precondition: Conditional,
    ) -> Any:
        async with service.database.transaction() as conn:
            put = await commands.put_network(
                conn, body.value(network_id), now=service.clock.now(), guard=precondition.check
            )
        mark(response, put)
        return {**network_fields(put.state), "changed": put.changed}
