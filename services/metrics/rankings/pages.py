"""The page of a ranking."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.metrics.heard import store as heard_store
from services.metrics.publishing.rules.published import unrounded
from services.metrics.rankings import commands
from services.metrics.rankings.commands import Asked
from services.metrics.rankings.rules import Contender
from services.metrics.series.rules.figures import Window
from shared.service.runtime import Service
from shared.values import Metric, Period
from shared.web.pages import Pages

KEY_MAX = 400


def add_routes(router: APIRouter, service: Service, pages: Pages) -> None:
    """Add the ranking's page."""

    @router.get("/metrics/rankings")
    async def ranking(
        request: Request,
        metric: Annotated[str, Query(max_length=64)] = "absence",
        definition: Annotated[str | None, Query(max_length=KEY_MAX)] = None,
        window: Window = Window.YEAR,
        period: Annotated[str, Query(max_length=8)] = "",
        within: Annotated[str | None, Query(max_length=200)] = None,
    ) -> Response:
        view: dict[str, Any] = {"ranking": None, "within": within or None, "value_of": value_of}
        async with service.database.connection() as conn:
            metrics = await heard_store.list_metrics(conn)
            if period:
                key = _definition(metrics, metric, definition)
                asked = Asked(metric, key, window, Period.parse(period), within=within or None)
                view["ranking"] = await commands.get_ranking(conn, asked)
        choices = {one.metric_id: one for one in metrics}
        shown = view["ranking"].meaning.key if view["ranking"] else ""
        view |= {"metrics": choices, "metric": metric, "definition": shown}
        view |= {"windows": list(Window), "window": window, "period": period}
        return pages.answer(request, "ranking.html", view)


def value_of(contender: Contender) -> Any:
    """Return a subject's shown figure, unrounded."""
    return unrounded(contender.cell.shown)


def _definition(metrics: list[Metric], metric_id: str, asked: str | None) -> str | None:
    """Return the definition that the reader names; the one that counts most, where it names none,
    or one of the metric that was shown before.
    """
    metric = next((one for one in metrics if one.metric_id == metric_id), None)
    if metric is None or not metric.axes:
        return None
    values = (asked or "").split(".")
    if len(values) == len(metric.axes) and all(
        value in axis.values for value, axis in zip(values, metric.axes, strict=True)
    ):
        return asked
    return ".".join(axis.values[0] for axis in metric.axes)
