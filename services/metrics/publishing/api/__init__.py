"""HTTP door of published figures: series, open to all."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Query, Request, Response

from services.metrics.publishing import store
from services.metrics.publishing.api import answers
from shared.http import lists
from shared.http.wishes import read_wishes
from shared.service.runtime import Service


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the route of series."""

    @router.get(
        "/series",
        summary="Rates of one subject over time",
        response_model=answers.SeriesAnswer,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    )
    async def list_series(
        request: Request,
        query: Annotated[answers.SeriesQuery, Query()],
        accept: Annotated[str, Header()] = "application/json",
    ) -> Response:
        place = answers.read_place(query.cursor)
        async with service.database.connection() as conn:
            # A state that a page broke off in is read again, hence the place just before it.
            after = (place.definition_key, place.last_month, place.months - 1)
            listed = await store.list_states(
                conn, query.filter(), after=after, count=query.limit + 2
            )
        rates = [
            held
            for held in answers.rates_of(query.subject, listed, query.window)
            if held[1] >= place
        ]
        page, rest = rates[: query.limit], rates[query.limit :]
        cursor = lists.write_cursor(rest[0][1]) if rest else None
        items = [rate for rate, _ in page]
        if prefers_csv(accept):
            return _csv_page(request, items, cursor)
        answer = answers.SeriesAnswer(items=items, next=cursor)
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


def _csv_page(request: Request, items: list[answers.RateAnswer], cursor: str | None) -> Response:
    """Answer with CSV; the next page stands in the `Link` header (RFC 8288)."""
    headers = {"Vary": "Accept"}
    if cursor is not None:
        parameters = [
            (name, value) for name, value in request.query_params.multi_items() if name != "cursor"
        ]
        headers["Link"] = (
            f'<{request.url.path}?{urlencode([*parameters, ("cursor", cursor)])}>; rel="next"'
        )
    return Response(answers.csv_of(items), media_type="text/csv; charset=utf-8", headers=headers)
