"""What a careless or hostile client may put on a topic, and what must become of each.

A kind spoils a good message; the same kinds go to every topic that a service consumes. `event` is
its fate where services listen to each other, `inbound` the answer that a publisher gets.
"""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from shared.kafka.inflating import GZIP, LZ4, NONE, SNAPPY, ZSTD
from tests.support.raw_records import Headers, NoText

APPLIED, REPEATED, EITHER = "applied", "repeated", "applied or a dead letter"
"""Fates that are no dead letter; of a message that one service stores and another does not, it
depends.
"""

UNREADABLE_CODES = frozenset(
    {
        "json-malformed",
        "json-duplicate-key",
        "json-too-deep",
        "number-not-finite",
        "text-unstorable",
        "value-missing",
        "envelope-incomplete",
        "header-repeated",
        "body-too-large",
    }
)
"""Answers to what could not even be taken apart, which is kept as a dead letter besides; others
were judged.
"""

HUGE = b"x" * 1_000_000
DEEP = 100_000
BOMB_BYTES = 200_000_000
HEADER_COUNT = 5_000


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it should be: what is to be spoiled.

    Attributes:
        first_id: id of the first message of the same partition, which was taken.
        largest: bytes that the topic takes in one batch.
    """

    key: bytes
    headers: dict[str, bytes]
    payload: dict[str, Any]
    first_id: bytes = b""
    largest: int = 1_000_000

    @property
    def value(self) -> bytes:
        """The payload as it is sent."""
        return json.dumps(self.payload).encode()

    def sent(
        self, value: bytes | None = b"\0same", *, codec: int = NONE, **changed: bytes | None
    ) -> "Sent":
        """Return the record, with another value or other headers; `absent` takes a header away."""
        headers: dict[str, bytes | None] = {
            **self.headers,
            **{n.replace("__", "-"): v for n, v in changed.items()},
        }
        listed = [(name, text) for name, text in headers.items() if text != b"absent"]
        return Sent(self.value if value == b"\0same" else value, listed, codec)

    def of(self, **changes: Any) -> bytes:
        """Return the payload with some fields changed."""
        return json.dumps(self.payload | changes).encode()


@dataclass(frozen=True, slots=True)
class Sent:
    """A record; `packed` is a whole batch instead of one."""

    value: bytes | None
    headers: Headers
    codec: int = NONE
    fills: bool = False
    """Whether spaces are put behind the value until the batch is as large as the topic takes."""
    inflates: bool = False
    """Whether the batch is sent packed, with so many zeros as its value that nobody may unpack it.
    """


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message: how it is spoiled, and what must become of it."""

    name: str
    event: str
    inbound: str
    make: Callable[[Message], Sent] = field(repr=False)


def _wrong_type(m: Message) -> Sent:
    # Not an id where there is anything else: what is wrong with an id has a code of its own.
    texts = [name for name, value in m.payload.items() if isinstance(value, str)]
    lists = [name for name, value in m.payload.items() if isinstance(value, list)]
    name = next(iter([*(n for n in texts if not n.endswith("_id")), *lists, *texts]))
    return m.sent(m.of(**{name: {"not": ["this"]}}))


def _nested(m: Message) -> Sent:
    return m.sent(m.value[:-1] + b', "x": ' + b"[" * 1_000 + b"]" * 1_000 + b"}")


def _unstorable(m: Message) -> Sent:
    texts = {name: value + "\0" for name, value in m.payload.items() if isinstance(value, str)}
    return m.sent(m.of(**texts))


def _twice(m: Message) -> Sent:
    name = json.dumps(next(iter(m.payload)))
    return m.sent(b"{%b: null, %b" % (name.encode(), m.value[1:]))


def _again(m: Message) -> Sent:
    named = {"submission_id": m.first_id.decode()} if "submission_id" in m.payload else {}
    return m.sent(m.of(**named), ce_id=m.first_id)


def _with(
    m: Message, *more: tuple[str, bytes | None], before: bool = False, value: bytes | None = None
) -> Sent:
    sent = m.sent() if value is None else m.sent(value)
    return Sent(sent.value, [*more, *sent.headers] if before else [*sent.headers, *more])


@cache
def _many(count: int) -> tuple[tuple[str, bytes | None], ...]:
    return tuple((f"h{number}", b"%d" % number) for number in range(count))


_FORGED: tuple[tuple[str, bytes | None], ...] = (
    ("reply_to", b"victim.v1"),
    ("correlation_id", b"forged"),
    ("traceparent", b"00-" + b"f" * 32 + b"-" + b"f" * 16 + b"-01"),
    ("tracestate", b"a=b"),
    ("baggage", b"user=operator"),
)
_FUTURE = b"no.saman.metrics.MetricUpdated.v2"
_STRUCTURED = b"application/cloudevents+json"

BODIES = (
    Kind(
        "JSON that ends too early",
        "json-malformed",
        "json-malformed",
        lambda m: m.sent(m.value[:-2]),
    ),
    Kind("a list", "json-malformed", "json-malformed", lambda m: m.sent(b"[1]")),
    Kind(
        "binary", "json-malformed", "json-malformed", lambda m: m.sent(b"\x00\xff\xfe\x01 binary")
    ),
    Kind(
        "a number that is none",
        "json-malformed",
        "number-not-finite",
        lambda m: m.sent(m.value[:-1] + b', "x":NaN}'),
    ),
    Kind("a wrong type", "schema-mismatch", "schema-mismatch", _wrong_type),
    Kind("no fields", "schema-mismatch", "field-missing", lambda m: m.sent(b"{}")),
    Kind("an extra field", APPLIED, "unknown-field", lambda m: m.sent(m.of(colour="blue"))),
    Kind("a key twice", APPLIED, "json-duplicate-key", _twice),
    Kind("null", "value-missing", "value-missing", lambda m: m.sent(None)),
    Kind("empty", "value-missing", "value-missing", lambda m: m.sent(b"")),
    Kind("a character that cannot be stored", EITHER, "text-unstorable", _unstorable),
    Kind("a type of the future", "type-unknown", "type-unknown", lambda m: m.sent(ce_type=_FUTURE)),
    Kind("an id again", REPEATED, "id-reused", _again),
)
SIZES = (
    Kind("nested to death", "json-malformed", "json-too-deep", lambda m: m.sent(b"[" * DEEP)),
    Kind("nested inside", "json-malformed", "json-too-deep", _nested),
    Kind("huge", "json-malformed", "json-malformed", lambda m: m.sent(HUGE)),
    Kind(
        "the largest that is taken",
        APPLIED,
        APPLIED,
        lambda m: Sent(m.value, m.sent().headers, fills=True),
    ),
    Kind(
        "two megabytes packed",
        APPLIED,
        "body-too-large",
        lambda m: m.sent(m.value + b" " * 2_000_000, codec=GZIP),
    ),
    Kind(
        "inflates",
        "envelope-incomplete",
        "json-malformed",
        lambda _: Sent(None, [], ZSTD, inflates=True),
    ),
)
CODECS = (
    *(
        Kind(
            name,
            APPLIED,
            APPLIED,
            lambda m, codec=codec: m.sent(m.value + b" " * 500, codec=codec),  # type: ignore[misc]
        )
        for name, codec in (("gzip", GZIP), ("snappy", SNAPPY), ("lz4", LZ4), ("zstd", ZSTD))
    ),
    Kind(
        "packed by hand",
        "json-malformed",
        "json-malformed",
        lambda m: m.sent(gzip.compress(m.value)),
    ),
)
HEADERS = (
    Kind("no headers", "envelope-incomplete", "envelope-incomplete", lambda m: Sent(m.value, [])),
    Kind(
        "no type", "envelope-incomplete", "envelope-incomplete", lambda m: m.sent(ce_type=b"absent")
    ),
    Kind(
        "a null type", "envelope-incomplete", "envelope-incomplete", lambda m: m.sent(ce_type=None)
    ),
    Kind(
        "a type that is no text",
        "envelope-incomplete",
        "envelope-incomplete",
        lambda m: m.sent(ce_type=b"\xff"),
    ),
    Kind("a null id", "envelope-incomplete", "envelope-incomplete", lambda m: m.sent(ce_id=None)),
    Kind("an id that is none", "schema-mismatch", "id-malformed", lambda m: m.sent(ce_id=b"first")),
    Kind("another header is null", APPLIED, APPLIED, lambda m: _with(m, ("note", None))),
    Kind(
        "another header is no text",
        APPLIED,
        APPLIED,
        lambda m: _with(m, ("note", b"\xff\xfe"), ("", b"")),
    ),
    Kind(
        "a name that is no text",
        APPLIED,
        APPLIED,
        lambda m: _with(m, (NoText("?"), b"1"), before=True),
    ),
    Kind(
        "a name that is no text and no JSON",
        "json-malformed",
        "json-malformed",
        lambda m: _with(m, (NoText("?"), None), value=b"{"),
    ),
    Kind("thousands", APPLIED, APPLIED, lambda m: _with(m, *_many(HEADER_COUNT))),
    Kind("a large one", APPLIED, APPLIED, lambda m: _with(m, ("note", HUGE[:500_000]))),
    Kind(
        "thousands and no JSON",
        "json-malformed",
        "json-malformed",
        lambda m: _with(m, *_many(HEADER_COUNT), value=b"{"),
    ),
    Kind(
        "a type twice, ours last",
        APPLIED,
        "header-repeated",
        lambda m: _with(m, ("ce_type", _FUTURE), before=True),
    ),
    Kind(
        "a type twice, ours first",
        "type-unknown",
        "header-repeated",
        lambda m: _with(m, ("ce_type", _FUTURE)),
    ),
    Kind(
        "an id twice",
        APPLIED,
        "header-repeated",
        lambda m: _with(m, ("ce_id", b"\xff"), ("ce_id", None), before=True),
    ),
    Kind("forged", APPLIED, APPLIED, lambda m: _with(m, *_FORGED)),
    Kind(
        "structured without",
        APPLIED,
        "envelope-incomplete",
        lambda m: m.sent(content__type=_STRUCTURED),
    ),
    Kind(
        "of a subject that nobody follows",
        APPLIED,
        APPLIED,
        lambda m: m.sent(ce_subject=b"nobody/at-all"),
    ),
)
KINDS = (*BODIES, *SIZES, *CODECS, *HEADERS)
GOOD = Kind("good", APPLIED, APPLIED, lambda m: m.sent())
