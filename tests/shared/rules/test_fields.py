"""Texts and ids that strangers fill in: every character can be seen, and one id has one form."""

import re
from typing import Annotated, Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.fields import SEEN_THROUGHOUT, SEVERAL_LINES, Line, Uuid, UuidText
from shared.printable import first_unseen
from shared.values.ids import read_uuid

ID = "4bc7985b-e931-45ed-a35c-cfd6e1ca80b8"
NO_IDS = [
    f"{{{ID}}}",
    f"urn:uuid:{ID}",
    ID.replace("-", ""),
    "4bc7985b-e931-45ed-a35c-cfd6e1ca8_b8",
    "4bc7985b-e931-45ed-a35c-cfd6e1ca80_b8",
    "4bc7-985be931-45ed-a35c-cfd6e1ca80b8",
    f" {ID}",
    f"{ID}\n",
    ID.replace("4", "４"),
    "",
    "0",
    0,
    None,
]
UNSEEN = [
    "\x00",
    "\x07",
    "\t",
    "\x1b",
    "\x7f",
    "\x85",
    "\xad",
    "\u061c",
    "\u115f",
    "\u200b",
    "\u200d",
    "\u200e",
    "\u200f",
    "\u2028",
    "\u2029",
    "\u202a",
    "\u202e",
    "\u2060",
    "\u2066",
    "\u2069",
    "\u3164",
    "\ufeff",
    "\ufff9",
]
LINE: TypeAdapter[str] = TypeAdapter(Line)
LINES: TypeAdapter[str] = TypeAdapter(Annotated[str, SEVERAL_LINES])
ANSWERS: TypeAdapter[dict[str, Any]] = TypeAdapter(Annotated[dict[str, Any], SEEN_THROUGHOUT])


@pytest.mark.parametrize("text", [ID, ID.upper(), "4bC7985b-E931-45ed-a35c-cfd6e1ca80b8"])
def test_an_id_is_read_in_either_case_and_kept_as_it_was_sent(text: str) -> None:
    assert TypeAdapter(Uuid).validate_python(text) == UUID(ID)
    assert TypeAdapter(UuidText).validate_python(text) == text
    assert read_uuid(text) == UUID(ID)


@pytest.mark.parametrize("text", NO_IDS, ids=repr)
def test_what_is_not_the_text_form_of_rfc_9562_is_no_id(text: object) -> None:
    for kind in (Uuid, UuidText):
        with pytest.raises(ValidationError, match=r"RFC 9562|valid string"):
            TypeAdapter(kind).validate_python(text)
    assert read_uuid(text) is None


@pytest.mark.parametrize("char", UNSEEN, ids=lambda char: f"U+{ord(char):04X}")
def test_a_character_that_cannot_be_seen_is_refused_by_name_in_every_text(char: str) -> None:
    for kind in (LINE, LINES):
        with pytest.raises(ValidationError, match=rf"U\+{ord(char):04X}.* at character 4"):
            kind.validate_python(f"Vef{char}sn")
    with pytest.raises(ValidationError, match="at character 1"):
        ANSWERS.validate_python({"what": [{"how": char}]})
    with pytest.raises(ValidationError, match="at character 1"):
        ANSWERS.validate_python({char: 1})


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_only_a_long_text_has_several_lines(end: str) -> None:
    assert LINES.validate_python(f"one{end}two") == f"one{end}two"
    assert ANSWERS.validate_python({"what": f"one{end}two"})
    with pytest.raises(ValidationError, match=r"U\+000"):
        LINE.validate_python(f"one{end}two")


@pytest.mark.parametrize(
    "text", ["Vefsn", "Guovdageaidnu – Kautokeino", "Kárášjohka", "a\u00a0b", "雪", "👍", "A\u030a"]
)
def test_what_people_write_is_taken_as_it_is(text: str) -> None:
    assert LINE.validate_python(text) == text
    assert first_unseen(text, has_lines=False) is None


@pytest.mark.parametrize("text", ["", " ", "\u00a0 ", "x" * 201])
def test_a_name_is_neither_blank_nor_longer_than_a_line(text: str) -> None:
    with pytest.raises(ValidationError, match=r"at least 1|more than spaces|at most 200"):
        LINE.validate_python(text)


@pytest.mark.parametrize(("kind", "is_refused"), [(LINE, [*UNSEEN, "\n", "\r"]), (LINES, UNSEEN)])
def test_the_schema_says_what_the_check_does(kind: TypeAdapter[str], is_refused: list[str]) -> None:
    pattern = re.compile(kind.json_schema()["pattern"])
    assert pattern.match("Kárášjohka – 雪 👍")
    assert not [char for char in is_refused if pattern.fullmatch(f"a{char}b")]
