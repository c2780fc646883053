"""What every service's OpenAPI document says beyond its routes: problem documents, keys, bodies
that are read raw, one title for each schema.

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

from shared.http.json_schema import DescribedSchema, describe_fields, title_only

PROBLEM_MEDIA_TYPE = "application/problem+json"
_METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})
_COMPONENTS = "#/components/schemas/"
_REFERENCE = f"{_COMPONENTS}{{model}}"

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
    "description": (
        "A publisher's key, `pub_<key id>.<43 characters>`, the operator's, or, where it is set up,"
        " a token of Maskinporten."
    ),
}
_SERVER = {"url": "/", "description": "The installation that this document was fetched from."}


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
    _add(schemas, models_json_schema([(problem, "serialization")], ref_template=_REFERENCE)[1])
    for path, method, operation in _operations(document):
        operation.setdefault("tags", [_subject(path)])
        _lift_bodies(operation, schemas)
        _complete(operation, f"{_COMPONENTS}{problem.__name__}")
        if method == "get":
            _say_conditional(operation)
    for name, schema in schemas.items():
        describe_fields(schema)
        title_only(schema, name)
    title_only(document["paths"], None)
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    document["components"]["securitySchemes"] = {"key": _KEY}
    document["servers"] = [_SERVER]
    document["tags"] = [{"name": name} for name in _tags(document)]
    return document


def body_of(*models: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI part of a body that the route reads from its raw bytes, so that numbers
    stay exact.

    FastAPI knows nothing of these models; `describe` makes components of them.
    """
    schemas = [
        model.model_json_schema(schema_generator=DescribedSchema, ref_template=_REFERENCE)
        for model in models
    ]
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document.get("paths", {}).items():
        yield from ((path, method, each) for method, each in methods.items() if method in _METHODS)


def _say_conditional(operation: dict[str, Any]) -> None:
    """Say that a `GET` may name the entity tags that it knows."""
    operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
    responses = operation["responses"]
    responses["200"]["headers"] = responses["200"].get("headers", {}) | {"ETag": _ETAG}
    responses["304"] = {"description": "As If-None-Match says.", "headers": {"ETag": _ETAG}}
    operation["responses"] = dict(sorted(responses.items()))


def _subject(path: str) -> str:
    """Return what `/api/registry/v1/municipalities/{id}` is about: `municipalities`."""
    return path.removeprefix("/api/").split("/")[2]


def _tags(document: dict[str, Any]) -> list[str]:
    return sorted({tag for *_, each in _operations(document) for tag in each["tags"]})


def _lift_bodies(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Make components of the models in a body that `body_of` wrote."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        models = schema.get("oneOf", [schema])
        for model in models:
            if "title" in model:
                _add(schemas, {"$defs": {**model.pop("$defs", {}), model["title"]: dict(model)}})
                reference = f"{_COMPONENTS}{model['title']}"
                model.clear()
                model["$ref"] = reference


def _add(schemas: dict[str, Any], definitions: dict[str, Any]) -> None:
    """Add components.

    Raises:
        ValueError: two models of one service have one name, so that one would overwrite the other
            where somebody makes code of the document.
    """
    for name, schema in definitions["$defs"].items():
        if schemas.setdefault(name, schema) != schema:
            raise ValueError(f"two models are named {name}; give one of them another name")


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
    operation["security"] = [{"key": []}] if "401" in responses else []


def _meanings(operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if operation.get("parameters") or "requestBody" in operation:
        yield "422", "Refused; every fault is named."
    if "requestBody" in operation:
        yield "413", "The body is too large."
        yield "415", "The body is of another media type, or compressed; it is taken plain only."
    yield "429", "Too often, or too many at once, with one key or from one address."
    yield "503", "Not now; nothing was done. Try the same again after some seconds."
