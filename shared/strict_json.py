"""Read JSON from strangers: numbers stay exact, and what would hide or lose something is refused.

The standard library's parser accepts NaN, lets the last of two equal keys win, and recurses without
a bound of its own; PostgreSQL cannot hold U+0000 or lone surrogates in text. All of these are
refused here, at the door.
"""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from shared.errors import RuleBroken

DEPTH_MAX = 20
"""Objects and lists inside each other; contracts need four. Deeper bodies are attacks on the
parser.
"""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Some senders write it before UTF-8; a reader may ignore it (RFC 8259 §8.1)."""

INTEGER_DIGITS_MAX = 18
"""Longer numbers stay as they were written; no column holds them, and 1e600000 would fill the
memory.
"""

DIGITS_SHOWN_MAX = 9
"""A national identity number has eleven digits, ten when a zero in front was lost."""

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""A string that nothing ends reaches to the end of the body, and nothing is looked at twice: a body
of escaped quotes would otherwise take time with the square of its length.
"""

_AS_ROUND = bytes.maketrans(b"[{]}", b"(())")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def loads(body: bytes) -> Any:
    """Parse a JSON text in UTF-8, with or without a byte order mark before it.

    A number without a fraction becomes an int, however it is written: 1010.0 and 1.010E+3 are
    integers (JSON Schema 2020-12, Validation §6.1.1). Other numbers become `Decimal`.

    Raises:
        RuleBroken: `json-malformed`, `json-duplicate-key`, `json-too-deep`, `number-not-finite` or
            `text-unstorable`, with the place or the value.
    """
    body = body.removeprefix(BYTE_ORDER_MARK)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RuleBroken(
            f"the body is not UTF-8: byte {error.start} cannot be read", code="json-malformed"
        ) from None
    if body.count(b"{") + body.count(b"[") > DEPTH_MAX:
        _refuse_depth(body)
    try:
        content = json.loads(
            text, parse_float=_exact, parse_constant=_refuse_constant, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        raise RuleBroken(
            f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}",
            code="json-malformed",
        ) from None
    except (
        ValueError
    ) as error:  # an integer with more digits than Python converts, or such an exponent
        raise RuleBroken(
            f"the body holds a number that cannot be read: {error}", code="json-malformed"
        ) from None
    if ("\\u" in text or "\x00" in text) and _holds_unstorable(content):
        raise RuleBroken(
            "the body holds a character that cannot be stored (U+0000 or half of a surrogate pair);"
            " remove it",
            code="text-unstorable",
        )
    return content


def is_storable(text: str) -> bool:
    """Tell whether PostgreSQL can hold a text."""
    return _UNSTORABLE.search(text) is None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise RuleBroken(
                    f"the key {_shown(key)} stands twice in one object", code="json-duplicate-key"
                )
            seen.add(key)
    return content


def _shown(key: str) -> str:
    """Repeat a stranger's key, but no long number: it may be a person's."""
    return (
        repr(key[:80]) if sum(map(str.isdigit, key)) < DIGITS_SHOWN_MAX else "with the long number"
    )


def _exact(number: str) -> int | Decimal:
    try:
        exact = Decimal(number)
    except InvalidOperation:
        raise ValueError("an exponent is out of bounds") from None
    if not exact:
        return 0
    if exact.adjusted() < INTEGER_DIGITS_MAX and exact == exact.to_integral_value():
        return int(exact)
    return exact


def _refuse_constant(name: str) -> Any:
    raise RuleBroken(f"{name} is not a number that can be reported", code="number-not-finite")


def _refuse_depth(body: bytes) -> None:
    """Remove the innermost pairs of brackets as often as levels are allowed; brackets that are left
    are nested too deep.

    This takes some milliseconds for a megabyte; looking at each bracket takes seconds. Brackets
    without a partner are left to the parser, which stops at them.
    """
    left = _STRING.sub(b"", body).translate(_AS_ROUND, _NO_BRACKETS)
    for _ in range(DEPTH_MAX):
        left = left.replace(b"()", b"")
    never_closed = left.startswith(b"(") and len(left) > DEPTH_MAX
    if b"()" in left or never_closed:
        raise RuleBroken(f"the body nests deeper than {DEPTH_MAX} levels", code="json-too-deep")


def _holds_unstorable(content: Any) -> bool:
    match content:
        case str():
            return not is_storable(content)
        case dict():
            return any(
                _holds_unstorable(key) or _holds_unstorable(value) for key, value in content.items()
            )
        case list():
            return any(map(_holds_unstorable, content))
    return False
