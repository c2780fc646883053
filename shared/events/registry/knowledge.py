"""What is told of knowledge: good examples, publications, and challenges that are lifted."""

from typing import Annotated, Literal

from pydantic import Field

from shared.events.envelope import Contract, Event, Slug
from shared.events.registry.names import Names
from shared.moments import Day


class Provenance(Contract):
    """Who says it, when and where."""

    by: str
    on: Day | None = None
    where: str | None = None


class KnowledgeContract(Contract):
    """A piece of knowledge as it is.

    Attributes:
        status: of a knowledge status `much`, `fair` or `least`; of a challenge `raised`, `lifted`
            (to the national level) or `answered`; null for the rest.
        answer: of an answered challenge.
        provenance: `source` on the wire; an event's own `source` is the service.
    """

    id: Slug
    version: int
    programme_id: Slug
    kind: Literal["good-example", "publication", "film", "knowledge-status", "challenge"]
    names: Names
    summary: Names
    theme_ids: list[Slug] = []
    project_ids: list[Slug] = []
    measure_ids: list[Slug] = []
    provenance: Annotated[Provenance, Field(alias="source", serialization_alias="source")]
    status: Literal["much", "fair", "least", "raised", "lifted", "answered"] | None = None
    answer: Names | None = None


class _KnowledgeEvent(KnowledgeContract, Event):
    producer = "registry"
    aggregate = "knowledge"

    @property
    def key(self) -> str:
        return self.id


class GoodExamplePublished(_KnowledgeEvent):
    """A good example can be read."""


class GoodExampleChanged(_KnowledgeEvent):
    """A good example was changed."""


class PublicationPublished(_KnowledgeEvent):
    """A publication, a film or a knowledge status can be read."""


class PublicationChanged(_KnowledgeEvent):
    """A publication, a film or a knowledge status was changed."""


class ChallengeRaised(_KnowledgeEvent):
    """A challenge was raised."""


class ChallengeChanged(_KnowledgeEvent):
    """A challenge was changed, or lifted to the national level."""


class ChallengeAnswered(_KnowledgeEvent):
    """A challenge has an answer."""


KnowledgeEvent = (
    GoodExamplePublished
    | GoodExampleChanged
    | PublicationPublished
    | PublicationChanged
    | ChallengeRaised
    | ChallengeChanged
    | ChallengeAnswered
)
