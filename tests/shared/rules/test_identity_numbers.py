"""Persons' numbers are found however they are written, and figures are not taken for them.

The numbers here are made of dates and check digits and were not given to anybody that these tests
know of.
"""

import base64
import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.identity_numbers import (
    bytes_hold_identity_number,
    holds_identity_number,
    place_of_identity_number,
)

NUMBER = "15108600036"
D_NUMBER = "41108600002"
H_NUMBER = "15508600019"
FH_NUMBER = "81108600187"
WITH_ZERO = "01010100050"
TEST_PERSONS = {
    "month + 80": "15908600182",
    "month + 65": "15758600065",
    "month + 80, D-number": "55908600095",
    "month + 65, D-number": "55758600059",
    "month + 40, D-number": "55508600002",
}


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        D_NUMBER,
        H_NUMBER,
        FH_NUMBER,
        WITH_ZERO,
        "151086 00036",
        "151086-00036",
        "15.10.86 00036",
        "15.10.86 - 00036",
        "151086\u00a000036",
        "１５１０８６０００３６",
        f"sjukmeld: {NUMBER}, Ola",
        f"fnr{NUMBER}",
        f"({NUMBER})",
        f"12 og {NUMBER}",
        f"0{NUMBER[:10]} {NUMBER}",
    ],
)
def test_an_identity_number_is_found_in_a_text(text: str) -> None:
    assert holds_identity_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vefsn-9824",
        "20104.00",
        "15108600037",
        "1510860003",
        f"{NUMBER}0",
        f"0{NUMBER}",
        "99999999999",
        "15138600036",
        "974760673",
        "3.15108600036",
        str(UUID(int=0x15108600036)),
        "total.agreed.corrected.municipality-hr",
    ],
)
def test_other_texts_hold_none(text: str) -> None:
    assert not holds_identity_number(text)


@pytest.mark.parametrize("number", TEST_PERSONS.values(), ids=TEST_PERSONS.keys())
def test_the_number_of_a_test_person_is_found_as_a_person_s_is(number: str) -> None:
    assert holds_identity_number(f"sjukmeld: {number[:6]} {number[6:]}")
    assert place_of_identity_number({"persons": int(number)}) == "/persons"
    assert not holds_identity_number(f"{number[:-1]}{(int(number[-1]) + 1) % 10}")
    assert not holds_identity_number(f"{number[:2]}{(int(number[2]) + 1) % 10}{number[3:]}")


def test_a_decimal_number_is_a_figure_whatever_its_digits_are() -> None:
    assert not holds_identity_number("151086.00036")
    assert holds_identity_number("sum 151086.00036")
    assert holds_identity_number(f"{NUMBER}.00"), "what stands before the point is no fraction"


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        ({"note": NUMBER}, "/note"),
        ({"a": [{"b": [1, f"x {NUMBER}"]}]}, "/a/0/b/1"),
        ({"a/b~c": NUMBER}, "/a~1b~0c"),
        ({NUMBER: 1}, ""),
        ({"a": {f"fnr {NUMBER}": None}}, "/a"),
        ({"persons": int(NUMBER)}, "/persons"),
        ({"persons": int(WITH_ZERO)}, "/persons"),
        ({"persons": Decimal(f"{NUMBER}.0")}, "/persons"),
        ({"persons": Decimal("1.5108600036E+10")}, "/persons"),
        ([NUMBER], "/0"),
        (NUMBER, ""),
    ],
)
def test_the_place_of_an_identity_number_is_told_without_the_number(
    content: Any, pointer: str
) -> None:
    assert place_of_identity_number(content) == pointer


@pytest.mark.parametrize(
    "content",
    [
        {"persons": 1010, "generated": True, "note": None, "rate_percent": Decimal("6.9")},
        {"lost_days": Decimal("151086.00036"), "agreed_days": "151086.00036"},
        {"persons": int(NUMBER) + 1},
        {"persons": 10**40, "x": -int(NUMBER)},
    ],
)
def test_figures_are_not_taken_for_persons(content: Any) -> None:
    assert place_of_identity_number(content) is None


def test_ids_of_figures_are_not_taken_for_persons() -> None:
    assert place_of_identity_number({"id": "a1510860-0036-4000-8000-151086000360"}) is None


@pytest.mark.parametrize(
    "raw",
    [
        f'{{"note": "{NUMBER}"'.encode(),
        f"\xff\xfe {NUMBER}".encode("latin-1"),
        f"Ola {NUMBER}".encode("utf-16"),
        f"\x00{NUMBER}\x00".encode(),
        "".join(f"\\u{ord(digit):04x}" for digit in NUMBER).encode(),
        b'{"data_base64": "%s"}' % base64.b64encode(f'{{"note": "{NUMBER}"}}'.encode()),
        b'{"data_base64": "%s' % base64.urlsafe_b64encode(f"\xff>>?{NUMBER} Ola".encode()),
        b'{"data_base64": "%s"}' % base64.encodebytes(b"x" * 50 + NUMBER.encode() + b"!"),
        "{fnr: １５１０８６０００３６".encode(),
        base64.b64encode(json.dumps({"persons": int(WITH_ZERO)}).encode()),
        b'{"persons": %d, "persons": 1}' % int(WITH_ZERO),
        b'\xef\xbb\xbf{"persons": 1.5108600036E+10}',
    ],
)
def test_an_identity_number_is_found_in_bytes_that_cannot_be_read(raw: bytes) -> None:
    assert bytes_hold_identity_number(None, b"", raw)


def test_bytes_without_one_hold_none() -> None:
    figure = b'{"lost_days": "1387.20", "agreed_days": 20104.00, "persons": 1010}'
    for raw in (figure, b'{"data_base64": "%s"}' % base64.b64encode(figure), b"[" * 500_000):
        assert not bytes_hold_identity_number(None, b"", raw)


@given(st.binary(max_size=300))
def test_any_bytes_can_be_looked_through(raw: bytes) -> None:
    bytes_hold_identity_number(raw, b'{"x": "' + base64.b64encode(raw) + b'"}')


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_json_value_can_be_looked_through(content: Any) -> None:
    place_of_identity_number(content)
    assert place_of_identity_number({"inside": content, "note": NUMBER}) is not None
