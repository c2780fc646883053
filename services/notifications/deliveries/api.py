"""HTTP doors of the delivery log, which is the operator's."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.notifications.deliveries import store
from services.notifications.deliveries.store import DeliveryFilter, LoggedDelivery
from services.notifications.subscriptions.rules import Channel
from shared.access.roles import Action
from shared.events.envelope import Slug
from shared.fields import Uuid
from shared.http import lists, problems
from shared.service.runtime import Service

_NEWEST = 2**62


class DeliveryQuery(lists.ListQuery):
    """Which deliveries to list."""

    subscription_id: Slug | None = None
    event_id: Uuid | None = None
    channel: Channel | None = None
    state: Literal["waiting", "delivered", "failed"] | None = None


class DeliveryAnswer(BaseModel):
    """One notification: whether it arrived. No address is in it.

    Attributes:
        type: the event's CloudEvents type.
        last_error: why the last try failed.
    """

    delivery_id: UUID
    subscription_id: str
    event_id: UUID
    type: str
    channel: Channel
    state: Literal["waiting", "delivered", "failed"]
    attempts: int
    next_try_at: datetime | None
    last_error: str | None
    made_at: datetime
    ended_at: datetime | None


class DeliveryList(BaseModel):
    """Deliveries, the newest first."""

    items: list[DeliveryAnswer]
    next: str | None


def delivery_of(delivery: LoggedDelivery) -> DeliveryAnswer:
    """Write a line of the delivery log out."""
    return DeliveryAnswer.model_validate(delivery, from_attributes=True)


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the route of the delivery log."""
    operator = service.needs(Action.OPERATE)

    @router.get(
        "/deliveries",
        summary="Whether it arrived, the newest first",
        response_model=DeliveryList,
        responses=problems.of(401, 403),
        dependencies=[operator],
    )
    async def list_deliveries(query: Annotated[DeliveryQuery, Query()]) -> Any:
        before = lists.read_cursor(query.cursor, int)
        wanted = DeliveryFilter(query.subscription_id, query.event_id, query.channel, query.state)
        async with service.database.connection() as conn:
            logged = await store.list_deliveries(
                conn,
                wanted,
                before=_NEWEST if before is None else before,
                count=query.limit + 1,
            )
        listed = lists.page(logged, query.limit, lambda delivery: delivery.number)
        return {**listed, "items": [delivery_of(delivery) for delivery in listed["items"]]}
