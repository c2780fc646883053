"""Finding national identity numbers in what comes in, so that data about persons is not taken.

Found are the numbers of the population register (fødselsnummer), D- and H-numbers by their date and
check digits, and the health service's FH-numbers by their check digits
(https://no.wikipedia.org/wiki/Fødselsnummer). What is found is neither kept nor repeated in an
answer, a receipt, a log or a dead letter (docs/decisions/0007).
"""

import re
import unicodedata
from decimal import Decimal

from stdnum.no import fodselsnummer

from shared.errors import json_pointer

LENGTH = 11

_IN_TEXT = re.compile(
    r"(?<!\d)(?<!\d[.,])(\d\d)[./ -]?(\d\d)[./ -]?(\d\d)\W{0,3}(\d{5})(?!\d)", re.ASCII
)
_DIGIT = re.compile(r"\d", re.ASCII)
_DECIMAL = re.compile(r"-?\d+\.\d+\Z", re.ASCII)


def place_of_identity_number(content: object) -> str | None:
    """Return the JSON pointer of what holds an identity number, as key, text or number; None if
    nothing does.
    """
    path = _path_to_identity_number(content)
    return None if path is None else json_pointer(*path)


def holds_identity_number(text: str) -> bool:
    """Tell whether an identity number stands in a text, written together or apart, in ASCII digits
    or others.

    A text that is a decimal number with a fraction is a figure: 138720.12345 agreed days are
    nobody's number.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if _DIGIT.search(text) is None:
        return False
    return any(
        _is_identity_number("".join(found.groups())) for found in _IN_TEXT.finditer(text)
    ) and not _DECIMAL.match(text)


def bytes_hold_identity_number(*parts: bytes | None) -> bool:
    """Tell whether an identity number stands in bytes that could not be read, in any ASCII-like or
    UTF-16 encoding.
    """
    return any(
        holds_identity_number(part.replace(b"\0", b"").decode("latin-1")) for part in parts if part
    )


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
    if digits[0] in "89":  # an FH-number, which has no date in it
        return (
            fodselsnummer.calc_check_digit1(digits) == digits[-2]
            and fodselsnummer.calc_check_digit2(digits) == digits[-1]
        )
    return bool(fodselsnummer.is_valid(digits))
