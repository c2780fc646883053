"""Requests made up from an OpenAPI document, and what is answered held against it."""

import asyncio
from collections.abc import Mapping
from typing import Any

import requests
import schemathesis
from httpx2 import AsyncClient, Response
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
ANSWER_SECONDS = 30.0

Operation = tuple[str, str]
"""Method and path."""


def operations(document: Mapping[str, Any], *, breakable: bool = False) -> list[Operation]:
    """Return the operations of a document, to have a test for each.

    Args:
        breakable: only those that take something which could be wrong.
    """
    return [
        (method, path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if not breakable
        or any(each["in"] != "header" for each in operation.get("parameters", ()))
        or "requestBody" in operation
    ]


async def fuzz(
    client: AsyncClient,
    document: dict[str, Any],
    operation: Operation,
    *,
    examples: int,
    good: bool,
) -> list[int]:
    """Make requests up for an operation, hold each answer against the document, and return the
    statuses.

    Args:
        good: whether the requests fit the document; otherwise each breaks it somewhere and must be
            refused.

    Raises:
        Exception: an answer was a server error, or is not in the document; the message has the
            request.
    """
    loop = asyncio.get_running_loop()
    method, path = operation
    mode = GenerationMode.POSITIVE if good else GenerationMode.NEGATIVE
    schema = schemathesis.openapi.from_dict(_without_keys(document))
    strategy = schema[path][method.upper()].as_strategy(generation_mode=mode)
    statuses = []

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def ask(case: Case[Any]) -> None:
        answer = asyncio.run_coroutine_threadsafe(_send(client, case), loop).result(ANSWER_SECONDS)
        statuses.append(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    await asyncio.to_thread(ask)
    return statuses


def _without_keys(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out who may ask: the client has its key, and who may do what has tests of its own."""
    paths = {
        path: {
            method: {k: v for k, v in operation.items() if k != "security"}
            for method, operation in methods.items()
        }
        for path, methods in document["paths"].items()
    }
    return {**document, "paths": paths}


async def _send(client: AsyncClient, case: Case[Any]) -> Response:
    kwargs = case.as_transport_kwargs(base_url=str(client.base_url))
    request = requests.Request(
        **{name: kwargs[name] for name in _REQUEST if name in kwargs}
    ).prepare()
    body = request.body.encode() if isinstance(request.body, str) else request.body
    assert body is None or isinstance(body, bytes)
    headers = [(name, str(value)) for name, value in request.headers.items()]
    return await client.request(
        str(request.method), str(request.url), content=body, headers=headers
    )


_REQUEST = ("method", "url", "headers", "files", "data", "params", "cookies", "json")
