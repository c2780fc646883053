"""Every place of every request at which a client may put a value, found in the OpenAPI documents,
and a request in which one of them holds what a test is about.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from httpx2 import AsyncClient, Response

from tests.reporting.factories import ORGNR

CONTRACTS = Path(__file__).parents[2] / "docs" / "contracts"
ID = "4bc7985b-e931-45ed-a35c-cfd6e1ca80b8"
KEY, ANY = "(key)", "(any)"
_SAMPLES = (
    "some-thing",
    "vefsn-1824",
    "1824",
    "18",
    ORGNR,
    "2013-02",
    "Vefsn",
    "absence",
    "year",
    "1",
)
_BY_FORMAT = {"uuid": ID, "date": "2013-02-01", "date-time": "2013-02-01T12:00:00Z"}
_BY_NAME = {"publisher": ORGNR, "letter_id": 1}
_MARK = "\u241fhere\u241f"

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """One place of one operation's request.

    Attributes:
        where: `path`, `query` or `body`.
        steps: the way to it inside the body, or the parameter's name; `-` leads into a list,
            `(key)` to the name of a member and `(any)` to a member of any name.
        schema: of the value.
    """

    service: str
    method: str
    path: str
    where: str
    steps: tuple[str, ...]
    schema: Schema

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.where} {'/'.join(self.steps)}"

    @property
    def kind(self) -> str:
        """What JSON calls the value: `string`, `integer`, `number`, or `any`."""
        return str(self.schema.get("type", "any"))


def documents() -> dict[str, Schema]:
    """Return the documents by service."""
    files = sorted(CONTRACTS.glob("openapi-*.json"))
    return {path.stem.removeprefix("openapi-"): json.loads(path.read_text()) for path in files}


DOCUMENTS = documents()


def places() -> Iterator[Place]:
    """Yield every place of every operation, headers aside."""
    for service, document in DOCUMENTS.items():
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if method != "head":
                    yield from _places_of(service, method, path, operation)


def _places_of(service: str, method: str, path: str, operation: Schema) -> Iterator[Place]:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] in ("path", "query"):
            for _, schema in leaves(service, parameter["schema"], ()):
                name = (parameter["name"],)
                yield Place(service, method, path, parameter["in"], name, schema)
    for steps, schema in leaves(service, _body_schema(operation), ()):
        yield Place(service, method, path, "body", steps, schema)


def _body_schema(operation: Schema) -> Schema:
    content = operation.get("requestBody", {}).get("content", {})
    schema: Schema = content.get("application/json", {}).get("schema", {})
    return schema


def _resolved(service: str, schema: Schema) -> Schema:
    while "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = DOCUMENTS[service]["components"]["schemas"][name]
    return schema


def _branches(schema: Schema) -> list[Schema]:
    return [*schema.get("anyOf", ()), *schema.get("oneOf", ())]


def leaves(
    service: str, schema: Schema, steps: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Schema]]:
    """Yield the way to every single value of a schema, and the value's own schema."""
    schema = _resolved(service, schema)
    for branch in _branches(schema):
        yield from leaves(service, branch, steps)
    if _branches(schema) or not schema:
        return
    match schema.get("type"):
        case "object":
            for name, inner in schema.get("properties", {}).items():
                yield from leaves(service, inner, (*steps, name))
            for pattern, inner in schema.get("patternProperties", {}).items():
                yield (*steps, KEY), {"type": "string", "pattern": pattern}
                yield from leaves(service, inner, (*steps, ANY))
            more = schema.get("additionalProperties")
            if more is True:
                yield (*steps, KEY), {"type": "string"}
                yield (*steps, ANY), {}
        case "array":
            yield from leaves(service, schema["items"], (*steps, "-"))
        case "null":
            return
        case _:
            yield steps, schema


def sample(service: str, schema: Schema, name: str = "") -> Any:
    """Return a value that a schema takes, with what is required and nothing else.

    It is the operator who asks, so a publisher is named as well.
    """
    schema = _resolved(service, schema)
    if name in _BY_NAME:
        return _BY_NAME[name]
    if branches := _branches(schema):
        return sample(service, branches[0], name)
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    match schema.get("type"):
        case "object":
            members = schema.get("properties", {})
            needed = [*schema.get("required", ()), *(members.keys() & {"publisher"})]
            return {key: sample(service, members[key], key) for key in needed}
        case "array":
            return [sample(service, schema["items"])] if schema.get("minItems") else []
        case "integer":
            return int(schema.get("minimum", 1))
        case "number":
            return 1
        case "boolean":
            return True
    if schema.get("format") in _BY_FORMAT:
        return _BY_FORMAT[schema["format"]]
    pattern = schema.get("pattern", "")
    return next(text for text in _SAMPLES if re.search(pattern, text))


async def ask(
    client: AsyncClient, place: Place, value: Any, *, token: str | None = None
) -> Response:
    """Send a request that holds a value at a place, and is otherwise as the document says.

    Args:
        token: what stands in the JSON in place of the value, as it is.
    """
    operation = DOCUMENTS[place.service]["paths"][place.path][place.method]
    path, params = place.path, {}
    for parameter in operation.get("parameters", ()):
        name, where = parameter["name"], parameter["in"]
        is_here = place.where == where and place.steps == (name,)
        if where == "path":
            filled = value if is_here else sample(place.service, parameter["schema"], name)
            path = path.replace(f"{{{name}}}", quote(str(filled), safe=""))
        elif is_here or (where == "query" and parameter.get("required")):
            params[name] = value if is_here else sample(place.service, parameter["schema"], name)
    body = _body_with(place, value if token is None else _MARK, _body_schema(operation))
    text = json.dumps(body, ensure_ascii=False)
    if token is not None:
        text = text.replace(json.dumps(_MARK, ensure_ascii=False), token)
    content = None if body is None else text.encode()
    headers = {"Content-Type": "application/json"}
    return await client.request(
        place.method.upper(), path, params=params, content=content, headers=headers
    )


def _body_with(place: Place, value: Any, schema: Schema) -> Any:
    if not schema:
        return None
    if place.where != "body":
        return sample(place.service, schema)
    return put(place.service, schema, place.steps, value)


def put(service: str, schema: Schema, steps: tuple[str, ...], value: Any) -> Any:
    """Return a sample of a schema in which a value stands at the end of the steps."""
    if not steps:
        return value
    schema = _resolved(service, schema)
    for branch in _branches(schema):
        if any(found[: len(steps)] == steps for found, _ in leaves(service, branch, ())):
            return put(service, branch, steps, value)
    step, *rest = steps
    if step == "-":
        return [put(service, schema["items"], tuple(rest), value)]
    whole = sample(service, schema)
    members = [*schema.get("patternProperties", {}).values(), {}]
    if step == KEY:
        return whole | {value: sample(service, members[0]) if members[0] else 1}
    if step == ANY:
        return whole | {"member": put(service, members[0], tuple(rest), value)}
    inner = schema["properties"][step]
    return whole | {step: put(service, inner, tuple(rest), value)}
