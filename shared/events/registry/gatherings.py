"""What is told of gatherings: numbers of persons, never their names."""

from typing import Literal

from pydantic import AwareDatetime

from shared.events.envelope import Contract, Event, Slug
from shared.events.registry.names import Names

Party = Literal["elected", "administration", "union_and_staff"]


class AgendaItem(Contract):
    """Something on a gathering's agenda."""

    starts_at: AwareDatetime
    ends_at: AwareDatetime
    title: str
    kind: Literal["talk", "work", "break", "other"]
    speaker: str | None = None


class Expected(Contract):
    """Who is to come; no municipalities stands for all of the network or programme."""

    municipality_ids: list[str] = []
    parties: list[Party] = []


class Attendance(Contract):
    """How many persons of a municipality's party."""

    municipality_id: str
    party: Party
    count: int


class Panelist(Contract):
    """A municipality that has one member in the panel."""

    municipality_id: str


class Table(Contract):
    """Who sits at a table, one entry per municipality and party."""

    seats: list[Attendance]


class Evaluation(Contract):
    """How many answered the short form, and how many chose each answer."""

    question: str
    answers: dict[str, int]


class GatheringContract(Contract):
    """A gathering as it is.

    Attributes:
        signed_up: who said that they come; `attended`: who came.
        observers: persons who belong to no municipality.
        tables: the seating plan that is in force; null while there is none.
        questions: what the groups talk about.
        reason: why it was cancelled.
    """

    gathering_id: Slug
    version: int
    programme_id: Slug
    network_id: Slug | None = None
    kind: Literal["network", "project-managers", "local-theme-day", "theme-workshop", "other"]
    names: Names
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    place: str
    agenda: list[AgendaItem] = []
    expected: Expected = Expected()
    signed_up: list[Attendance] = []
    attended: list[Attendance] = []
    observers: int = 0
    panel: list[Panelist] = []
    tables: list[Table] | None = None
    questions: list[str] = []
    evaluation: list[Evaluation] = []
    state: Literal["scheduled", "cancelled", "held"]
    reason: str | None = None


class _GatheringEvent(GatheringContract, Event):
    producer = "registry"
    aggregate = "gathering"

    @property
    def key(self) -> str:
        return self.gathering_id


class GatheringScheduled(_GatheringEvent):
    """A gathering is to take place."""


class GatheringChanged(_GatheringEvent):
    """A gathering's time, place, agenda, participants or tables changed."""


class GatheringCancelled(_GatheringEvent):
    """A gathering does not take place."""


class GatheringHeld(_GatheringEvent):
    """A gathering took place; `attended` says with whom."""


GatheringEvent = GatheringScheduled | GatheringChanged | GatheringCancelled | GatheringHeld
