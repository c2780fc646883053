"""The wiring of metrics."""

from pathlib import Path

from fastapi import FastAPI
from pydantic_settings import SettingsConfigDict

from services.metrics import api, commands, handlers, pages
from shared.service import calendar
from shared.service.app import make_app
from shared.service.runtime import Service
from shared.service.settings import ServiceSettings

MIGRATIONS = Path(__file__).parent / "migrations"
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
        "metrics", settings, migrations=MIGRATIONS, router=handlers.router, background=[begin_days]
    )
    app = make_app(
        service, "Saman metrics", "What the figures mean: rates, boards, targets, groups."
    )
    app.include_router(api.make_router(service))
    pages.install(app, service)
    return app
