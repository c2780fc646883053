"""Finding national identity numbers in what comes in, so that data about persons is not taken.

Found are the numbers of the population register (fødselsnummer), D- and H-numbers, the numbers of
test persons (the month raised by 80, by 65 or by 40, D-numbers among them) by their date and check
digits, and the health service's FH-numbers by their check digits
(https://no.wikipedia.org/wiki/Fødselsnummer,
https://skatteetaten.github.io/folkeregisteret-api-dokumentasjon/test-for-konsumenter/). What is
found is neither kept nor repeated in an answer, a receipt, a log or a dead letter
(docs/decisions/0007).
"""

import base64
import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from stdnum.no import fodselsnummer

from shared.errors import FieldError, RuleBroken, json_pointer
from shared.values.ids import read_uuid

LENGTH = 11
POINTER_LENGTH_MAX = 200

_IN_TEXT = re.compile(
    r"(?<!\d)(?<!\d[.,])(\d\d)[./ -]?(\d\d)[./ -]?(\d\d)\W{0,3}(\d{5})(?!\d)", re.ASCII
)
_DIGIT = re.compile(r"\d", re.ASCII)
_DECIMAL = re.compile(r"-?(\d+)\.\d+\Z", re.ASCII)

_DAY_OF_D_NUMBERS = 40
_MONTHS_RAISED = (0, 40, 65, 80)
"""What is added to the month: of H-numbers and of NAV's test persons 40, of other test persons 65
or 80.
"""

_ESCAPED = re.compile(rb"\\u00([0-7][0-9a-fA-F])")
_SPACES = re.compile(rb"\\[nrt]|\s+")
_PACKED = re.compile(rb"[A-Za-z0-9+/_-]{16,}")
"""What may be base64, in its standard or its URL-safe alphabet, of eleven bytes and more."""

_STANDARD_BASE64 = bytes.maketrans(b"-_", b"+/")


def place_of_identity_number(content: object) -> str | None:
    """Return the JSON pointer of what holds an identity number, as key, text or number; None if
    nothing does.
    """
    path = _path_to_identity_number(content)
    return None if path is None else json_pointer(*path)


def refuse_identity_numbers(content: object) -> None:
    """Refuse what holds data about a person.

    Raises:
        RuleBroken: `personal-identity-number`, with the place and without the number.
    """
    pointer = place_of_identity_number(content)
    if pointer is not None:
        fault = person_fault(pointer)
        raise RuleBroken(fault.message, code=fault.code, errors=(fault,))


def person_fault(pointer: str = "") -> FieldError:
    """Say that persons' data was handed in, and where, without repeating it."""
    shown = pointer[:POINTER_LENGTH_MAX]
    return FieldError(
        "personal-identity-number",
        f"{shown or 'the submission'} holds a national identity number; data about persons"
        " is not taken, and nothing of it was kept",
        shown,
    )


def holds_identity_number(text: str) -> bool:
    """Tell whether an identity number stands in a text, written together or apart, in ASCII digits
    or others.

    A text that is a decimal number with a fraction is a figure: 138720.12345 agreed days are
    nobody's number. Of its whole part alone that cannot be said. The digits of a UUID are random,
    and of 50,000 of them one would be refused for ever.
    """
    if read_uuid(text) is not None:
        return False
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if _DIGIT.search(text) is None:
        return False
    if (figure := _DECIMAL.match(text)) is not None:
        text = figure[1]
    return any(_is_identity_number("".join(found.groups())) for found in _IN_TEXT.finditer(text))


def bytes_hold_identity_number(*parts: bytes | None) -> bool:
    """Tell whether an identity number stands in bytes that are to be kept as they are: in any
    ASCII-like or UTF-16 encoding, in JSON's escapes, in base64, or as a number of JSON.
    """
    return any(_stands_in(seen) for part in parts if part for seen in _decoded(part))


def _decoded(raw: bytes) -> Iterator[bytes]:
    """Yield the bytes as they are, and what they become for whoever decodes them."""
    raw = raw.replace(b"\0", b"")
    yield raw
    plain = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), raw).replace(b"\\/", b"/")
    if plain != raw:
        yield plain
    for packed in _PACKED.findall(_SPACES.sub(b"", plain)):
        whole = packed[:-1] if len(packed) % 4 == 1 else packed
        standard = whole.translate(_STANDARD_BASE64) + b"=" * (-len(whole) % 4)
        yield base64.b64decode(standard).replace(b"\0", b"")


def _stands_in(raw: bytes) -> bool:
    if holds_identity_number(raw.decode("latin-1")):
        return True
    if not raw.isascii() and holds_identity_number(raw.decode(errors="replace")):
        return True
    try:
        content = json.loads(
            raw.decode("utf-8-sig"), parse_float=Decimal, object_pairs_hook=_all_members
        )
        return place_of_identity_number(content) is not None
    except (ValueError, ArithmeticError, RecursionError):  # no JSON, or none that anybody reads
        return False


def _all_members(pairs: list[tuple[str, object]]) -> list[object]:
    """Return an object so that no key that stands twice hides another."""
    return [[name, value] for name, value in pairs]


def _path_to_identity_number(content: object) -> tuple[str | int, ...] | None:
    """Return the keys that lead to an identity number; a key that is one itself is left out of its
    own path.
    """
    if isinstance(content, str):
        return () if len(content) >= LENGTH and holds_identity_number(content) else None
    if isinstance(content, dict):
        for key, value in content.items():
            if len(key) >= LENGTH and holds_identity_number(key):
                return ()
            if (
                isinstance(value, str) and len(value) < LENGTH
            ):  # as most values are; a call for each would show
                continue
            if (found := _path_to_identity_number(value)) is not None:
                return (key, *found)
    elif isinstance(content, list):
        for place, value in enumerate(content):
            if (found := _path_to_identity_number(value)) is not None:
                return (place, *found)
    elif isinstance(content, int | Decimal) and _is_as_number(content):
        return ()
    return None


def _is_as_number(number: int | Decimal) -> bool:
    """A JSON number has lost the zeros that it began with."""
    if not 10 ** (LENGTH - 2) <= number < 10**LENGTH or number != int(number):
        return False
    return _is_identity_number(f"{int(number):0{LENGTH}d}")


def _is_identity_number(digits: str) -> bool:
    return (
        fodselsnummer.calc_check_digit1(digits) == digits[-2]
        and fodselsnummer.calc_check_digit2(digits) == digits[-1]
        and (digits[0] in "89" or _has_a_date(digits))  # an FH-number has no date in it
    )


def _has_a_date(digits: str) -> bool:
    """Tell whether a number begins with a day of this century or the last, raised as D- and
    H-numbers and test persons' are.
    """
    day, month, year = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    if day > _DAY_OF_D_NUMBERS:
        day -= _DAY_OF_D_NUMBERS
    return any(
        _is_a_day(century + year, month - raised, day)
        for raised in _MONTHS_RAISED
        for century in (1900, 2000)
    )


def _is_a_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
