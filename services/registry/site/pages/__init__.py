"""The programme's pages, from what is registered."""

from typing import Any

from fastapi import APIRouter, Request, Response

from services.registry.site.pages import views
from services.registry.tables.api import TableId
from shared.http import inputs
from shared.service.runtime import Service
from shared.web.pages import Pages

PROGRAMMES = "/registry/programmes"
PROJECTS = "/registry/projects"
NETWORKS = "/registry/networks"
GATHERINGS = "/registry/gatherings"


def add_routes(router: APIRouter, service: Service, pages: Pages) -> None:
    """Add the programme's pages."""

    def show(request: Request, template: str, view: dict[str, Any]) -> Response:
        return pages.answer(request, template, view)

    @router.get(PROGRAMMES)
    async def programmes(request: Request) -> Response:
        async with service.database.connection() as conn:
            view = await views.programmes_view(conn)
        return show(request, "programmes.html", view)

    @router.get(f"{PROGRAMMES}/{{programme_id}}")
    async def programme(request: Request, programme_id: inputs.SlugPath) -> Response:
        async with service.database.connection() as conn:
            view = await views.programme_view(conn, programme_id)
        return show(request, "programme.html", view)

    @router.get(f"{PROGRAMMES}/{{programme_id}}/tables/{{table_id}}")
    async def table(
        request: Request,
        programme_id: inputs.SlugPath,
        table_id: TableId,
        cohort: str | None = None,
    ) -> Response:
        async with service.database.connection() as conn:
            view = await views.table_view(conn, programme_id, table_id, cohort or None)
        return show(request, "counted_table.html", view)

    @router.get(f"{PROJECTS}/{{project_id}}")
    async def project(request: Request, project_id: inputs.SlugPath) -> Response:
        async with service.database.connection() as conn:
            view = await views.project_view(conn, project_id, today=service.clock.now().date())
        return show(request, "project.html", view)

    @router.get(f"{NETWORKS}/{{network_id}}")
    async def network(request: Request, network_id: inputs.SlugPath) -> Response:
        async with service.database.connection() as conn:
            view = await views.network_view(conn, network_id)
        return show(request, "network.html", view)

    @router.get(f"{GATHERINGS}/{{gathering_id}}")
    async def gathering(request: Request, gathering_id: inputs.SlugPath) -> Response:
        async with service.database.connection() as conn:
            view = await views.gathering_view(conn, gathering_id)
        return show(request, "gathering.html", view)
