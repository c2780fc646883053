"""Types of the fields that strangers fill in: texts and ids, refused where they would fool readers.

Every service's bodies, queries and events are made of them, so that all doors refuse the same.
"""

import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, GetCoreSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from shared.errors import RuleBroken
from shared.printable import first_unseen
from shared.values.ids import read_uuid

LINE_LENGTH_MAX = 200
"""Characters of a name or a title."""

_NO_LINES = r"\u0000-\u001F"
_LINES = r"\u0000-\u0009\u000B\u000C\u000E-\u001F"
_UNSEEN = (
    r"\u007F-\u009F\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180E\u200B-\u200F\u2028-\u202E"
    r"\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF9-\uFFFB"
)
"""For schemas; the check itself goes by Unicode's categories, which reach further."""


def _uuid(value: object) -> UUID:
    if isinstance(value, UUID):
        return value
    if (read := read_uuid(value)) is None:
        raise PydanticCustomError(
            "id_malformed",
            "must be a UUID as RFC 9562 writes it, such as 4bc7985b-e931-45ed-a35c-cfd6e1ca80b8",
        )
    return read


def _uuid_text(value: object) -> str:
    _uuid(value)
    return str(value)


Uuid = Annotated[UUID, BeforeValidator(_uuid)]
"""An id in the text form of RFC 9562, in either case."""

UuidText = Annotated[
    str, BeforeValidator(_uuid_text), WithJsonSchema({"type": "string", "format": "uuid"})
]
"""The same, kept as it was written, so that who sent it finds it again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A text in which every character can be seen, as an annotation.

    Attributes:
        has_lines: whether it may have several lines.
    """

    has_lines: bool

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        unseen = (_LINES if self.has_lines else _NO_LINES) + _UNSEEN
        return core_schema.no_info_after_validator_function(
            self.check,
            handler(source),
            metadata={"pydantic_js_updates": {"pattern": f"^[^{unseen}]*$"}},
        )

    def check(self, text: str) -> str:
        """Return the text as it is."""
        if (char := first_unseen(text, has_lines=self.has_lines)) is not None:
            raise PydanticCustomError(
                "text_unseen",
                "{character} at character {place} is not taken here: it ends the line, turns the"
                " direction of the text or cannot be seen; remove it",
                {"character": _named(char), "place": text.index(char) + 1},
            )
        return text


ONE_LINE = Seen(has_lines=False)
SEVERAL_LINES = Seen(has_lines=True)


def _not_blank(text: str) -> str:
    if text.isspace():
        raise PydanticCustomError("text_blank", "must hold more than spaces")
    return text


Line = Annotated[
    str, Field(min_length=1, max_length=LINE_LENGTH_MAX), ONE_LINE, AfterValidator(_not_blank)
]
"""A short text: a name, a title, a note of one line."""


def _check_all(content: Any) -> Any:
    match content:
        case str():
            SEVERAL_LINES.check(content)
        case dict():
            for key, value in content.items():
                ONE_LINE.check(key)
                _check_all(value)
        case list():
            for value in content:
                _check_all(value)
    return content


SEEN_THROUGHOUT = AfterValidator(_check_all)
"""An annotation for JSON whose form is known only later: all of its texts, and its keys."""


def refuse_unseen(content: object) -> None:
    """Refuse JSON, or a form's fields, with a text in which something cannot be seen.

    Raises:
        RuleBroken: `text-unseen`.
    """
    try:
        _check_all(content)
    except PydanticCustomError as error:
        raise RuleBroken(error.message(), code="text-unseen") from None


def _named(char: str) -> str:
    name = unicodedata.name(char, "")
    return f"U+{ord(char):04X}" + (f" ({name})" if name else "")
