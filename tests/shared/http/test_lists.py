"""Lists with cursors: walked from place to place, and no cursor of a stranger does harm."""

import base64
import json

import pytest
from httpx2 import AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import (
    RuleBroken,
)
from shared.http import lists
from tests.shared.http.app import problem


async def test_a_list_is_walked_by_its_cursors(client: AsyncClient) -> None:
    first = (await client.get("/things?limit=3")).json()
    second = (await client.get("/things", params={"limit": 3, "cursor": first["next"]})).json()

    assert (first["items"], second["items"]) == ([0, 1, 2], [3, 4, 5])
    assert lists.page([1, 2], 2, str) == {"items": [1, 2], "next": None}


def cursor_of(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "*",
        "å",
        "\u2028",
        "AAAA",
        cursor_of(b"{}"),
        cursor_of(b'"x"'),
        cursor_of(b"1" * 30),
        cursor_of(b"[" * 300),
        cursor_of(b"1.0"),
        cursor_of(b"1e2"),
        cursor_of(b"1e600000"),
        cursor_of(b"-1e600000"),
        cursor_of(b"1" * 370),
        cursor_of(b"true"),
        cursor_of(b"null"),
        cursor_of(b"9223372036854775808"),
    ],
)
async def test_a_cursor_that_was_not_given_out_is_refused(client: AsyncClient, cursor: str) -> None:
    problem(await client.get("/things", params={"cursor": cursor}), 422, "cursor-malformed")


@given(
    st.text(max_size=60)
    | st.binary(max_size=40).map(cursor_of)
    | st.text(max_size=30).map(json.dumps).map(str.encode).map(cursor_of)
)
def test_no_cursor_raises_anything_but_a_broken_rule(cursor: str) -> None:
    try:
        lists.read_cursor(cursor, tuple[int, str])
    except RuleBroken as refused:
        code = refused.code
    else:
        code = "cursor-malformed"
    assert code == "cursor-malformed"


@given(st.tuples(st.integers(-(2**63), 2**63 - 1), st.text("abcæøå-/ ", max_size=9)))
def test_a_place_comes_back_out_of_its_cursor(place: tuple[int, str]) -> None:
    assert lists.read_cursor(lists.write_cursor(place), tuple[int, str]) == place


@pytest.mark.parametrize("text", [b'"\\u0000"', b'"\\ud800"', b'"a\x00b"', b'"\xff"'])
def test_a_text_that_no_column_can_hold_is_no_place(text: bytes) -> None:
    with pytest.raises(RuleBroken):
        lists.read_cursor(cursor_of(text), str)
