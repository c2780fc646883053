"""The wiring of the registry."""

from pathlib import Path

import structlog
from fastapi import FastAPI
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.registry import api, commands, pages
from services.registry.reference.tables import read_reference
from shared.delivery.subscribe import Router
from shared.service.app import make_app
from shared.service.runtime import Service
from shared.service.settings import ServiceSettings

LOG = structlog.get_logger()
MIGRATIONS = Path(__file__).parent / "migrations"


class Settings(ServiceSettings):
    """What the registry is told."""

    model_config = SettingsConfigDict(
        env_prefix="SAMAN_REGISTRY_", extra="ignore", populate_by_name=True
    )

    reference: bool = Field(
        default=True,
        description=(
            "Whether Norway's municipalities, 2013 to 2024, are registered at the start, as far as"
            " missing."
        ),
    )
    status_address: str = Field(
        default="",
        description=(
            "Where the status page asks a service for its state, such as"
            " http://{service}:8000/api/{service}/v1/status; empty where one process serves all"
            " four."
        ),
    )


async def load_reference(service: Service) -> None:
    """Register the reference municipalities that are missing; over when it was done once."""
    async with service.database.transaction() as conn:
        count = await commands.load_reference(conn, read_reference(), now=service.clock.now())
    service.health.waiting.pop("reference", None)
    if count:
        LOG.info("reference municipalities registered", state_count=count)


def create_app(settings: Settings) -> FastAPI:
    """Return the registry as an ASGI app; its lifespan runs the relay and registers what is
    missing.
    """
    service = Service(
        "registry",
        settings,
        migrations=MIGRATIONS,
        router=Router("registry"),
        background=[load_reference] if settings.reference else [],
    )
    if settings.reference:
        service.health.waiting["reference"] = "the reference municipalities are not registered yet"
    app = make_app(
        service,
        "Saman registry",
        "Who takes part: municipalities, programmes, projects, publishers.",
    )
    app.include_router(api.make_router(service))
    pages.install(app, service, status_address=settings.status_address)
    return app
