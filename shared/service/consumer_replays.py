"""Letting a consumer of a service read again from a moment, over HTTP; for operators."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, StrictBool

from shared.access.roles import Action
from shared.delivery import replays
from shared.errors import NotFound
from shared.http import inputs, problems
from shared.http.routes import StrictRoute
from shared.moments import Moment
from shared.service.runtime import Service


class ConsumerReplay(inputs.RequestModel):
    """From which moment a consumer reads again.

    Attributes:
        since: a moment with its offset from UTC (RFC 3339), or `beginning`.
        topics: only these of its topics; none means all.
        dry_run: only say what would be read again.
    """

    since: Moment | Literal["beginning"]
    topics: list[Annotated[str, Field(max_length=249)]] = Field(
        default_factory=list, max_length=1_000
    )
    dry_run: StrictBool = False


class RereadingAnswer(BaseModel):
    """What is read again of one partition: the first offset, and how many records at most."""

    topic: str
    partition: int
    first: int
    count: int


class ReplayAnswer(BaseModel):
    """What is read again, or would be."""

    consumer: str
    dry_run: bool
    items: list[RereadingAnswer]


def make_router(service: Service) -> APIRouter:
    """Return the routes of one service's consumers."""
    router = APIRouter(
        prefix=f"/api/{service.name}/v1/consumers", tags=["consumers"], route_class=StrictRoute
    )

    @router.post(
        "/{consumer}/replay",
        summary="Let a consumer read again from a moment",
        dependencies=[service.needs(Action.OPERATE)],
        responses=problems.of(401, 403, 404),
    )
    async def replay_consumer(
        consumer: Annotated[str, Path(max_length=249)], body: ConsumerReplay
    ) -> ReplayAnswer:
        if (subscription := service.subscriptions.get(consumer)) is None:
            known = ", ".join(sorted(service.subscriptions))
            raise NotFound(f"{service.name} has no consumer {consumer[:80]!r}; it has {known}")
        since = None if isinstance(body.since, str) else body.since
        found = await replays.plan(service.bus, subscription, since, body.topics)
        if found and not body.dry_run:
            async with service.database.transaction() as conn:
                await replays.order(conn, subscription, found, since=str(body.since))
        items = [RereadingAnswer.model_validate(each, from_attributes=True) for each in found]
        return ReplayAnswer(consumer=consumer, dry_run=body.dry_run, items=items)

    return router
