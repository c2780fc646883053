"""The wiring of the registry."""

import asyncio
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
from services.registry.people import api as people
from services.registry.people import commands as people_commands
from services.registry.people import pages as people_pages
from services.registry.people.mail import Mailer, RegistryMailSettings
from services.registry.programmes import api as programmes
from services.registry.projects import api as projects
from services.registry.publishers import api as publishers
from services.registry.sign_in import api as sign_in_api
from services.registry.sign_in import pages as sign_in
from services.registry.sign_in.provider import Provider, ProviderSettings
from services.registry.site import pages as site
from services.registry.tables import api as tables
from shared.delivery.subscribe import Router
from shared.http.routes import StrictRoute
from shared.service.app import make_app
from shared.service.runtime import Service
from shared.service.settings import ServiceSettings
from shared.web.pages import PageRoute, Pages

LOG = structlog.get_logger()
SUBJECTS = (
    *(municipalities, metrics, programmes, projects, networks, gatherings, commitments),
    *(grants, knowledge, tables, publishers),
)
"""Those that have routes for machines."""

ROUTE = "/api/registry/v1"
MIGRATIONS = Path(__file__).parent / "migrations"
FORGET_SECONDS = 60.0


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
    public_url: str = Field(
        default="http://127.0.0.1:8000",
        description="The address of the pages, as links in mails have it.",
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


async def forget_erased(service: Service) -> None:
    """Forget whom the log says to forget, as long as the service runs: a database that was put back
    may have them still.
    """
    while True:
        async with service.database.transaction() as conn:
            if count := await people_commands.forget_erased(conn):
                LOG.warning("erased persons forgotten again", person_count=count)
        await asyncio.sleep(FORGET_SECONDS)


async def define_metrics(service: Service) -> None:
    """Define the built-in metrics whose files are new or changed; over when it was done once."""
    async with service.database.transaction() as conn:
        changed = await load_builtin(conn, read_builtin(), now=service.clock.now())
    service.health.waiting.pop("metrics", None)
    if changed:
        LOG.info("built-in metrics defined", metric_ids=changed)


def make_router(service: Service, mailer: Mailer) -> APIRouter:
    """Return the registry's routes for machines."""
    router = APIRouter(prefix=ROUTE, route_class=StrictRoute)
    for subject in SUBJECTS:
        subject.add_routes(router, service)
    people.add_routes(router, service, mailer)
    sign_in_api.add_routes(router, service)
    return router


def make_pages(
    service: Service,
    pages: Pages,
    mailer: Mailer,
    *,
    status_address: str,
    provider: Provider | None,
) -> APIRouter:
    """Return the registry's routes for people."""
    router = APIRouter(route_class=PageRoute.of(pages), include_in_schema=False)
    sign_in.add_routes(router, service, pages, mailer, provider)
    people_pages.add_routes(router, service, pages, mailer)
    site.add_routes(router, service, pages)
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
        background=[
            define_metrics,
            *([register_reference] if settings.reference else []),
            forget_erased,
        ],
    )
    service.health.waiting["metrics"] = "the built-in metrics are not defined yet"
    if settings.reference:
        service.health.waiting["reference"] = "the reference municipalities are not registered yet"
    app = make_app(
        service,
        "Saman registry",
        "Who takes part: municipalities, programmes, projects, publishers.",
    )
    pages = Pages("registry", Path(__file__).parent)
    pages.mount_assets(app)
    mailer = Mailer(RegistryMailSettings(), settings.public_url, pages.all_texts)
    app.include_router(make_router(service, mailer))
    provided = ProviderSettings()
    callback = f"{settings.public_url.rstrip('/')}{sign_in.CALLBACK_PAGE}"
    provider = Provider(provided, callback) if provided.issuer else None
    app.include_router(
        make_pages(
            service, pages, mailer, status_address=settings.status_address, provider=provider
        )
    )
    return app
