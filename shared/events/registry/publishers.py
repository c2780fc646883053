"""What is told of publishers and their keys; internal."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from shared.events.envelope import (
    Contract,
    Event,
    OrganisationNumber,
)
from shared.moments import Day


class SpeaksFor(Contract):
    """A municipality that a publisher may speak for, between two dates."""

    municipality_id: str
    from_: Annotated[Day | None, Field(alias="from", serialization_alias="from")] = None
    to: Day | None = None


class PublisherKey(Contract):
    """One live key: its public id and the SHA-256 (hex) of the whole key."""

    key_id: str
    hash: str
    expires_at: datetime | None = None


class _PublisherEvent(Event):
    producer = "registry"
    aggregate = "publisher"

    organisation_number: OrganisationNumber
    version: int
    name: str
    may_speak_for: list[SpeaksFor] = []
    keys: list[PublisherKey] = []
    revoked_at: datetime | None = None

    @property
    def key(self) -> str:
        return self.organisation_number


class PublisherRegistered(_PublisherEvent):
    """An organisation may publish from now on."""


class PublisherChanged(_PublisherEvent):
    """A publisher's name, keys or municipalities changed."""


class PublisherRevoked(_PublisherEvent):
    """A publisher may not publish any longer."""


PublisherEvent = PublisherRegistered | PublisherChanged | PublisherRevoked
