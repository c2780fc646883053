"""Metrics over HTTP, as data that a client puts."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StrictInt

from services.registry.entries.api import PROBLEMS, NamesBody, mark, place_after
from services.registry.metrics import commands, store
from services.registry.metrics.events import metric_fields
from shared.access.roles import Action
from shared.events import registry as told
from shared.events.envelope import Exact, Slug
from shared.fields import ONE_LINE, Line
from shared.http import inputs, lists, problems
from shared.http.preconditions import Conditional, version_tag
from shared.service.runtime import Service
from shared.values import Axis, Better, Metric, MetricKind, OverTime, Quantity

Unit = Annotated[str, Field(min_length=1, max_length=40), ONE_LINE]


class QuantityBody(inputs.RequestModel):
    """A numerator or a denominator: what is counted, and its unit."""

    names: NamesBody
    unit: Unit

    def value(self) -> Quantity:
        """Return the domain's value."""
        return Quantity(self.names.value().by_language(), self.unit)


class AxisBody(inputs.RequestModel):
    """One thing in which two definitions of a metric may differ; what counts most stands first."""

    id: Line
    values: list[Line] = Field(max_length=100)


class BoundsBody(inputs.RequestModel):
    """Between which values a figure must lie; null where there is no bound."""

    min: Exact | None = None
    max: Exact | None = None


class MetricBody(inputs.RequestModel):
    """A metric as a whole. `metric_id` and `version` may be sent back and are not used."""

    names: NamesBody
    unit: Unit
    kind: MetricKind
    numerator: QuantityBody | None = None
    denominator: QuantityBody | None = None
    over_time: OverTime
    axes: list[AxisBody] = Field(default=[], max_length=100)
    better: Better
    decimals: StrictInt = 2
    bounds: BoundsBody = BoundsBody()
    small_persons: StrictInt = Field(
        default=5, description="A figure of fewer persons is withheld."
    )
    metric_id: Slug | None = None
    version: StrictInt | None = None

    def value(self, metric_id: str) -> Metric:
        """Return the domain's value."""
        return Metric(
            metric_id=metric_id,
            names=self.names.value().by_language(),
            unit=self.unit,
            kind=self.kind,
            numerator=self.numerator.value() if self.numerator is not None else None,
            denominator=self.denominator.value() if self.denominator is not None else None,
            over_time=self.over_time,
            axes=tuple(Axis(axis.id, tuple(axis.values)) for axis in self.axes),
            better=self.better,
            decimals=self.decimals,
            minimum=self.bounds.min,
            maximum=self.bounds.max,
            small_persons=self.small_persons,
        )


class MetricAnswer(BaseModel):
    """A metric as it is defined."""

    metric_id: str
    version: int
    names: told.Names
    unit: str
    kind: MetricKind
    numerator: told.QuantityContract | None
    denominator: told.QuantityContract | None
    over_time: OverTime
    axes: list[told.AxisContract]
    better: Better
    decimals: int
    bounds: told.Bounds
    small_persons: int


class MetricPutAnswer(MetricAnswer):
    """The state in force; `changed` tells whether this request changed it."""

    changed: bool


class MetricList(BaseModel):
    """Metrics by id."""

    items: list[MetricAnswer]
    next: str | None


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the routes of metrics."""

    @router.get("/metrics", summary="What is measured", response_model=MetricList, tags=["metrics"])
    async def list_metrics(query: Annotated[lists.ListQuery, Query()]) -> Any:
        async with service.database.connection() as conn:
            found = await store.seek_metrics(
                conn, after=place_after(query.cursor), count=query.limit + 1
            )
        listed = lists.page(found, query.limit, lambda defined: defined.metric.metric_id)
        return {**listed, "items": [metric_fields(each) for each in listed["items"]]}

    @router.get(
        "/metrics/{metric_id}",
        summary="One metric",
        response_model=MetricAnswer,
        responses=problems.of(404),
        tags=["metrics"],
    )
    async def get_metric(metric_id: inputs.SlugPath, response: Response) -> Any:
        async with service.database.connection() as conn:
            found = await store.get_metric(conn, metric_id)
        response.headers["ETag"] = version_tag(found.version)
        return metric_fields(found)

    @router.put(
        "/metrics/{metric_id}",
        summary="Define a metric, or change what does not touch its meaning",
        response_model=MetricPutAnswer,
        responses={201: {"model": MetricPutAnswer}, **PROBLEMS},
        dependencies=[service.needs(Action.OPERATE)],
        tags=["metrics"],
    )
    async def put_metric(
        metric_id: inputs.SlugPath, body: MetricBody, response: Response, precondition: Conditional
    ) -> Any:
        async with service.database.transaction() as conn:
            put = await commands.put_metric(
                conn, body.value(metric_id), now=service.clock.now(), guard=precondition.check
            )
        mark(response, put)
        return {**metric_fields(put.state), "changed": put.changed}
