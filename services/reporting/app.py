"""The wiring of reporting."""

from datetime import datetime
from pathlib import Path

from fastapi import APIRouter, FastAPI
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.reporting import handlers
from services.reporting.figures import api as figures
from services.reporting.figures import commands as figure_commands
from services.reporting.forms import api as forms
from services.reporting.forms import pages as form_pages
from services.reporting.reports import api as reports
from services.reporting.rounds import api as rounds
from services.reporting.rounds import commands
from shared.clock import last_midnight
from shared.delivery.unread import may_be_unread
from shared.http.limits import Rate
from shared.postgres.database import Connection
from shared.service import calendar
from shared.service.app import make_app
from shared.service.runtime import Service
from shared.service.settings import ServiceSettings
from shared.web.pages import PageRoute, Pages

MIGRATIONS = Path(__file__).parent / "migrations"
TICK_SECONDS = 5.0
"""How often is looked besides midnight, for what another transaction held at the time."""


class Settings(ServiceSettings):
    """What reporting is told."""

    model_config = SettingsConfigDict(
        env_prefix="SAMAN_REPORTING_", extra="ignore", populate_by_name=True
    )

    figures_per_minute: int = Field(
        default=30_000,
        ge=1,
        le=10_000_000,
        description="Figures of one publisher over HTTP per minute, in each replica.",
    )
    figures_burst: int = Field(
        default=5_000, ge=1, le=1_000_000, description="Of these so many at once."
    )


async def turn_states(service: Service) -> None:
    """Turn obligations with the calendar; overdue only when everything that came before today is
    read, because a report may be among it.
    """
    reports = next(
        each for each in handlers.inbound_router.subscriptions if each.topic == handlers.REPORTS
    )

    async def turn(conn: Connection, *, now: datetime) -> None:
        is_unread = False
        if await commands.is_anything_overdue(conn, now=now):
            is_unread = await may_be_unread(
                conn, service.bus, reports, before=last_midnight(now), clock=service.clock
            )
        await commands.turn_states(conn, now=now, may_turn_overdue=not is_unread)

    await calendar.follow(service.database, service.clock, turn, seconds=TICK_SECONDS)


def create_app(settings: Settings) -> FastAPI:
    """Return reporting as an ASGI app; its lifespan runs consumers, relay and ticks."""
    service = Service(
        "reporting",
        settings,
        migrations=MIGRATIONS,
        router=handlers.router,
        inbound=handlers.inbound_router,
        inbound_lacks=figure_commands.lacks_metrics,
        background=[turn_states],
    )
    app = make_app(
        service, "Saman reporting", "What is owed and what came in: figures, rounds, reports."
    )
    rate = Rate(per_minute=settings.figures_per_minute, burst=settings.figures_burst, of="figures")
    app.include_router(figures.make_router(service, rate=rate))
    for subject in (forms, rounds, reports):
        app.include_router(subject.make_router(service))
    app.include_router(_pages(app, service))
    return app


def _pages(app: FastAPI, service: Service) -> APIRouter:
    """Return the routes for people, and let the app serve their assets."""
    pages = Pages("reporting", Path(__file__).parent)
    pages.mount_assets(app)
    router = APIRouter(route_class=PageRoute.of(pages), include_in_schema=False)
    form_pages.add_routes(router, service, pages)
    pages.add_missing(router)
    return router
