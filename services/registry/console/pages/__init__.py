"""The pages of the console: the state of the four services, and the records that they could not
handle.
"""

from fastapi import APIRouter

from services.registry.console.pages import dead_letters, status
from services.registry.console.pages.asking import Services
from shared.service.runtime import Service
from shared.web.pages import Pages


def add_routes(router: APIRouter, service: Service, pages: Pages, *, status_address: str) -> None:
    """Add the console's pages.

    Args:
        router: of the registry's pages.
        service: for its clock, and to tell who signs in.
        pages: the registry's templates and texts.
        status_address: where a service answers for its state, `{service}` standing for its name;
            empty where one process serves all four.
    """
    services = Services(status_address)
    status.add_routes(router, service, pages, services)
    dead_letters.add_routes(router, service, pages, services)
