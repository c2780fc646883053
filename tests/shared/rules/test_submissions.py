"""The envelope of what publishers send: every form that CloudEvents 1.0 allows is read, and what
could be read in two ways is refused by name.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from shared.clock import Clock
from shared.delivery.records import Record, Unreadable
from shared.delivery.submissions import STRUCTURED, Submission, read_submission, sent_id

ID = "4BC7985B-e931-45ed-a35c-cfd6e1ca80b8"
TYPE = "no.saman.inbound.AbsenceFigurePosted.v1"
CONTENT = {"municipality": "1824", "note": "sjå “merknad”"}
BODY = json.dumps(CONTENT).encode()
HEADERS = {
    "ce_specversion": "1.0",
    "ce_id": ID,
    "ce_source": "/publisher/974760673",
    "ce_type": TYPE,
    "content-type": "application/json",
}
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": ID,
    "source": "/publisher/974760673",
    "type": TYPE,
    "data": CONTENT,
}


def record(
    value: bytes | None, headers: Mapping[str, str | None], *more: tuple[str, bytes | None]
) -> Record:
    written = [(name, None if text is None else text.encode()) for name, text in headers.items()]
    return Record("inbound.974760673.figures.v1", 0, 7, b"1824", (*written, *more), value)


def binary(*more: tuple[str, bytes | None], value: bytes = BODY, **changes: str | None) -> Record:
    """A record in binary mode; a header that is changed to None is left out."""
    named = {name.replace("content_", "content-"): text for name, text in changes.items()}
    kept = {name: text for name, text in (HEADERS | named).items() if text is not None}
    return record(value, kept, *more)


def structured(*, said: str | None = STRUCTURED, **changes: Any) -> Record:
    """A record in structured mode; an attribute that is changed to None is left out."""
    event = {name: value for name, value in (EVENT | changes).items() if value is not None}
    headers = {} if said is None else {"content-type": said}
    return record(json.dumps(event).encode(), headers)


def packed(body: bytes = BODY) -> str:
    return base64.b64encode(body).decode()


GOOD = {
    "binary": binary(),
    "binary without a content type": binary(content_type=None),
    "binary with a charset": binary(content_type="Application/JSON; charset=utf-8"),
    "binary with a suffix": binary(content_type="application/vnd.saman+json"),
    "binary with a byte order mark": binary(value=b"\xef\xbb\xbf" + BODY),
    "a header twice with one value": binary(("ce_id", ID.encode()), ("ce_type", TYPE.encode())),
    "another header twice": binary(("traceparent", b"1"), ("traceparent", b"2")),
    "structured": structured(),
    "structured with a charset": structured(said="application/CloudEvents+JSON; charset=utf-8"),
    "data as JSON text": structured(data=BODY.decode()),
    "data as JSON text with its type": structured(
        data=BODY.decode(), datacontenttype="application/json"
    ),
    "data in base64": structured(data=None, data_base64=packed()),
    "data in base64 with a byte order mark": structured(
        data=None, data_base64=packed(b"\xef\xbb\xbf" + BODY)
    ),
    "structured with headers that say the same": record(
        json.dumps(EVENT).encode(), HEADERS | {"content-type": STRUCTURED}
    ),
}


@pytest.mark.parametrize("sent", GOOD.values(), ids=GOOD.keys())
def test_every_form_of_an_event_is_read_alike(sent: Record) -> None:
    submission = read_submission(sent, Clock())

    assert isinstance(submission, Submission)
    assert (submission.publisher, submission.submission_id) == ("974760673", ID)
    assert (submission.type, submission.content) == (TYPE, CONTENT)
    assert submission.attributes["source"] == "/publisher/974760673"
    assert not {"data", "data_base64"} & submission.attributes.keys()
    assert sent_id(sent) == ID


BAD: dict[str, tuple[Record, str, str]] = {
    "no specversion": (binary(ce_specversion=None), "envelope-incomplete", "ce_specversion"),
    "no specversion, structured": (
        structured(specversion=None),
        "envelope-incomplete",
        "specversion",
    ),
    "version 0.3": (binary(ce_specversion="0.3"), "specversion-unknown", "'0.3'"),
    "version 2.0, structured": (structured(specversion="2.0"), "specversion-unknown", "'2.0'"),
    "a version that is a number": (structured(specversion=1.0), "envelope-incomplete", "version"),
    "no source": (binary(ce_source=None), "envelope-incomplete", "ce_source"),
    "an empty source": (binary(ce_source=""), "envelope-incomplete", "ce_source"),
    "no source, structured": (structured(source=None), "envelope-incomplete", "source"),
    "no type": (binary(ce_type=None), "envelope-incomplete", "ce_type"),
    "a type that is no text": (
        binary(("ce_type", b"\xff"), ce_type=None),
        "envelope-incomplete",
        "ce_type",
    ),
    "no type, structured": (structured(type=None), "envelope-incomplete", "type"),
    "XML": (binary(content_type="application/xml"), "media-type", "'application/xml'"),
    "text": (binary(content_type="text/plain"), "media-type", "application/cloudevents+json"),
    "avro": (binary(content_type="application/cloudevents+avro"), "media-type", "avro"),
    "a batch": (binary(content_type="application/cloudevents-batch+json"), "media-type", "batch"),
    "XML, structured": (structured(datacontenttype="text/xml"), "media-type", "'text/xml'"),
    "an id twice": (binary(("ce_id", b"another")), "header-repeated", "ce_id"),
    "a type twice": (binary(("ce_type", b"another")), "header-repeated", "ce_type"),
    "a content type twice": (
        binary(("content-type", b"text/plain")),
        "header-repeated",
        "content-type",
    ),
    "an extension twice": (binary(("ce_x", b"1"), ("ce_x", b"2")), "header-repeated", "ce_x"),
    "once null": (binary(("ce_subject", None), ("ce_subject", b"1")), "header-repeated", "subject"),
    "another id in the headers": (
        record(json.dumps(EVENT).encode(), HEADERS | {"content-type": STRUCTURED, "ce_id": "x"}),
        "header-repeated",
        "ce_id",
    ),
    "structured, but no header says so": (structured(said=None), "media-type", "content-type"),
    "structured, but said to be JSON": (
        structured(said="application/json"),
        "media-type",
        STRUCTURED,
    ),
    "data twice": (structured(data_base64=packed()), "envelope-contradictory", "data_base64"),
    "no data": (structured(data=None), "envelope-incomplete", "data"),
    "data that is a list": (structured(data=[1]), "envelope-incomplete", "JSON object"),
    "data as text that is no JSON": (structured(data="1824"), "json-malformed", "data"),
    "data as JSON text with a key twice": (
        structured(data='{"a": 1, "a": 2}'),
        "json-duplicate-key",
        "data",
    ),
    "base64 that is none": (
        structured(data=None, data_base64="%%%"),
        "json-malformed",
        "no base64",
    ),
    "base64 cut short": (
        structured(data=None, data_base64=packed()[:-1]),
        "json-malformed",
        "base64",
    ),
    "base64 of no JSON": (
        structured(data=None, data_base64=packed(b"\xff")),
        "json-malformed",
        "data_base64",
    ),
    "base64 that is a number": (
        structured(data=None, data_base64=1),
        "json-malformed",
        "data_base64",
    ),
}


@pytest.mark.parametrize(("sent", "code", "named"), BAD.values(), ids=BAD.keys())
def test_what_is_no_event_is_refused_by_name(sent: Record, code: str, named: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_submission(sent, Clock())
    assert refused.value.code == code
    assert named in refused.value.message


@pytest.mark.parametrize("name", [name for name in BAD if name not in ("an id twice",)])
def test_the_id_of_what_is_refused_is_told_wherever_it_stands(name: str) -> None:
    sent, _, _ = BAD[name]
    assert sent_id(sent) == ("x" if "another id" in name else ID)


EVENT_TEXT = json.dumps(EVENT)


@pytest.mark.parametrize(
    ("value", "id_"),
    [
        (EVENT_TEXT[:-1].encode(), ID),
        (b"\xef\xbb\xbf" + EVENT_TEXT[:100].encode(), ID),
        (EVENT_TEXT.replace("sj", "\xff").encode("latin-1", "replace"), ID),
        (b'{"specversion": "1.0", "deep": %s, "id": "a"}' % (b"[" * 500_000), None),
        (b'{"id": "%s", "deep": %s' % (ID.encode(), b"[" * 500_000), ID),
        (b'{"id": "a", "id": "a"}', "a"),
        (b'{"id": "a", "id": "b"}', None),
        (b'{"figure_id": "a", "municipality": "1824"}', "a"),
        (b'{"submission_id": "a"}', "a"),
        (b'{"figure_id": "a", "id": "b"}', "b"),
        (b'{"data": {"id": "a"}}', None),
        (b'{"id": 5}', None),
        (b'{"id": ""}', None),
        (b'{"x": 1' + b', "x": 1' * 150_000 + b', "id": "a"}', None),
        (b'{"id": "a", "x": NaN}', "a"),
        (b" " * 1_000_000 + b'{"id": "a"}', "a"),
        (b'["id", "a"]', None),
        (b"\x00\xff", None),
        (b"", None),
        (None, None),
    ],
)
def test_an_id_is_read_out_of_half_an_event_too(value: bytes | None, id_: str | None) -> None:
    assert sent_id(record(value, {})) == id_
    assert sent_id(record(value, {"ce_id": "the-header"})) == "the-header"


@pytest.mark.parametrize("given", [[b"a", b"b"], [None], [b""], [b"\xff"], [b"a", b"b", b"a"]])
def test_two_ids_or_none_are_no_id(given: list[bytes | None]) -> None:
    assert sent_id(record(None, {}, *(("ce_id", value) for value in given))) is None
