"""A service's HTTP app: health, figures, status and the operators' routes. The service's own routes
are added by the caller.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse

from shared.http import bounds, wiring
from shared.http.session_cookie import SessionCookie
from shared.service import consumer_replays, operating, telemetry
from shared.service.requests import MeasureRequests, RequestFigures
from shared.service.runtime import Service
from shared.service.status import status_of
from shared.service.telemetry import ServiceCollector


def make_app(service: Service, title: str, description: str) -> FastAPI:
    """Return the service as an ASGI app; its lifespan runs the service.

    `app.state.service` is the service, and `app.state.collector` its figures.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    app = FastAPI(
        title=title,
        description=description,
        version="1",
        lifespan=lifespan,
        openapi_url=None,
        generate_unique_id_function=lambda route: route.name,
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    app.state.collector = collector = ServiceCollector(service)
    settings = service.settings
    limits = bounds.Limits(open_per_minute=settings.open_per_minute, open_burst=settings.open_burst)
    wiring.install(app, limits=limits)
    figures = RequestFigures(service.name, collector.registry)
    keys, clock = service.access.session_keys, partial(datetime.now, UTC)
    app.add_middleware(SessionCookie, keys=keys, clock=clock)
    app.add_middleware(MeasureRequests, figures=figures)
    _add_health(app, service, collector)
    app.include_router(operating.make_router(service))
    app.include_router(consumer_replays.make_router(service))
    return app


def _add_health(app: FastAPI, service: Service, collector: ServiceCollector) -> None:
    process = telemetry.process_figures()
    inside = APIRouter(include_in_schema=False)

    @inside.get("/-/live")
    async def live() -> Response:
        return JSONResponse({"live": True})

    @inside.get("/-/ready")
    async def ready() -> Response:
        reasons = service.health.reasons()
        return JSONResponse(
            {"ready": not reasons, "reasons": reasons}, status_code=503 if reasons else 200
        )

    @inside.get("/-/metrics")
    async def figures(request: Request) -> Response:
        accept = request.headers.get("accept", "")
        text, media_type = await telemetry.expose([collector], process, accept=accept)
        return Response(text, media_type=media_type)

    app.include_router(inside)

    @app.get(f"/api/{service.name}/v1/openapi.json", include_in_schema=False)
    async def document() -> Response:
        return JSONResponse(app.openapi())

    @app.get(
        f"/api/{service.name}/v1/status",
        tags=["status"],
        summary="Readiness, lag, outbox and dead letters",
    )
    async def status() -> dict[str, Any]:
        return await status_of(service)
