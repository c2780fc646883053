"""The pages of metrics: the front page with the map, the scoreboards, and where everything comes
from.
"""

import pathlib
from typing import Annotated

from fastapi import APIRouter, FastAPI, Path, Query, Request, Response

from services.metrics.pages.front import Filters, Measure
from services.metrics.pages.reading import read_board, read_front
from shared.service.runtime import Service
from shared.web.pages import PageRoute, Pages

WORDS_MAX = 100
ID_MAX = 80


def install(app: FastAPI, service: Service) -> None:
    """Add the pages and their assets to the app of metrics."""
    pages = Pages("metrics", pathlib.Path(__file__).parents[1])
    pages.mount_assets(app)
    router = APIRouter(route_class=PageRoute.of(pages), include_in_schema=False)
    _add_front(router, service, pages)
    _add_board(router, service, pages)
    pages.add_missing(router)
    app.include_router(router)


def _add_front(router: APIRouter, service: Service, pages: Pages) -> None:
    @router.get("/")
    async def front(
        request: Request,
        words: Annotated[str, Query(max_length=WORDS_MAX)] = "",
        county: str = "",
        cohort: str = "",
        theme: str = "",
        place: str = "",
        measure: Measure = Measure.LEVEL,
        programme: str | None = None,
    ) -> Response:
        filters = Filters(words, county, cohort, theme, place, measure)
        async with service.database.connection() as conn:
            view = await read_front(conn, filters, programme)
        return pages.answer(request, "front.html", {"front": view})

    @router.get("/metrics/about")
    async def about(request: Request) -> Response:
        return pages.answer(request, "about.html", {})


def _add_board(router: APIRouter, service: Service, pages: Pages) -> None:
    @router.get("/metrics/boards/{municipality_id}")
    async def board(
        request: Request,
        municipality_id: Annotated[str, Path(max_length=ID_MAX, pattern="^[a-z0-9-]+$")],
        definition: str | None = None,
    ) -> Response:
        async with service.database.connection() as conn:
            view = await read_board(conn, municipality_id, definition)
        return pages.answer(request, "board.html", {"board": view})
