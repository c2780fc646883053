"""Reads the envelope of what publishers send: CloudEvents 1.0 in Kafka's binary or structured mode.

See https://github.com/cloudevents/spec, the Kafka protocol binding 1.0.2 and the JSON event format
1.0.2. The content itself is judged elsewhere.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from shared import strict_json
from shared.clock import Clock
from shared.delivery.records import VALUE_BYTES_MAX, Record, Unreadable
from shared.errors import RuleBroken

SPECVERSION = "1.0"
STRUCTURED = "application/cloudevents+json"

_REQUIRED = ("specversion", "id", "source", "type")
_CONTENT = frozenset({"data", "data_base64"})
_IDS = ("id", "figure_id", "submission_id")
"""Where the id of a record without a whole envelope may stand: that of a structured event first,
then those of bodies as they are posted over HTTP.
"""

_BLANK = re.compile(r"[ \t\r\n]*")
_NO_TEXT = "\ufffd"
"""What stands in the place of bytes that are no UTF-8."""

_MEMBERS_READ_MAX = 64
"""An envelope has about ten members; a body of a megabyte could have a hundred thousand."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What a municipal system published on an inbound topic, its envelope read and its content not
    yet judged.

    Attributes:
        publisher: organisation number out of the topic's name, which the broker's ACL protects.
        submission_id: `ce_id` as it was sent.
        type: `ce_type`.
        content: the JSON object.
        attributes: all that the envelope says, in either mode, without the content.
        origin: place in the log.
        arrived_at: when the broker appended the record, by the clock of the stack.
    """

    publisher: str
    submission_id: str
    type: str
    content: dict[str, Any]
    attributes: Mapping[str, object]
    origin: str
    arrived_at: datetime
    record: Record = field(repr=False)


def read_submission(record: Record, clock: Clock) -> Submission:
    """Read the envelope of an inbound record.

    Args:
        clock: shows when the broker appended it.

    Raises:
        Unreadable: `value-missing`, `body-too-large`; `header-repeated`, two values for one
            attribute; `envelope-incomplete`, `specversion-unknown`, `media-type`; a code of
            `strict_json`; the sentence names the attribute or header.
    """
    attributes = _attributes_of(record)
    if not record.value:
        raise Unreadable("the record has no value", code="value-missing")
    if len(record.value) > VALUE_BYTES_MAX:
        raise Unreadable(
            f"the record has {len(record.value)} bytes, at most {VALUE_BYTES_MAX} are taken",
            code="body-too-large",
        )
    _refuse_other_media_types(record)
    content = _object(record.value, "the value")
    if record.is_structured:
        _refuse_other_values(attributes, content)
        attributes |= {name: value for name, value in content.items() if name not in _CONTENT}
        _check(attributes)
        content = _data(content)
    else:
        _refuse_disguised(record, attributes, content)
        _check(attributes)
    publisher = record.topic.split(".")[1]
    id_, type_ = str(attributes["id"]), str(attributes["type"])
    return Submission(
        publisher,
        id_,
        type_,
        content,
        attributes,
        record.origin,
        clock.at(record.timestamp),
        record,
    )


def sent_id(record: Record) -> str | None:
    """Return the id that a publisher gave, as it was sent, wherever it can be read; None where
    there is none, or two.

    It is for the receipt of a record that could not be read; so half of a JSON object is enough.
    """
    headers = {value for name, value in record.headers if name == "ce_id" and value}
    if headers:
        return _only({value.decode(errors="replace") for value in headers})
    members = [(name, value) for name, value in _members(record.value or b"") if value]
    for wanted in _IDS:
        if given := {value for name, value in members if name == wanted}:
            return _only(given)
    return None


def _only(ids: set[str]) -> str | None:
    return ids.pop() if len(ids) == 1 and not any(_NO_TEXT in id_ for id_ in ids) else None


def _attributes_of(record: Record) -> dict[str, object]:
    """Return the attributes that stand in headers.

    Clients disagree on which of several equal headers counts, and a retry that another one reads
    would count twice. Equal copies do no harm.
    """
    seen: dict[str, bytes | None] = {}
    for name, value in record.headers:
        is_read = name.startswith("ce_") or name in ("content-type", "content_type")
        if is_read and seen.setdefault(name, value) != value:
            raise Unreadable(
                f"the header {name[:60]} stands there twice with different values; send it once",
                code="header-repeated",
            )
    return {
        name.removeprefix("ce_"): (value or b"").decode(errors="replace")
        for name, value in seen.items()
        if name.startswith("ce_")
    }


def _refuse_other_values(headers: Mapping[str, object], envelope: Mapping[str, object]) -> None:
    for name in _REQUIRED:
        if name in headers and name in envelope and headers[name] != envelope[name]:
            raise Unreadable(
                f"the header ce_{name} and the event's {name} differ; send it once, in the event",
                code="header-repeated",
            )


def _refuse_other_media_types(record: Record) -> None:
    media_type = record.media_type
    if media_type is None or record.is_structured or _is_json(media_type):
        return
    raise Unreadable(
        f"the header content-type says {media_type[:60]!r}; taken are application/json for content"
        f" whose attributes stand in ce_ headers, and {STRUCTURED} for a whole event",
        code="media-type",
    )


def _refuse_disguised(
    record: Record, attributes: Mapping[str, object], content: Mapping[str, object]
) -> None:
    """Refuse a structured event whose headers do not say that it is one."""
    if "specversion" not in content or attributes.keys() & set(_REQUIRED):
        return
    media_type = record.media_type
    said = "is missing" if media_type is None else f"says {media_type[:60]!r}"
    raise Unreadable(
        "the value is a CloudEvent in structured mode, but the header content-type"
        f" {said}; send content-type: {STRUCTURED}",
        code="media-type",
    )


def _check(attributes: Mapping[str, object]) -> None:
    for name in _REQUIRED:
        value = attributes.get(name)
        if not isinstance(value, str) or not value or _NO_TEXT in value:
            raise Unreadable(
                f"the CloudEvents attribute {name} is missing or no text; it stands in the header"
                f" ce_{name}, or as {name} in an event sent as {STRUCTURED}",
                code="envelope-incomplete",
            )
    if attributes["specversion"] != SPECVERSION:
        raise Unreadable(
            f"specversion must be {SPECVERSION}, got {str(attributes['specversion'])[:20]!r}",
            code="specversion-unknown",
        )


def _data(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a structured event, in each of the three forms that senders write."""
    media_type = envelope.get("datacontenttype")
    if media_type is not None and not (isinstance(media_type, str) and _is_json(media_type)):
        raise Unreadable(
            f"datacontenttype must be application/json, got {str(media_type)[:60]!r}",
            code="media-type",
        )
    data, packed = envelope.get("data"), envelope.get("data_base64")
    if data is not None and packed is not None:
        raise Unreadable(
            "data and data_base64 stand there both; send one of them", code="envelope-contradictory"
        )
    if packed is not None:
        return _object(_unpacked(packed), "data_base64")
    if isinstance(data, str):
        return _object(data.encode(), "data")
    if not isinstance(data, dict):
        raise Unreadable(
            "the event needs data, a JSON object, or data_base64, the same in base64",
            code="envelope-incomplete",
        )
    return data


def _unpacked(packed: object) -> bytes:
    try:
        return base64.b64decode(packed, validate=True) if isinstance(packed, str) else b""
    except (binascii.Error, ValueError):
        raise Unreadable("data_base64 is no base64 (RFC 4648 §4)", code="json-malformed") from None


def _object(body: bytes, what: str) -> dict[str, Any]:
    try:
        content = strict_json.loads(body)
    except RuleBroken as broken:
        raise Unreadable(f"{what}: {broken.message}", code=broken.code) from None
    if not isinstance(content, dict):
        raise Unreadable(
            f"{what} must be a JSON object, got {type(content).__name__}", code="json-malformed"
        )
    return content


def _is_json(media_type: str) -> bool:
    """Tell whether a media type is JSON's, or has its suffix (RFC 6839); an event is not
    content.
    """
    name = media_type.partition(";")[0].strip().lower()
    return name in ("application/json", "text/json") or (
        name.endswith("+json") and not name.startswith("application/cloudevents")
    )


def _members(body: bytes) -> Iterator[tuple[str, str | None]]:
    """Yield the first members of a JSON object as far as it can be read, and their values where
    they are texts.
    """
    text = body[:VALUE_BYTES_MAX].removeprefix(strict_json.BYTE_ORDER_MARK).decode(errors="replace")
    with suppress(ValueError, RecursionError):  # here the object cannot be read any further
        yield from islice(_pairs(text, json.JSONDecoder()), _MEMBERS_READ_MAX)


def _pairs(text: str, decoder: json.JSONDecoder) -> Iterator[tuple[str, str | None]]:
    place = _expect("{", text, 0)
    while True:
        name, place = decoder.raw_decode(text, _skip(text, place))
        value, place = decoder.raw_decode(text, _skip(text, _expect(":", text, place)))
        if isinstance(name, str):
            yield name, value if isinstance(value, str) else None
        place = _expect(",", text, place)


def _skip(text: str, place: int) -> int:
    found = _BLANK.match(text, place)
    return place if found is None else found.end()


def _expect(sign: str, text: str, place: int) -> int:
    place = _skip(text, place)
    if text[place : place + 1] != sign:
        raise ValueError(place)
    return place + 1
