"""Kafka records as they came, and reading events out of them.

Nothing here trusts a record: headers may be null or no text, values may be missing, and `reply_to`,
tracing and correlation headers from outside have no effect because they are never read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from shared.errors import RuleBroken
from shared.events.envelope import Event, Tombstone

VALUE_BYTES_MAX = 1_048_576
"""A record larger than a figures request may be (CONTRACTS 3) is refused unread."""


class Unreadable(RuleBroken):
    """A record that cannot be read; it goes to the dead letters as it is."""

    default_code = "record-unreadable"


@dataclass(frozen=True, slots=True)
class Record:
    """One consumed Kafka record.

    Attributes:
        timestamp: when it came to the log, in milliseconds since 1970; None where that is not
            known.
        origin: `topic/partition/offset`, the place in the log.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None
    timestamp: int | None = field(default=None, compare=False)

    @property
    def origin(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    def emptied(self) -> "Record":
        """Return the record with its origin only, without key, headers and value."""
        return replace(self, key=None, headers=(), value=None)

    @property
    def is_empty(self) -> bool:
        """Whether only the origin is left; see `emptied`."""
        return self.key is None and not self.headers and self.value is None

    @property
    def is_structured(self) -> bool:
        """Whether the value holds the CloudEvents envelope too; media types are in any case (RFC
        9110 §8.3.1).
        """
        media_type = self.media_type or ""
        return media_type.partition(";")[0].strip().lower() == "application/cloudevents+json"

    @property
    def media_type(self) -> str | None:
        """What the value is written in, as a header says."""
        return self.header("content-type") or self.header("content_type")

    def header(self, name: str) -> str | None:
        """Return a header's text; None when absent, null or no UTF-8. The last of several
        counts.
        """
        for key, value in reversed(self.headers):
            if key == name:
                try:
                    return None if value is None else value.decode()
                except UnicodeDecodeError:
                    return None
        return None


def event_types() -> dict[str, type[Event]]:
    """All concrete events that any contract defines, by CloudEvents type."""
    concrete = (
        cls
        for cls in _subclasses(Event)
        if hasattr(cls, "producer") and not cls.__name__.startswith("_")
    )
    return {cls.type(): cls for cls in concrete}


def read_event(
    record: Record, wanted: Mapping[str, type[Event]], known: Mapping[str, type[Event]]
) -> Event | None:
    """Read the event in a record; None when it is of a type that this consumer has no use for.

    Raises:
        Unreadable: no value, no envelope, a type that no contract knows, or a body that does not
            fit its contract.
    """
    kind = record.header("ce_type")
    if kind is None:
        raise Unreadable("the header ce_type is missing or no text", code="envelope-incomplete")
    cls = wanted.get(kind)
    if cls is None:
        if kind in known:
            return None
        raise Unreadable(f"no contract knows the type {kind[:120]!r}", code="type-unknown")
    event_id, occurred_at = record.header("ce_id"), record.header("ce_time")
    if event_id is None or occurred_at is None:
        raise Unreadable(
            "the header ce_id or ce_time is missing or no text", code="envelope-incomplete"
        )
    if issubclass(cls, Tombstone):
        return _read_tombstone(record, cls, event_id, occurred_at)
    if not record.value:
        raise Unreadable("the record has no value", code="value-missing")
    try:
        return cls.from_wire(event_id, occurred_at, record.value)
    except ValidationError as error:
        raise Unreadable(
            f"the value does not fit {kind}: {_summary(error)}", code="schema-mismatch"
        ) from None
    except ValueError as error:
        raise Unreadable(
            f"the value is no JSON object: {str(error)[:200]}", code="json-malformed"
        ) from None


def _read_tombstone(
    record: Record, cls: type[Tombstone], event_id: str, occurred_at: str
) -> Tombstone:
    if record.value is not None:
        raise Unreadable(f"{cls.type()} has no value, the record has one", code="schema-mismatch")
    try:
        return cls.from_key(event_id, occurred_at, (record.key or b"").decode())
    except ValueError as error:  # pydantic's ValidationError is one
        raise Unreadable(f"the key does not fit {cls.type()}", code="schema-mismatch") from error


def _summary(error: ValidationError) -> str:
    # The input itself is left out: it may hold what must not be kept in a log or an error text.
    parts = [
        f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
        for fault in error.errors(include_input=False)[:5]
    ]
    return "; ".join(parts)[:600]


def _subclasses(cls: type[Event]) -> Iterator[type[Event]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)
