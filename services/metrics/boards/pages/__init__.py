"""The page of a municipality's scoreboard."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from services.metrics.boards.pages.reading import read_board
from shared.service.runtime import Service
from shared.web.pages import Pages

ID_MAX = 80


def add_routes(router: APIRouter, service: Service, pages: Pages) -> None:
    """Add the board's page."""

    @router.get("/metrics/boards/{municipality_id}")
    async def board(
        request: Request,
        municipality_id: Annotated[str, Path(max_length=ID_MAX, pattern="^[a-z0-9-]+$")],
        metric: str | None = None,
        definition: str | None = None,
    ) -> Response:
        async with service.database.connection() as conn:
            view = await read_board(conn, municipality_id, metric=metric, definition_key=definition)
        return pages.answer(request, "board.html", {"board": view})
