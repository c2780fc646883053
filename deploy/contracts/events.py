"""All events that cross a border, as outsiders see them: type, topic, key, headers, JSON Schema."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode

from shared.delivery.records import event_types
from shared.events.catalogue import OWN_TOPICS
from shared.events.envelope import Event, Tombstone
from shared.events.inbound import Submitted, topics_of_publisher
from shared.events.reporting import SubmissionAccepted, SubmissionRejected
from shared.events.topics import Topic
from shared.http.json_schema import DescribedSchema, read_docstring, self_contained

PLACE = "events"
"""Folder of the schemas below `docs/contracts`."""

BASE = "https://saman.no/contracts"
"""Root of the schemas' ids. An id is a name; nothing is fetched from there."""

INBOUND = "inbound"
ORGNR = "{orgnr}"

KEYS = {
    "registry.municipality": "{municipality_id}",
    "registry.programme": "{programme_id}",
    "registry.project": "{project_id}",
    "registry.metric": "{metric_id}",
    "registry.network": "{network_id}",
    "registry.gathering": "{gathering_id}",
    "registry.commitment": "{commitment_id}",
    "registry.grant": "{grant_id}",
    "registry.knowledge": "{id}",
    "registry.publisher": "{organisation_number}",
    "registry.person": "{person_id}",
    "reporting.figure": "{municipality_id}",
    "reporting.report": "{obligation_id}",
    "reporting.round": "{round_id}",
    "reporting.form": "{form_id}",
    "reporting.receipt": "{submission_id}",
    "metrics.metric": "{subject}|{metric}|{definition_key}|{period}",
    "metrics.milestone": "{subject}",
    "notifications.delivery": "{delivery_id}",
    "inbound.figures": "{municipality}",
    "inbound.reports": "{obligation_id}",
}
"""How the record key, and the CloudEvents subject, follow from the payload."""

OTHER_KEYS = {
    "inbound.FigureWithdrawn.v1": (
        "the key of the figure that is taken back, so that it stays behind it"
    ),
    "reporting.SubmissionRejected.v1": "{submission_id}, or {origin} when there is no id",
}
"""Where the key of a type is another than its aggregate's."""


@dataclass(frozen=True, slots=True)
class Described:
    """One type of event.

    Attributes:
        model: the class that writes or reads its payload.
        producer: a service, or `inbound` for what publishers send.
        type: the CloudEvents type.
        address: the topic, with `{orgnr}` where each publisher has its own.
        aggregate: what the key is the id of, with its producer.
    """

    model: type[BaseModel]
    producer: str
    type: str
    address: str
    aggregate: str

    @property
    def name(self) -> str:
        """The class's name, told apart from others' by its producer, and the version."""
        return self.type.removeprefix("no.saman.")

    @property
    def file(self) -> str:
        """The file of its schema."""
        return f"{self.name}.json"

    @property
    def summary(self) -> str:
        """The first sentence of its meaning."""
        return read_docstring(self.model.__doc__ or "")[0].partition("\n\n")[0].replace("\n", " ")

    @property
    def is_taken(self) -> bool:
        """Whether publishers send it to us, rather than we to consumers."""
        return self.producer == INBOUND

    @property
    def key(self) -> str:
        """How the record key follows from the payload."""
        return OTHER_KEYS.get(self.name, KEYS[self.aggregate])

    def payload(self) -> dict[str, Any]:
        """Return the JSON Schema of its payload, all in one, titled as no other payload is."""
        if issubclass(self.model, Tombstone):
            return {"title": self.name, "type": "null", "description": self.summary}
        mode: JsonSchemaMode = "validation" if self.is_taken else "serialization"
        written = self.model.model_json_schema(mode=mode, schema_generator=DescribedSchema)
        return self_contained(written) | {"title": self.name}

    def schema(self) -> dict[str, Any]:
        """Return the document of its payload's schema."""
        head = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"{BASE}/{PLACE}/{self.file}",
        }
        return head | self.payload()

    def headers(self) -> dict[str, Any]:
        """Return the JSON Schema of its record headers: CloudEvents 1.0, binary mode."""
        source = {"const": f"/saman/{self.producer}"}
        if self.is_taken:
            source = {"pattern": "^/publisher/[0-9]{9}$"}
        properties = {
            "ce_specversion": {"const": "1.0"},
            "ce_id": {"format": "uuid", "description": "Repeats exactly when the event repeats."},
            "ce_type": {"const": self.type},
            "ce_source": source,
            "ce_time": {"format": "date-time", "description": "When it happened, in UTC."},
            "ce_subject": {"description": f"The record key: {self.key}."},
            "content-type": {"const": "application/json"},
        }
        taken = ["ce_specversion", "ce_id", "ce_source", "ce_type"]
        required = taken if self.is_taken else list(properties)
        typed = {name: {"type": "string"} | schema for name, schema in properties.items()}
        return {"type": "object", "properties": typed, "required": required}


def all_events() -> list[Described]:
    """Return every event that a contract defines, by type."""
    own = [cls for cls in event_types().values() if cls.__module__.startswith("shared.events.")]
    described = [
        Described(cls, cls.producer, cls.type(), _address(cls), f"{cls.producer}.{cls.aggregate}")
        for cls in own
    ]
    described += [
        Described(cls, INBOUND, cls.type, f"inbound.{ORGNR}.{cls.kind}.v1", f"inbound.{cls.kind}")
        for cls in submissions(Submitted)
    ]
    return sorted(described, key=lambda event: event.type)


def submissions(cls: type[Submitted]) -> Iterator[type[Submitted]]:
    """Yield the contracts of what publishers send."""
    for sub in cls.__subclasses__():
        if "type" in sub.__dict__:
            yield sub
        yield from submissions(sub)


def topic_at(address: str) -> Topic:
    """Return how the topic of an address is kept.

    Raises:
        LookupError: events go to a topic that nobody makes.
    """
    known = (*OWN_TOPICS, *topics_of_publisher(ORGNR))
    return next(topic for topic in known if topic.name == address)


def text_of(document: Any) -> str:
    """Write a document so that the same document is always the same text."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _address(cls: type[Event]) -> str:
    if issubclass(cls, SubmissionAccepted | SubmissionRejected):
        return cls.topic_of(ORGNR)
    return cls.topic()
