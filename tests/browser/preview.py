"""All pages with the sample's figures, served without a database: for looking at layout, and at
nothing else.
"""

from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response

from services.metrics.boards.pages.view import Board
from services.metrics.boards.rules import board_rows
from services.metrics.front.pages.view import Filters, Measure
from services.registry.console.pages.status import (
    Answer,
    Answered,
    Consumer,
    DeadLetters,
    Outbox,
    Silent,
)
from shared.clock import Clock
from shared.http import wiring
from shared.web.pages import PageRoute, Pages
from tests.web.sample import VEFSN_STATES, front, unlike_front, vefsn

SERVICES = Path(__file__).parents[2] / "services"
BOARDS = ("/metrics/boards/vefsn-1824", "/metrics/boards/sund-1245")
UNLIKE = "/unlike"
"""The front page with figures that must not be compared."""

ADDRESSES = (
    "/",
    "/?measure=change",
    UNLIKE,
    f"{UNLIKE}?measure=change",
    *BOARDS,
    "/metrics/about",
    "/status",
)


def make_app() -> FastAPI:
    """Return the preview."""
    app = FastAPI()
    wiring.install(app)
    _add_metrics(app)
    _add_status(app)
    return app


def _add_metrics(app: FastAPI) -> None:
    pages = Pages("metrics", SERVICES / "metrics")
    pages.mount_assets(app)
    router = APIRouter(route_class=PageRoute.of(pages))
    boards = {
        "vefsn-1824": vefsn(),
        "sund-1245": Board("sund-1245", "Sund", "Hordaland", board_rows(VEFSN_STATES, None)),
    }

    @router.get("/")
    async def front_page(
        request: Request, words: str = "", measure: Measure = Measure.LEVEL
    ) -> Response:
        filters = Filters(words=words, measure=measure)
        return pages.answer(request, "front.html", {"front": front(filters)})

    @router.get(UNLIKE)
    async def unlike(request: Request, measure: Measure = Measure.LEVEL) -> Response:
        return pages.answer(
            request, "front.html", {"front": unlike_front(Filters(measure=measure))}
        )

    @router.get("/metrics/boards/{municipality_id}")
    async def board(request: Request, municipality_id: str) -> Response:
        return pages.answer(request, "board.html", {"board": boards[municipality_id]})

    @router.get("/metrics/about")
    async def about(request: Request) -> Response:
        return pages.answer(request, "about.html", {})

    app.include_router(router)


def _add_status(app: FastAPI) -> None:
    pages = Pages("registry", SERVICES / "registry")
    pages.mount_assets(app)
    clock = Clock()
    busy = Answer(
        ready=True,
        outbox=Outbox(
            waiting_count=12, oldest_seconds=0.31, parked_count=1, last_error="KafkaTimeoutError"
        ),
        dead_letters=DeadLetters(waiting_count=3),
        consumers=[Consumer(group="metrics.reporting.figure", lag=5, last_handled_seconds_ago=2.1)],
    )
    states = [
        Answered("registry", Answer(ready=True)),
        Answered("reporting", Answer(ready=False, reasons=["consumers: catching up"])),
        Answered("metrics", busy),
        Silent("notifications", "timeout"),
    ]

    @app.get("/status")
    async def status(request: Request, refresh: str = "on") -> Response:
        view = {"services": states, "asked_at": clock.now(), "refreshes": refresh != "off"}
        return pages.answer(request, "status.html", view)
