"""The registry's pages: the state of the four services, and the records that they could not
handle.
"""

from pathlib import Path

from fastapi import APIRouter, FastAPI

from services.registry.pages import dead_letters, status
from services.registry.pages.asking import Services
from shared.service.runtime import Service
from shared.web.pages import PageRoute, Pages


def install(app: FastAPI, service: Service, *, status_address: str) -> None:
    """Add the pages to the registry's app.

    Args:
        app: the registry's HTTP app.
        service: for its clock, and to tell who signs in.
        status_address: where a service answers for its state, `{service}` standing for its name;
            empty where one process serves all four.
    """
    pages = Pages("registry", Path(__file__).parent.parent)
    pages.mount_assets(app)
    router = APIRouter(route_class=PageRoute.of(pages), include_in_schema=False)
    services = Services(status_address)
    status.add_routes(router, service, pages, services)
    dead_letters.add_routes(router, service, pages, services)
    pages.add_missing(router)
    app.include_router(router)
