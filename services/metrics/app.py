"""The wiring of metrics."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from pydantic_settings import SettingsConfigDict

from services.metrics import handlers
from services.metrics.boards import api as boards_api
from services.metrics.boards import pages as board_pages
from services.metrics.front import pages as front_pages
from services.metrics.intake import commands
from services.metrics.publishing import api as series_api
from services.metrics.rankings import api as rankings_api
from services.metrics.rankings import pages as ranking_pages
from shared.http.routes import StrictRoute
from shared.service import calendar
from shared.service.app import make_app
from shared.service.runtime import Service
from shared.service.settings import ServiceSettings
from shared.web.pages import PageRoute, Pages

FOLDER = Path(__file__).parent
MIGRATIONS = FOLDER / "migrations"
ROUTE = "/api/metrics/v1"
DAY_CHECK_SECONDS = 60.0
"""How often is looked besides midnight, for what was heard too late for it; a day without changes
costs one query.
"""


class Settings(ServiceSettings):
    """What metrics is told."""

    model_config = SettingsConfigDict(
        env_prefix="SAMAN_METRICS_", extra="ignore", populate_by_name=True
    )


async def begin_days(service: Service) -> None:
    """Let what begins or ends on a day do so at its midnight."""
    await calendar.follow(
        service.database, service.clock, commands.begin_day, seconds=DAY_CHECK_SECONDS
    )


def create_app(settings: Settings) -> FastAPI:
    """Return metrics as an ASGI app; its lifespan runs consumers, relay and the calendar."""
    service = Service(
        "metrics",
        settings,
        migrations=MIGRATIONS,
        router=handlers.router,
        background=[begin_days],
    )
    app = make_app(
        service, "Saman metrics", "What the figures mean: rates, boards, targets, groups."
    )
    router = APIRouter(prefix=ROUTE, route_class=StrictRoute)
    for add_routes in (series_api.add_routes, boards_api.add_routes, rankings_api.add_routes):
        add_routes(router, service)
    app.include_router(router)
    _add_pages(app, service)
    return app


def _add_pages(app: FastAPI, service: Service) -> None:
    """Add the pages of all subjects, and their assets."""
    pages = Pages("metrics", FOLDER)
    pages.mount_assets(app)
    router = APIRouter(route_class=PageRoute.of(pages), include_in_schema=False)
    for add_routes in (
        front_pages.add_routes,
        board_pages.add_routes,
        ranking_pages.add_routes,
    ):
        add_routes(router, service, pages)
    pages.add_missing(router)
    app.include_router(router)
