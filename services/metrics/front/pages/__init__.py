"""The front page with the map, and where everything comes from."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from services.metrics.front.pages.reading import read_front
from services.metrics.front.pages.view import Filters, Measure
from shared.service.runtime import Service
from shared.web.copies import Copied
from shared.web.pages import Pages

WORDS_MAX = 100


def add_routes(router: APIRouter, service: Service, pages: Pages) -> None:
    """Add the front page and the page about it all."""

    @router.get("/", dependencies=[Depends(Copied())])
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
