"""HTTP door of rankings, open to all."""

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.metrics.publishing.api.answers import DefinitionKey, MetricId
from services.metrics.publishing.rules.published import unrounded
from services.metrics.rankings import commands
from services.metrics.rankings.commands import Asked
from services.metrics.rankings.rules import Contender, Ranked, Ranking
from services.metrics.series.rules.figures import Window
from shared.events.envelope import Exact, PeriodText
from shared.events.metrics import Coverage, Reason, WindowName
from shared.fields import ONE_LINE
from shared.http import lists
from shared.service.runtime import Service
from shared.values import Period, rounded

_PLACE = Annotated[int, Field(ge=0, lt=10**6)]


class RankingQuery(lists.ListQuery):
    """Which ranking to read; one definition at a time, because unlike ones are not compared."""

    metric: MetricId = Field(description="Such as absence.")
    definition_key: DefinitionKey | None = Field(
        default=None, description="Needed where the metric has axes."
    )
    window: WindowName = Field(description="Such as year, or rolling-12.")
    period: PeriodText = Field(description="The window, or the period that it ends with.")
    subjects: Annotated[str, Field(max_length=20, pattern=r"^[a-z-]+$")] = Field(
        default="municipality", description="The kind of subjects, such as county."
    )
    within: Annotated[str, Field(min_length=3, max_length=200), ONE_LINE] | None = Field(
        default=None, description="A group of municipalities, such as county/11."
    )

    def asked(self) -> Asked:
        """Return what is asked for."""
        return Asked(
            self.metric,
            self.definition_key,
            Window(self.window),
            Period.parse(self.period),
            self.subjects,
            self.within,
        )


class RankedAnswer(BaseModel):
    """A subject in a ranking; equal figures have equal ranks."""

    rank: int
    subject: str
    name: str
    value: Exact
    coverage: Coverage
    generated: bool


class BesideAnswer(BaseModel):
    """A subject that cannot be ranked: its figures lack, or are withheld."""

    subject: str
    name: str
    value: Exact | None
    coverage: Coverage
    reason: Reason | None
    suppressed: bool
    generated: bool


class RankingAnswer(BaseModel):
    """A ranking.

    Attributes:
        lowest_first: whether the lowest figure has rank 1.
        beside: with the first page only.
    """

    metric: str
    definition_key: str
    window: WindowName
    period: str
    lowest_first: bool
    items: list[RankedAnswer]
    beside: list[BesideAnswer]
    next: str | None


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the route of rankings."""

    @router.get(
        "/rankings", summary="Subjects in the order of a metric", response_model=RankingAnswer
    )
    async def get_ranking(query: Annotated[RankingQuery, Query()]) -> Response:
        start = lists.read_cursor(query.cursor, _PLACE) or 0
        async with service.database.connection() as conn:
            ranking = await commands.get_ranking(conn, query.asked())
        answer = _answer(ranking, start, query.limit)
        return Response(answer.model_dump_json(), media_type="application/json")


def _answer(ranking: Ranking, start: int, limit: int) -> RankingAnswer:
    places = ranking.meaning.metric.decimals
    end = start + limit
    return RankingAnswer(
        metric=ranking.meaning.metric.metric_id,
        definition_key=ranking.meaning.key,
        window=ranking.window.value,
        period=str(ranking.period),
        lowest_first=ranking.lowest_first,
        items=[_ranked(one, places) for one in ranking.ranked[start:end]],
        beside=[] if start else [_beside(one, places) for one in ranking.beside],
        next=lists.write_cursor(end) if end < len(ranking.ranked) else None,
    )


def _ranked(one: Ranked, places: int) -> RankedAnswer:
    held = one.contender
    value = _value(held, places)
    assert value is not None
    return RankedAnswer(
        rank=one.rank,
        subject=held.subject,
        name=held.name,
        value=value,
        coverage=_coverage(held),
        generated=held.generated,
    )


def _beside(held: Contender, places: int) -> BesideAnswer:
    return BesideAnswer(
        subject=held.subject,
        name=held.name,
        value=None if held.suppressed else _value(held, places),
        coverage=_coverage(held),
        reason=held.cell.reason,
        suppressed=held.suppressed,
        generated=held.generated,
    )


def _value(held: Contender, places: int) -> Decimal | None:
    shown = unrounded(held.cell.shown)
    return None if shown is None else rounded(shown, places)


def _coverage(held: Contender) -> Coverage:
    return Coverage(present=held.cell.present, expected=held.cell.expected)
