"""The wiring of metrics."""

from pathlib import Path

from fastapi import FastAPI
from pydantic_settings import SettingsConfigDict

from services.metrics import api, handlers, pages
from shared.runtime import Service, ServiceSettings

MIGRATIONS = Path(__file__).parent / "migrations"


class Settings(ServiceSettings):
    """What metrics is told."""

    model_config = SettingsConfigDict(env_prefix="SAMAN_METRICS_", extra="ignore", populate_by_name=True)


def create_app(settings: Settings) -> FastAPI:
    """Return metrics as an ASGI app; its lifespan runs consumers and relay."""
    service = Service("metrics", settings, migrations=MIGRATIONS, router=handlers.router)
    app = service.fastapi("Saman metrics", "What the figures mean: rates, boards, targets, groups.")
    app.include_router(api.make_router(service))
    pages.install(app, service)
    return app
