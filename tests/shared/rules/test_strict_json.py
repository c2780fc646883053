"""JSON from strangers: exact, and refused by name where it would hide or lose something."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared import strict_json
from shared.errors import RuleBroken


def code_of(body: bytes) -> str:
    with pytest.raises(RuleBroken) as refused:
        strict_json.loads(body)
    assert refused.value.message.encode(), "the sentence can be sent"
    return refused.value.code


def outcome(body: bytes) -> tuple[str | None, Any]:
    """What was read, or the code of the refusal."""
    try:
        return None, strict_json.loads(body)
    except RuleBroken as refused:
        return refused.code, None


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("json-malformed", b""),
        ("json-malformed", b"{"),
        ("json-malformed", b"{} {}"),
        ("json-malformed", b"{'a': 1}"),
        ("json-malformed", b'{"a": 01}'),
        ("json-malformed", b'{"a": "\x00"}'),
        ("json-malformed", b"\xff"),
        ("json-malformed", b"\xef\xbb\xbf"),
        ("json-malformed", b"\xef\xbb\xbf\xef\xbb\xbf{}"),
        ("json-malformed", "{}".encode("utf-16")),
        ("json-malformed", b'{"a": ' + b"9" * 5_000 + b"}"),
        ("json-malformed", b'{"a": 1e99999999999999999999}'),
        ("json-malformed", b"]" * 30 + b"[" * 30),
        ("json-malformed", b"[" + b"[]," * 30),
        ("json-malformed", b"{]" * 30),
        ("json-duplicate-key", b'{"a": 1, "a": 1}'),
        ("json-duplicate-key", b'{"x": [{"a": 1, "b": 2, "\\u0061": 3}]}'),
        ("json-duplicate-key", b'{"\\ud800": 1, "\\ud800": 2}'),
        ("json-too-deep", b"[" * 21 + b"]" * 21),
        ("json-too-deep", b"[" * 500_000),
        ("json-too-deep", b'{"a":' * 21 + b"1" + b"}" * 21),
        ("json-too-deep", b"[[]," * 30 + b"[" * 21 + b"]" * 51),
        ("number-not-finite", b'{"a": NaN}'),
        ("number-not-finite", b"[-Infinity]"),
        ("text-unstorable", b'{"a": "\\u0000"}'),
        ("text-unstorable", b'{"\\u0000": 1}'),
        ("text-unstorable", b'["\\ud83d"]'),
        ("text-unstorable", b'[["\\udc00 and more"]]'),
    ],
)
def test_what_cannot_be_taken_has_a_code_of_its_own(code: str, body: bytes) -> None:
    assert code_of(body) == code


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (b'{"a": 8.60}', {"a": Decimal("8.60")}),
        (
            b"[0.1, 1.5e30, 12345678901234567890]",
            [Decimal("0.1"), Decimal("1.5e30"), 12345678901234567890],
        ),
        (b"[1010.0, 1.010E+3, 1e2, -0.0, 0E-8, 0E+400]", [1010, 1010, 100, 0, 0, 0]),
        (b"[20104.00000000, 2.0104E+4, 1e600000]", [20104, 20104, Decimal("1e600000")]),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'["\\ud83d\\ude00", "[[[[[[[[[[[[[[[[[[[[[[[[["]', ["\N{GRINNING FACE}", "[" * 25]),
        (b"[" * 20 + b"]" * 20, json.loads("[" * 20 + "]" * 20)),
        (b"[" + b"[[]]," * 40 + b"{}]", [[[]]] * 40 + [{}]),
        (b'[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
        ('{"å": "ø"}'.encode(), {"å": "ø"}),
    ],
)
def test_what_is_exact_is_taken_as_it_stands(body: bytes, content: object) -> None:
    read = strict_json.loads(body)
    assert read == content
    assert repr(read) == repr(content)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False).map(float),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_whatever_the_standard_library_writes_is_read_back_or_refused(content: object) -> None:
    body = json.dumps(content).encode()
    code, read = outcome(body)
    if code is None:
        again = json.dumps(read, default=float)
        assert json.loads(again, parse_int=float) == json.loads(body, parse_int=float)
    else:
        assert code in {"text-unstorable", "json-too-deep", "number-not-finite"}


_PIECES = st.sampled_from(
    [
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b"\\",
        b"\\u",
        b"d800",
        b"0000",
        b":",
        b",",
        b"1",
        b"e",
        b"-",
        b".",
        b"NaN",
        b"\xff",
        b" ",
    ]
)


@given(st.binary(max_size=200) | st.lists(_PIECES, max_size=60).map(b"".join))
@example(b'{"a":1E400}')
@example(b"-")
@example(b'"\\')
def test_nothing_but_a_broken_rule_is_ever_raised(body: bytes) -> None:
    outcome(body)


@pytest.mark.parametrize(
    "body",
    [
        b'"' + b'\\"' * 500_000 + b"[" * 21,
        b"[" * 21 + b'"' * 1_000_001,
        b'{"' * 500_000,
        b"[" + b"[]," * 300_000,
        b"[" * 21 + b"\\" * 1_000_000,
    ],
    ids=["escaped quotes", "quotes", "openings", "many", "backslashes"],
)
def test_a_body_made_to_be_slow_is_refused_quickly(body: bytes) -> None:
    begun = time.process_time()
    code_of(body)
    assert time.process_time() - begun < 5, "minutes, were it to grow with the square"
