"""The wiring of reporting."""

import asyncio
from pathlib import Path

from fastapi import FastAPI
from pydantic_settings import SettingsConfigDict

from services.reporting import api, commands, handlers
from shared.clock import next_midnight
from shared.runtime import Service, ServiceSettings

MIGRATIONS = Path(__file__).parent / "migrations"
TICK_SECONDS = 5.0
"""How often is looked besides midnight, for what another transaction held at the time."""


class Settings(ServiceSettings):
    """What reporting is told."""

    model_config = SettingsConfigDict(env_prefix="SAMAN_REPORTING_", extra="ignore", populate_by_name=True)


async def turn_states(service: Service) -> None:
    """Turn obligations with the calendar, as long as the service runs."""
    while True:
        async with service.database.transaction() as conn:
            await commands.turn_states(conn, now=service.clock.now())
        now = service.clock.now()
        await asyncio.sleep(min(TICK_SECONDS, (next_midnight(now) - now).total_seconds()))


def create_app(settings: Settings) -> FastAPI:
    """Return reporting as an ASGI app; its lifespan runs consumers, relay and ticks."""
    service = Service(
        "reporting",
        settings,
        migrations=MIGRATIONS,
        router=handlers.router,
        inbound=handlers.inbound_router,
        background=[turn_states],
    )
    app = service.fastapi("Saman reporting", "What is owed and what came in: figures, rounds, reports.")
    app.include_router(api.make_router(service))
    return app
