"""What all events have in common, and their form on the wire: CloudEvents 1.0 in Kafka's binary
mode.

The id, type, source, subject and time travel as `ce_*` headers, the payload as the JSON value, so a
consumer can route without reading the body. See https://github.com/cloudevents/spec (Kafka protocol
binding 1.0.2).
"""

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, from_json

from shared.errors import RuleBroken
from shared.values import Period, parse_decimal

NAMESPACE = uuid.UUID("6f1c36f5-0b6c-5c55-9a43-3f0f2f4f1f0a")
"""Root of every version 5 id that follows from one cause; changing it would double every event
derived again.
"""


def derived_id(*cause: object) -> uuid.UUID:
    """Return the one id that follows from a cause, so that doing the work twice gives the same
    event twice.
    """
    return uuid.uuid5(NAMESPACE, "\x1f".join(str(part) for part in cause))


def cloudevent_headers(
    event_id: uuid.UUID, type_: str, source: str, time: str, subject: str
) -> dict[str, str]:
    """Return the record headers of CloudEvents' binary mode; `time` as RFC 3339."""
    return {
        "ce_specversion": "1.0",
        "ce_id": str(event_id),
        "ce_source": source,
        "ce_type": type_,
        "ce_time": time,
        "ce_subject": subject,
        "content-type": "application/json",
    }


def _exact(value: object) -> Decimal:
    try:
        return parse_decimal(value)
    except RuleBroken as broken:
        raise PydanticCustomError(
            "decimal_malformed", "{message}", {"message": broken.message}
        ) from None


def _period(value: object) -> str:
    if not isinstance(value, str | Period):
        raise PydanticCustomError(
            "period_malformed",
            "a period must be a text such as 2013-02, got {value}",
            {"value": repr(value)[:40]},
        )
    try:
        return str(Period.parse(str(value)))
    except RuleBroken as broken:
        raise PydanticCustomError(
            "period_malformed", "{message}", {"message": broken.message}
        ) from None


_EXACT_SCHEMA = {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"}

Exact = Annotated[
    Decimal,
    BeforeValidator(_exact),
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"anyOf": [_EXACT_SCHEMA, {"type": "number"}]}, mode="validation"),
    WithJsonSchema(_EXACT_SCHEMA, mode="serialization"),
]
"""An exact decimal, a string on the wire; JSON numbers are accepted on the way in (CONTRACTS 1)."""

PeriodText = Annotated[
    str,
    BeforeValidator(_period),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{4}(-(0[1-9]|1[0-2])|-Q[1-4]|-H[12])?$"}),
]
"""A period in its written form; `Period.parse` makes the value of it."""

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,62}[a-z0-9]$")]
"""An id chosen by a client (CONTRACTS 1)."""

MunicipalityNumber = Annotated[str, Field(pattern=r"^[0-9]{4}$")]
OrganisationNumber = Annotated[str, Field(pattern=r"^[0-9]{9}$")]


class Contract(BaseModel):
    """A part of an event. Consumers ignore fields that they do not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
    )


class Event(Contract):
    """One thing that happened.

    Attributes:
        event_id: stable over every repetition of this event (`ce_id`).
        occurred_at: when it happened (`ce_time`).
    """

    producer: ClassVar[str]
    aggregate: ClassVar[str]
    version_number: ClassVar[int] = 1

    event_id: uuid.UUID = Field(default_factory=uuid.uuid4, exclude=True)
    occurred_at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC), exclude=True)

    @classmethod
    def topic(cls) -> str:
        """The topic that all events of this aggregate share."""
        return f"{cls.producer}.{cls.aggregate}.v{cls.version_number}"

    @classmethod
    def type(cls) -> str:
        """The CloudEvents type."""
        return f"no.saman.{cls.producer}.{cls.__name__}.v{cls.version_number}"

    @property
    def source(self) -> str:
        """The CloudEvents source."""
        return f"/saman/{self.producer}"

    @property
    def key(self) -> str:
        """The id of the thing whose order matters; the record key and the CloudEvents subject."""
        raise NotImplementedError

    def headers(self) -> dict[str, str]:
        """The record headers of the binary mode."""
        time = self.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return cloudevent_headers(self.event_id, self.type(), self.source, time, self.key)

    def payload(self) -> bytes:
        """The record value; empty of a tombstone, which has none."""
        return self.__pydantic_serializer__.to_json(self, by_alias=True)

    @classmethod
    def from_wire(cls, event_id: str, occurred_at: str, body: bytes) -> Self:
        """Read an event back from its headers and its value.

        Raises:
            ValueError: the body is no JSON object, or does not fit the contract (pydantic's
                `ValidationError`).
        """
        content = from_json(body, allow_inf_nan=False)
        if not isinstance(content, dict):
            raise ValueError(f"the value must be a JSON object, got {type(content).__name__}")
        content = cls.renamed(content)
        content["event_id"] = event_id
        content["occurred_at"] = occurred_at
        return cls.model_validate(content)

    @classmethod
    def renamed(cls, content: dict[str, Any]) -> dict[str, Any]:
        """Give payload fields that bear an envelope's name the attribute's name; most events have
        none.
        """
        return content


class Tombstone(Event):
    """An event without a value: a compacted topic forgets its key. All it says is the key's id."""

    def payload(self) -> bytes:
        """Nothing: that is what makes compaction forget."""
        return b""

    @classmethod
    def from_key(cls, event_id: str, occurred_at: str, key: str) -> Self:
        """Read it back from its headers and its key.

        Raises:
            ValueError: the key is no such id.
        """
        (field,) = cls.model_fields.keys() - {"event_id", "occurred_at"}
        return cls.model_validate({"event_id": event_id, "occurred_at": occurred_at, field: key})
