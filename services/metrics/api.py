"""HTTP doors of metrics: series and boards, open to all; metrics are published."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from services.metrics import api_models as models
from services.metrics.store import boards, states
from shared.http import http
from shared.http.routes import StrictRoute
from shared.http.wishes import read_wishes
from shared.service.runtime import Service

ROUTE = "/api/metrics/v1"


def make_router(service: Service) -> APIRouter:
    """Return metrics' routes."""
    router = APIRouter(prefix=ROUTE, route_class=StrictRoute)
    _add_series(router, service)
    _add_boards(router, service)
    return router


def _add_series(router: APIRouter, service: Service) -> None:
    @router.get(
        "/series",
        summary="Rates of one subject over time",
        response_model=models.SeriesAnswer,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    )
    async def list_series(
        request: Request,
        query: Annotated[models.SeriesQuery, Query()],
        accept: Annotated[str, Header()] = "application/json",
    ) -> Response:
        place = models.read_place(query.cursor)
        async with service.database.connection() as conn:
            # A state that a page broke off in is read again, hence the place just before it.
            after = (place.definition_key, place.last_month, place.months - 1)
            listed = await states.list_states(
                conn, query.filter(), after=after, count=query.limit + 2
            )
        rates = [
            held
            for held in models.rates_of(query.subject, listed, query.window)
            if held[1] >= place
        ]
        page, rest = rates[: query.limit], rates[query.limit :]
        cursor = http.write_cursor(rest[0][1]) if rest else None
        items = [rate for rate, _ in page]
        if prefers_csv(accept):
            return _csv_page(request, items, cursor)
        answer = models.SeriesAnswer(items=items, next=cursor)
        return Response(
            answer.model_dump_json(), media_type="application/json", headers={"Vary": "Accept"}
        )


def prefers_csv(accept: str) -> bool:
    """Tell whether an `Accept` header likes CSV better than JSON (RFC 9110 §12.5.1); JSON when it
    likes both alike.

    A form that it names is liked better than one that only a wildcard stands for.
    """
    csv, json = _liking(accept, "text/csv"), _liking(accept, "application/json")
    return csv[0] > 0 and csv > json


def _liking(accept: str, media_type: str) -> tuple[float, int]:
    """Return the weight of a media type, and how exactly it is named; the most exact of its names
    counts.
    """
    exactness = {"*/*": 0, f"{media_type.partition('/')[0]}/*": 1, media_type: 2}
    wishes = [wish for wish in read_wishes(accept) if wish.name in exactness]
    liked = ((exactness[wish.name], wish.weight) for wish in wishes)
    exact, weight = max(liked, default=(-1, 0.0))
    return weight, exact


def _csv_page(request: Request, items: list[models.RateAnswer], cursor: str | None) -> Response:
    """Answer with CSV; the next page stands in the `Link` header (RFC 8288)."""
    headers = {"Vary": "Accept"}
    if cursor is not None:
        parameters = [
            (name, value) for name, value in request.query_params.multi_items() if name != "cursor"
        ]
        headers["Link"] = (
            f'<{request.url.path}?{urlencode([*parameters, ("cursor", cursor)])}>; rel="next"'
        )
    return Response(models.csv_of(items), media_type="text/csv; charset=utf-8", headers=headers)


def _add_boards(router: APIRouter, service: Service) -> None:
    @router.get(
        "/boards/{municipality_id}",
        summary="A municipality's scoreboard",
        response_model=models.BoardAnswer,
        responses={404: {"model": http.Problem}},
    )
    async def get_board(
        municipality_id: Annotated[str, Path(max_length=80)],
        definition_key: models.DefinitionKey | None = None,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        async with service.database.connection() as conn:
            board = await boards.get_board(conn, municipality_id, definition_key)
        answer = models.board_answer(board)
        tag = http.etag(answer)
        if if_none_match == tag:
            return Response(status_code=304, headers={"ETag": tag})
        return JSONResponse(answer.model_dump(mode="json"), headers={"ETag": tag})
