"""The wiring of the registry."""

from pathlib import Path

import structlog
from fastapi import APIRouter, FastAPI
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.registry.commitments import api as commitments
from services.registry.console import pages as console
from services.registry.gatherings import api as gatherings
from services.registry.grants import api as grants
from services.registry.knowledge import api as knowledge
from services.registry.metrics import api as metrics
from services.registry.metrics.builtin.files import read_builtin
from services.registry.metrics.commands import load_builtin
from services.registry.municipalities import api as municipalities
from services.registry.municipalities.commands import load_reference
from services.registry.municipalities.reference.tables import read_reference
from services.registry.networks import api as networks
from services.registry.programmes import api as programmes
from services.registry.projects import api as projects
from services.registry.publishers import api as publishers
from shared.delivery.subscribe import Router
from shared.http.routes import StrictRoute
from shared.service.app import make_app
from shared.service.runtime import Service
from shared.service.settings import ServiceSettings
from shared.web.pages import PageRoute, Pages

LOG = structlog.get_logger()
SUBJECTS = (
    *(municipalities, metrics, programmes, projects, networks, gatherings, commitments),
    *(grants, knowledge, publishers),
)
"""Those that have routes for machines."""

ROUTE = "/api/registry/v1"
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


async def register_reference(service: Service) -> None:
    """Register the reference municipalities that are missing; over when it was done once."""
    async with service.database.transaction() as conn:
        count = await load_reference(conn, read_reference(), now=service.clock.now())
    service.health.waiting.pop("reference", None)
    if count:
        LOG.info("reference municipalities registered", state_count=count)


async def define_metrics(service: Service) -> None:
    """Define the built-in metrics whose files are new or changed; over when it was done once."""
    async with service.database.transaction() as conn:
        changed = await load_builtin(conn, read_builtin(), now=service.clock.now())
    service.health.waiting.pop("metrics", None)
    if changed:
        LOG.info("built-in metrics defined", metric_ids=changed)


def make_router(service: Service) -> APIRouter:
    """Return the registry's routes for machines."""
    router = APIRouter(prefix=ROUTE, route_class=StrictRoute)
    for subject in SUBJECTS:
        subject.add_routes(router, service)
    return router


def make_pages(app: FastAPI, service: Service, *, status_address: str) -> APIRouter:
    """Return the registry's routes for people, and let the app serve their assets."""
    pages = Pages("registry", Path(__file__).parent)
    pages.mount_assets(app)
    router = APIRouter(route_class=PageRoute.of(pages), include_in_schema=False)
    console.add_routes(router, service, pages, status_address=status_address)
    pages.add_missing(router)
    return router


def create_app(settings: Settings) -> FastAPI:
    """Return the registry as an ASGI app; its lifespan runs the relay and registers what is
    missing.
    """
    service = Service(
        "registry",
        settings,
        migrations=MIGRATIONS,
        router=Router("registry"),
        background=[define_metrics, *([register_reference] if settings.reference else [])],
    )
    service.health.waiting["metrics"] = "the built-in metrics are not defined yet"
    if settings.reference:
        service.health.waiting["reference"] = "the reference municipalities are not registered yet"
    app = make_app(
        service,
        "Saman registry",
        "Who takes part: municipalities, programmes, projects, publishers.",
    )
    app.include_router(make_router(service))
    app.include_router(make_pages(app, service, status_address=settings.status_address))
    return app
