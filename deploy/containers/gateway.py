"""The four services in one process behind one port: each request goes to the app whose address it
bears.

The same `create_app` functions serve containers; there nginx does this routing
(deploy/containers/nginx). The services still talk to each other only through Kafka.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.services import SERVICES
from shared.errors import NotFound, Unavailable
from shared.http import wiring
from shared.service.requests import MeasureRequests, RequestFigures
from shared.service.runtime import Service
from shared.service.telemetry import ServiceCollector, expose, process_figures

OWN_PATHS = {"/": "metrics", "/status": "registry"}
"""Addresses that belong to one service though they do not bear its name (CONTRACTS 3)."""


def owner_of(path: str) -> str | None:
    """Return the service that answers an address, or None."""
    if path in OWN_PATHS:
        return OWN_PATHS[path]
    parts = path.split("/")
    if len(parts) > 2 and parts[1] == "api":
        return parts[2]
    return parts[1] if len(parts) > 1 else None


def make_gateway(apps: Mapping[str, FastAPI]) -> ASGIApp:
    """Return one ASGI app of several services; its lifespan runs them all.

    Args:
        apps: by service name.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for app in apps.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield

    services: dict[str, Service] = {name: app.state.service for name, app in apps.items()}
    own = FastAPI(lifespan=lifespan, openapi_url=None)
    wiring.install(own)
    figures = process_figures()
    own.add_middleware(MeasureRequests, figures=RequestFigures("gateway", figures))
    for path, answer in (
        ("/-/live", _live),
        ("/-/ready", _ready(services)),
        ("/-/metrics", _figures([app.state.collector for app in apps.values()], figures)),
    ):
        own.add_api_route(path, answer)
    own.router.default = _unknown

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await own(scope, receive, send)
        app = apps.get(owner_of(scope["path"]) or "")
        return await (app or own)(scope, receive, send)

    return route


async def _unknown(scope: Scope, _: Receive, __: Send) -> None:
    service = owner_of(scope["path"])
    if service in SERVICES:
        raise Unavailable(f"{service} does not run here")
    raise NotFound("no service has this address", code="not-found")


async def _live() -> Response:
    return JSONResponse({"live": True})


def _ready(services: Mapping[str, Service]) -> Any:
    async def ready(_: Request) -> Response:
        reasons = {
            name: service.health.reasons()
            for name, service in services.items()
            if service.health.reasons()
        }
        return JSONResponse(
            {"ready": not reasons, "reasons": reasons}, status_code=503 if reasons else 200
        )

    return ready


def _figures(services: Sequence[ServiceCollector], own: CollectorRegistry) -> Any:
    async def figures(request: Request) -> Response:
        accept = request.headers.get("accept", "")
        text, media_type = await expose(services, own, accept=accept)
        return Response(text, media_type=media_type)

    return figures
