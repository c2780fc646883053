"""JSON Schemas as outsiders read them: the sentences of our docstrings stand at the fields that
they are about.
"""

import re
from copy import deepcopy
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

_ATTRIBUTES = re.compile(r"\n\s*Attributes:\s*\n")
_VALUES = frozenset({"const", "default", "enum", "example", "examples"})
"""Keywords with values of a schema beneath them, not schemas."""

_ENTRY = re.compile(r"^(?P<names>[a-z_0-9]+(?:, [a-z_0-9]+)*): (?P<text>.*)$")


class DescribedSchema(GenerateJsonSchema):
    """Writes docstrings out as descriptions: the summary of the class, each line under
    "Attributes:" of its field.

    Titles that only repeat a field's name are left out.
    """

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        """Leave out titles that repeat the name."""
        return False

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        """Describe a model and its fields; a field is described where it, or a class above,
        declares it.
        """
        written = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        summary, _ = read_docstring(model.__doc__ or "")
        if summary:
            written["description"] = summary
        texts: dict[str, str] = {}
        for cls in reversed(model.__mro__):
            texts |= read_docstring(cls.__doc__ or "")[1]
        for name, field in model.model_fields.items():
            alias = field.serialization_alias or field.alias or name
            place = written.get("properties", {}).get(alias)
            if place is not None and name in texts and not field.exclude:
                place.setdefault("description", texts[name])
        return written


def read_docstring(text: str) -> tuple[str, dict[str, str]]:
    """Cut a docstring into what it says as a whole and what it says of each attribute."""
    summary, *rest = _ATTRIBUTES.split(text, maxsplit=1)
    summary = "\n".join(line.strip() for line in summary.strip().splitlines())
    texts: dict[str, str] = {}
    names: list[str] = []
    for line in rest[0].splitlines() if rest else ():
        if not (words := line.strip()):
            continue
        if (entry := _ENTRY.match(words)) is not None:
            names = entry["names"].split(", ")
            texts |= dict.fromkeys(names, entry["text"])
        else:
            texts |= {name: f"{texts[name]} {words}" for name in names}
    return summary, texts


def describe_fields(schema: dict[str, Any]) -> None:
    """Move what a schema's description says of its attributes to its properties; for schemas that
    others wrote.
    """
    summary, texts = read_docstring(schema.get("description", ""))
    if not texts:
        return
    schema["description"] = summary
    for name, text in texts.items():
        place = schema.get("properties", {}).get(name)
        if place is not None:
            place.setdefault("description", text)


def title_only(schema: Any, title: str | None) -> None:
    """Give a schema this title and its parts none.

    Who makes code of a document names classes by titles, so no two schemas may share one. What
    frameworks write as the title of a field only repeats the field's name.
    """
    named = schema.items() if isinstance(schema, dict) else ((None, part) for part in schema)
    for name, part in named:
        if isinstance(part, dict | list) and name not in _VALUES:
            title_only(part, None)
    if isinstance(schema, dict) and isinstance(schema.get("title"), str):
        del schema["title"]
    if title is not None:
        schema["title"] = title


def self_contained(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with its definitions put in the place of the references to them; none may
    refer to itself.
    """
    definitions = schema.get("$defs", {})

    def put_in(part: Any) -> Any:
        if isinstance(part, list):
            return [put_in(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            name = part["$ref"].removeprefix("#/$defs/")
            return put_in(deepcopy(definitions[name])) | {
                k: put_in(v) for k, v in part.items() if k != "$ref"
            }
        return {key: put_in(value) for key, value in part.items() if key != "$defs"}

    contained: dict[str, Any] = put_in(schema)
    return contained
