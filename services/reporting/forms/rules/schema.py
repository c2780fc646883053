"""What the JSON Schema of a form's answers says of each path."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from services.reporting.forms.rules.form import mapping, sequence
from services.reporting.forms.rules.values import Json


class Kind(StrEnum):
    """What stands at a path, or comes out of an expression."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "yes or no"
    DATE = "date"
    ROWS = "rows"
    PART = "part with fields of its own"
    ANY = "anything"


_KINDS = {
    "string": Kind.TEXT,
    "number": Kind.NUMBER,
    "integer": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
    "array": Kind.ROWS,
    "object": Kind.PART,
}


def kinds_of(schema: Mapping[str, Json]) -> dict[str, Kind]:
    """Return what stands at each path of the answers; rows have the path of their list.

    `{"goals": rows, "goals.value": number}` is a list `goals` of objects with a field `value`.
    """
    return dict(_fields(schema, ""))


def is_whole(schema: Mapping[str, Json]) -> bool:
    """Tell whether numbers without decimals only are wanted."""
    return "integer" in types_of(schema)


def types_of(schema: Mapping[str, Json]) -> list[str]:
    """Return the types that a schema allows, without null."""
    written = schema.get("type")
    types = [written] if isinstance(written, str) else [str(one) for one in sequence(written)]
    return [one for one in types if one != "null"]


def schema_at(schema: Mapping[str, Json], path: str) -> Mapping[str, Json]:
    """Return the schema of what stands at a path; an empty one where there is none."""
    held = schema
    for name in path.split("."):
        if "array" in types_of(held):
            held = mapping(held.get("items"))
        held = mapping(mapping(held.get("properties")).get(name))
    return held


def _fields(schema: Mapping[str, Json], above: str) -> Iterator[tuple[str, Kind]]:
    for name, written in mapping(schema.get("properties")).items():
        field = mapping(written)
        path = f"{above}.{name}" if above else name
        kind = _kind(field)
        yield path, kind
        if kind is Kind.ROWS:
            yield from _fields(mapping(field.get("items")), path)
        elif kind is Kind.PART:
            yield from _fields(field, path)


def _kind(field: Mapping[str, Json]) -> Kind:
    types = types_of(field)
    if types == ["string"] and field.get("format") in ("date", "date-time"):
        return Kind.DATE
    return _KINDS.get(types[0], Kind.ANY) if len(types) == 1 else Kind.ANY
