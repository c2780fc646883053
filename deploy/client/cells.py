"""Reads single cells, in the forms that spreadsheets and payroll systems write.

Each reader returns what the contract wants, or raises ValueError with what to write instead.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .figures import SHARED, TRUTHS, Kind

BLANKS = " \t\r\n\u00a0\u2007\u202f\u2009\u200b\ufeff"
DOUBTFUL = re.compile(r"-?[1-9][0-9]{0,2}[.,][0-9]{3}")
_GROUPED = re.compile(r"-?[0-9]{1,3}([ \u00a0\u2007\u202f\u2009][0-9]{3})+([.,][0-9]+)?")
_PERIOD = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2]|Q[1-4]|H[12]))?")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def reader_of(kind: Kind, name: str, marks: set[str]) -> Callable[[str], Any]:
    """Return what reads the cells of a column, or raises ValueError with the cure."""
    if kind.axis_of(name) is not None:
        return str
    if name in kind.decimals:
        return partial(_decimal, marks=marks)
    if name in kind.wholes:
        return partial(_whole, marks=marks)
    if name in TRUTHS:
        return _truth
    if name in (*SHARED, *kind.texts):
        return _SPECIAL.get(name, str)
    return _foreign


def _decimal(text: str, marks: set[str]) -> str:
    """Return a number as the contract writes it.

    `1,387` is a thousand or a bit more than one; the other numbers of the file decide, and where
    they do not, nobody guesses.
    """
    digits = text.replace("\u2212", "-").removesuffix("%").rstrip(BLANKS)
    if _GROUPED.fullmatch(digits):
        digits = re.sub(r"[^0-9.,-]", "", digits)
    elif DOUBTFUL.fullmatch(digits):
        if ("," in digits and marks != {","}) or ("." in digits and "," in marks):
            plain = re.sub(r"[.,]", "", digits)
            raise ValueError(
                f"this is {plain} or {digits.replace(',', '.')}; write it in one of these forms"
            )
    elif re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+|-?[0-9]{1,3}(,[0-9]{3})+\.[0-9]+", digits):
        digits = re.sub(r"[.,](?=.*[.,])", "", digits)
    digits = re.sub(r"(\.[0-9]{6})0+$", r"\1", digits.replace(",", "."))
    if not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,6})?", digits):
        raise ValueError("write a number of at most 12 digits and 6 decimals, such as 1387.20")
    return digits


def _whole(text: str, marks: set[str]) -> int:
    digits = re.sub(r"\.0+$", "", _decimal(text, marks))
    if "." in digits:
        raise ValueError("write a whole number, such as 1010")
    return int(digits)


def _truth(text: str) -> bool:
    known = {"true": True, "yes": True, "ja": True, "false": False, "no": False, "nei": False}
    if text.lower() not in known:
        raise ValueError("write true or false")
    return known[text.lower()]


def _municipality(text: str) -> str:
    if not re.fullmatch(r"[0-9]{4}", text):
        raise ValueError(
            "write the four digits of the municipality's number, such as 0301; a spreadsheet keeps"
            " the zero where the column is formatted as text"
        )
    return text


def _period(text: str) -> str:
    if not _PERIOD.fullmatch(text.upper()):
        raise ValueError(
            "write 2013-02, 2013-Q1, 2013-H1 or 2013; a spreadsheet makes no date of it where the"
            " column is formatted as text"
        )
    return text.upper()


def _uuid(text: str) -> str:
    if not _UUID.fullmatch(text):
        raise ValueError("write a UUID, such as 5d3a5f0e-8f51-4e6f-9a3c-0d2e5b0f2d5e")
    return text


def _foreign(_text: str) -> str:
    raise ValueError("figures of this kind have no such column; leave the cell empty")


_SPECIAL: Mapping[str, Callable[[str], str]] = {
    "municipality": _municipality,
    "period": _period,
    "figure_id": _uuid,
}
