"""What is told of municipalities."""

from typing import Annotated

from pydantic import Field

from shared.events.envelope import (
    Contract,
    Event,
    MunicipalityNumber,
)
from shared.moments import Day


class MunicipalityVersion(Contract):
    """What a municipality was called and numbered from `valid_from` until `valid_to` (the first day
    no longer so).
    """

    number: MunicipalityNumber
    name: str
    county_number: str
    county_name: str
    valid_from: Day
    valid_to: Day | None = None


class Successor(Contract):
    """A municipality that took over all or part of another, on a date."""

    municipality_id: str
    on: Day


class _MunicipalityEvent(Event):
    producer = "registry"
    aggregate = "municipality"

    municipality_id: str
    version: int
    versions: list[MunicipalityVersion]
    aliases: list[str] = []
    predecessors: list[str] = []
    successors: list[Successor] = []
    change_id: str | None = None

    @property
    def key(self) -> str:
        return self.municipality_id


class MunicipalityRegistered(_MunicipalityEvent):
    """A municipality is known from now on."""


class MunicipalityChanged(_MunicipalityEvent):
    """A municipality got another name, number or county, or other aliases."""


class MunicipalitiesMerged(_MunicipalityEvent):
    """This municipality ended in, or began by, a merger; `change_id` ties the parts together."""


class MunicipalitySplit(_MunicipalityEvent):
    """This municipality was divided, or began as a part of a divided one."""


MunicipalityEvent = (
    MunicipalityRegistered | MunicipalityChanged | MunicipalitiesMerged | MunicipalitySplit
)


class Member(Contract):
    """A municipality that takes part in a project from a first to a last day. No `to` means
    still.
    """

    municipality_id: str
    from_: Annotated[Day | None, Field(alias="from", serialization_alias="from")] = None
    to: Day | None = None
