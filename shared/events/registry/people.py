"""What is told of persons and their roles; internal."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.events.envelope import (
    Contract,
    Event,
    Slug,
    Tombstone,
)
from shared.moments import Day


class RoleScope(Contract):
    """Where a role is held: in a programme, and there in a project, a network, or what is reviewed.

    Empty lists of cohorts and report kinds mean all of them.
    """

    programme: Slug
    project: Slug | None = None
    network: Slug | None = None
    cohorts: list[Slug] = []
    report_kinds: list[Slug] = []


class RoleContract(Contract):
    """A role that a person holds, from a first to the end of a last day in Europe/Oslo."""

    role: Literal[
        "secretariat",
        "network-lead",
        "project-owner",
        "project-manager",
        "party-representative",
        "reviewer",
        "reader",
    ]
    scope: RoleScope
    party: Literal["elected", "administration", "union_and_staff"] | None = None
    from_: Annotated[Day | None, Field(alias="from", serialization_alias="from")] = None
    to: Day | None = None


class _AboutPerson(Event):
    producer = "registry"
    aggregate = "person"

    person_id: UUID

    @property
    def key(self) -> str:
        return str(self.person_id)


class _PersonEvent(_AboutPerson):
    """Somebody who may sign in. Internal: only our services read it.

    Attributes:
        person_id: random, made by us; it says nothing of who it is.
        email: where links to sign in and reminders go.
        sessions_valid_from: a session that began earlier is over.
    """

    version: int
    display_name: str
    email: str
    language: Literal["nb", "nn", "en"]
    roles: list[RoleContract] = []
    sessions_valid_from: datetime


class PersonRegistered(_PersonEvent):
    """Somebody may sign in from now on."""


class PersonChanged(_PersonEvent):
    """A person's name, address, language, roles or sessions changed."""


class PersonErased(_AboutPerson, Tombstone):
    """A person is forgotten. The record has no value, so that compaction forgets as well."""


PersonEvent = PersonRegistered | PersonChanged | PersonErased
