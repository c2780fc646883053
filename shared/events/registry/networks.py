"""What is told of networks: projects that learn from each other under a lead."""

from typing import Annotated

from pydantic import Field

from shared.events.envelope import Contract, Event, Slug
from shared.events.registry.names import Names
from shared.moments import Day


class NetworkMember(Contract):
    """A project's part in a network, from a first to a last day. No `to` means still."""

    project_id: Slug
    from_: Annotated[Day | None, Field(alias="from", serialization_alias="from")] = None
    to: Day | None = None


class NetworkContract(Contract):
    """A network as it is.

    Attributes:
        goals: what it wants to reach, in words.
    """

    network_id: Slug
    version: int
    programme_id: Slug
    names: Names
    cohort_ids: list[Slug] = []
    theme_ids: list[Slug] = []
    members: list[NetworkMember] = []
    goals: list[Names] = []


class _NetworkEvent(NetworkContract, Event):
    producer = "registry"
    aggregate = "network"

    @property
    def key(self) -> str:
        return self.network_id


class NetworkFormed(_NetworkEvent):
    """A network exists from now on."""


class NetworkChanged(_NetworkEvent):
    """A network's names, themes, members or goals changed."""


NetworkEvent = NetworkFormed | NetworkChanged
