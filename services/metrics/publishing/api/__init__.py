"""HTTP door of published figures: series, open to all."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from services.metrics.heard import store as heard
from services.metrics.publishing import store
from services.metrics.publishing.api import answers
from services.metrics.publishing.rules.published import check_asked
from shared.http import bounds, csv_files, inputs, lists
from shared.postgres import deadline
from shared.service.runtime import Service


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the route of series."""

    @router.get(
        "/series",
        summary="What a subject's metrics are over time",
        response_model=answers.SeriesAnswer,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    )
    async def list_series(
        request: Request,
        query: Annotated[answers.SeriesQuery, Query()],
        accept: Annotated[str, Header()] = "application/json",
    ) -> Response:
        place = answers.read_place(query.cursor)
        query = await _meant(service, query)
        await _check(service, query)
        if csv_files.wants_csv(query.format, accept) and not query.is_part:
            parts = _all_rows(service, query)
            return await csv_files.whole("series", answers.CSV_COLUMNS, parts)
        items, following = await _page(service, query, place)
        cursor = None if following is None else lists.write_cursor(following)
        if csv_files.wants_csv(query.format, accept):
            rows = map(answers.row_of, items)
            return csv_files.part(request, "series", answers.CSV_COLUMNS, rows, cursor)
        answer = answers.SeriesAnswer(items=items, next=cursor)
        return Response(
            answer.model_dump_json(), media_type="application/json", headers={"Vary": "Accept"}
        )


async def _meant(service: Service, query: answers.SeriesQuery) -> answers.SeriesQuery:
    """Return what is asked for, with the id of a municipality that is named by its number.

    Raises:
        RuleBroken: the number was borne by none, or by several.
    """
    kind, _, name = query.subject.partition("/")
    if kind != "municipality" or not inputs.is_municipality_number(name):
        return query
    async with service.database.connection() as conn:
        bearers = await heard.list_number_bearers(conn, name)
    municipality_id = inputs.municipality_meant(name, bearers, pointer="/query/subject")
    return query.model_copy(update={"subject": f"municipality/{municipality_id}"})


async def _check(service: Service, query: answers.SeriesQuery) -> None:
    """Refuse a metric or a definition that there is not."""
    if query.metric is not None or query.definition_key is not None:
        async with service.database.connection() as conn:
            metrics = {one.metric_id: one for one in await heard.list_metrics(conn)}
        check_asked(metrics, metric=query.metric, definition_key=query.definition_key)


async def _page(
    service: Service, query: answers.SeriesQuery, place: answers.Place
) -> tuple[list[answers.ValueAnswer], answers.Place | None]:
    """Return the values from a place on, and the place of the next one if there are more."""
    async with service.database.connection() as conn:
        listed = await store.list_states(
            conn, query.filter(), after=place.before, count=query.limit + 2
        )
    values = [
        held for held in answers.values_of(query.subject, listed, query.window) if held[1] >= place
    ]
    page, rest = values[: query.limit], values[query.limit :]
    return [value for value, _ in page], rest[0][1] if rest else None


async def _all_rows(
    service: Service, query: answers.SeriesQuery
) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield all values, as lines of CSV, page by page."""
    wanted = query.model_copy(update={"limit": lists.LIST_MAX})
    place: answers.Place | None = answers.START
    while place is not None:
        deadline.start_anew(bounds.ANSWER_SECONDS)
        items, place = await _page(service, wanted, place)
        yield [answers.row_of(value) for value in items]
