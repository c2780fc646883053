"""The values of expressions, and how one kind is taken for another.

The language is Altinn's (https://docs.altinn.studio/altinn-studio/reference/logic/expressions/).
Numbers are exact decimals here: an expression computes figures, and no binary floating point
touches a figure.
"""

import json
import re
from decimal import Decimal

from shared.errors import RuleBroken

Value = str | Decimal | bool | None
"""What an expression gives. None is a missing value; it is neither 0 nor an empty text."""

Json = object
"""Anything that JSON can hold, with its numbers as `Decimal` or `int`."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d+)?|\.\d+)(e[+-]?\d+)?\Z", re.ASCII | re.IGNORECASE)
EXPONENT_MAX = 99
"""A larger exponent would fill the memory when the number is written out."""

_TRUE, _FALSE = Decimal(1), Decimal(0)


class ExpressionFailed(RuleBroken):
    """An expression cannot be worked out. The message says which part, and what was wanted."""

    default_code = "expression-failed"


def plain(value: Json) -> Value:
    """Return a value out of data; what holds other values is no value of its own.

    A JSON number becomes a `Decimal`; objects and lists are missing values.
    """
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return Decimal(str(value))
    return value if isinstance(value, str | Decimal) else None


def to_boolean(value: Value) -> bool | None:
    """Take a value for yes or no; 1, 0 and the words count, a missing value stays missing.

    Raises:
        ExpressionFailed: it is anything else.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.lower()
        if word in ("true", "false"):
            return word == "true"
        if word == "null":
            return None
    number = _number_in(value) if isinstance(value, str) else value
    if number == _TRUE:
        return True
    if number == _FALSE:
        return False
    raise ExpressionFailed(f"Expected boolean, got value {shown(value)}")


def to_number(value: Value) -> Decimal | None:
    """Take a value for a number; texts count that are written as one, a missing value stays so.

    Raises:
        ExpressionFailed: it is anything else.
    """
    if value is None or (isinstance(value, str) and value.lower() == "null"):
        return None
    number = _number_in(value) if isinstance(value, str) else value
    if number is None or isinstance(number, bool):
        raise ExpressionFailed(f"Expected number, got value {shown(value)}")
    return number


def to_text(value: Value) -> str | None:
    """Take a value for a text. The words true, false and null are the values in any case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return written(value)
    if value is None or value.lower() == "null":
        return None
    return value.lower() if value.lower() in ("true", "false") else value


def written(number: Decimal) -> str:
    """Write a number without an exponent and without zeros that say nothing."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def shown(value: Json) -> str:
    """Write a value as JSON, for a message."""
    if isinstance(value, Decimal):
        return written(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _number_in(text: str) -> Decimal | None:
    if not _NUMBER.match(text):
        return None
    number = Decimal(text)
    return number if abs(number.adjusted()) <= EXPONENT_MAX else None
