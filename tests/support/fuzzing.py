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


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Return the operations of a document, to have a test for each."""
    return [(method, path) for path, methods in document["paths"].items() for method in methods]


async def fuzz(
    client: AsyncClient, document: dict[str, Any], operation: Operation, *, examples: int, good: bool
) -> list[int]:
    """Make requests up for an operation, hold each answer against the document, and return the statuses.

    Args:
        good: whether the requests fit the document; otherwise each breaks it somewhere and must be refused.

    Raises:
        Exception: an answer was a server error, or is not in the document; the message has the request.
    """
    loop = asyncio.get_running_loop()
    method, path = operation
    mode = GenerationMode.POSITIVE if good else GenerationMode.NEGATIVE
    strategy = schemathesis.openapi.from_dict(document)[path][method.upper()].as_strategy(generation_mode=mode)
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
    def ask(case: Case) -> None:
        answer = asyncio.run_coroutine_threadsafe(_send(client, case), loop).result(ANSWER_SECONDS)
        statuses.append(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    await asyncio.to_thread(ask)
    return statuses


async def _send(client: AsyncClient, case: Case) -> Response:
    kwargs = case.as_transport_kwargs(base_url=str(client.base_url))
    request = requests.Request(**{name: kwargs[name] for name in kwargs if name in _REQUEST}).prepare()
    headers = {name: value for name, value in request.headers.items() if name.lower() != "authorization"}
    return await client.request(
        str(request.method),
        str(request.url),
        content=request.body,
        headers=headers,  # type: ignore[arg-type]
    )


_REQUEST = frozenset({"method", "url", "headers", "files", "data", "params", "auth", "cookies", "json"})
