"""What every service's OpenAPI document says beyond its routes: problem documents, keys, bodies
that are read raw.

FastAPI describes its own validation errors and answers them as plain JSON; ours are problem
documents (RFC 9457), and some may come of any request. They are written into each operation here,
so that no route has to repeat them.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.http.json_schema import DescribedSchema, describe_fields, self_contained

PROBLEM_MEDIA_TYPE = "application/problem+json"
_METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})
_COMPONENTS = "#/components/schemas/"

_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}
}
_ETAG = {"description": "Stands for this content.", "schema": {"type": "string"}}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "Entity tags that are known, or `*`; compared weakly.",
    "schema": {"type": "string"},
}
_KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "A publisher's key, `pub_<key id>.<43 characters>`, or the operator's.",
}


def describe(app: FastAPI, problem: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of an app.

    Args:
        problem: the model of problem documents.
    """
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    _, definitions = models_json_schema(
        [(problem, "serialization")], ref_template=f"{_COMPONENTS}{{model}}"
    )
    schemas.update(definitions["$defs"])
    for schema in schemas.values():
        describe_fields(schema)
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    document["components"]["securitySchemes"] = {"key": _KEY}
    for method, operation in _operations(document):
        _complete(operation, f"{_COMPONENTS}{problem.__name__}")
        if method == "get":
            _say_conditional(operation)
    return document


def body_of(*models: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI part of a body that the route reads from its raw bytes, so that numbers
    stay exact.

    The schemas stand in the operation itself: FastAPI knows nothing of these models, and makes no
    components of them.
    """
    schemas = [
        self_contained(model.model_json_schema(schema_generator=DescribedSchema))
        for model in models
    ]
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in document.get("paths", {}).values():
        yield from (each for each in path.items() if each[0] in _METHODS)


def _say_conditional(operation: dict[str, Any]) -> None:
    """Say that a `GET` may name the entity tags that it knows."""
    operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
    responses = operation["responses"]
    responses["200"]["headers"] = responses["200"].get("headers", {}) | {"ETag": _ETAG}
    responses["304"] = {"description": "As If-None-Match says.", "headers": {"ETag": _ETAG}}
    operation["responses"] = dict(sorted(responses.items()))


def _complete(operation: dict[str, Any], problem: str) -> None:
    """Say which refusals an operation may answer with, and whether it wants a key."""
    content = {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": problem}}}
    responses = operation["responses"]
    for status, response in responses.items():
        if not status.startswith("2") and status != "304":
            response["content"] = content
    for status, meaning in _meanings(operation):
        responses[status] = {"description": meaning, "content": content}
    for status in {"429", "503"} & responses.keys():
        responses[status]["headers"] = _RETRY_AFTER
    responses["default"] = {
        "description": "Any other refusal; its code says which.",
        "content": content,
    }
    operation["responses"] = dict(sorted(responses.items()))
    if "401" in responses:
        operation["security"] = [{"key": []}]


def _meanings(operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if operation.get("parameters") or "requestBody" in operation:
        yield "422", "Refused; every fault is named."
    if "requestBody" in operation:
        yield "413", "The body is too large."
        yield "415", "The body is of another media type, or compressed; it is taken plain only."
    if "401" in operation["responses"]:
        yield "429", "The key is used too often, or by too many at once."
    yield "503", "Not now; nothing was done. Try the same again after some seconds."
