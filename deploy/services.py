"""Which services there are, and where their wiring is."""

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from fastapi import FastAPI

from shared.delivery.subscribe import Subscription
from shared.errors import RuleBroken
from shared.service.runtime import Service
from shared.service.schema import MECHANISM_MIGRATIONS
from shared.service.settings import ServiceSettings

SERVICES = ("registry", "reporting", "metrics", "notifications")


class Wiring(Protocol):
    """What `services/<name>/app.py` offers."""

    Settings: type[ServiceSettings]
    MIGRATIONS: Path

    def create_app(self, settings: Any) -> FastAPI:
        """Return the service as an ASGI app."""


def named(service: str) -> str:
    """Return the name of a service that somebody typed.

    Raises:
        RuleBroken: there is no such service.
    """
    if service not in SERVICES:
        raise RuleBroken(f"there is no service {service!r}; choose one of {', '.join(SERVICES)}")
    return service


def wiring(service: str) -> Wiring:
    """Return a service's wiring; only what is asked for is imported."""
    return import_module(f"services.{service}.app")


def migration_folders(service: str) -> list[Path]:
    """Return the folders of migrations of a service: the mechanisms' and its own."""
    return [MECHANISM_MIGRATIONS, wiring(service).MIGRATIONS]


def subscriptions(service: str) -> dict[str, Subscription]:
    """Return a service's subscriptions by consumer group, whether or not it runs anywhere."""
    module = wiring(service)
    idle: Service = module.create_app(
        module.Settings(database_dsn="postgresql://nowhere/none")
    ).state.service
    return idle.subscriptions
