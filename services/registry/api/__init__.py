"""HTTP doors of the registry: who takes part, and how it changes."""

from fastapi import APIRouter

from services.registry.api import municipalities, programmes, projects, publishers
from shared.http.routes import StrictRoute
from shared.service.runtime import Service

ROUTE = "/api/registry/v1"


def make_router(service: Service) -> APIRouter:
    """Return the registry's routes."""
    router = APIRouter(prefix=ROUTE, route_class=StrictRoute)
    municipalities.add_routes(router, service)
    programmes.add_routes(router, service)
    projects.add_routes(router, service)
    publishers.add_routes(router, service)
    return router
