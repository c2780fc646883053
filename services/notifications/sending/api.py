"""HTTP doors for whoever runs a receiver: the tries of a delivery, sending again, and a test. All
of it is the operator's.
"""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from fastapi import APIRouter
from pydantic import BaseModel

from services.notifications.deliveries import store as deliveries
from services.notifications.deliveries.api import DeliveryAnswer, delivery_of
from services.notifications.deliveries.bodies import body_of
from services.notifications.deliveries.store import DeliveryFilter
from services.notifications.sending import commands, store
from services.notifications.subscriptions.rules import Channel
from shared.access.roles import Action
from shared.errors import NotFound
from shared.fields import Uuid
from shared.http import problems
from shared.http.inputs import RequestModel, SlugPath
from shared.moments import Moment
from shared.service.runtime import Service

_NEWEST = 2**62


class AttemptAnswer(BaseModel):
    """A try of a delivery.

    Attributes:
        seconds: from the first word to the last.
        result: how it ended, in a sentence; what the receiver wrote is not repeated.
    """

    began_at: datetime
    seconds: Decimal
    result: str


class DeliveryInFull(DeliveryAnswer):
    """A delivery with its tries.

    Attributes:
        body: what a webhook is sent, the same on each try; none for mail.
        tries: in their order, those before it was sent again among them.
    """

    body: str | None
    tries: list[AttemptAnswer]


class SinceBody(RequestModel):
    """From when on to send again."""

    since: Moment


class RepeatedAnswer(BaseModel):
    """How many deliveries are sent again."""

    count: int


class TestAnswer(BaseModel):
    """A test that is under way; ask for the delivery to see how it went."""

    delivery_id: UUID


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the routes."""
    _add_reading(router, service)
    _add_repeating(router, service)


def _add_reading(router: APIRouter, service: Service) -> None:
    @router.get(
        "/deliveries/{delivery_id}",
        summary="One delivery with its tries",
        responses=problems.of(401, 403, 404),
        dependencies=[service.needs(Action.OPERATE)],
    )
    async def get_delivery(delivery_id: Uuid) -> DeliveryInFull:
        wanted = DeliveryFilter(delivery_id=delivery_id)
        async with service.database.connection() as conn:
            found = await deliveries.list_deliveries(conn, wanted, before=_NEWEST, count=1)
            if not found:
                raise NotFound(f"there is no delivery {delivery_id}")
            event = await store.get_event_of(conn, delivery_id)
            tries = await store.list_attempts(conn, delivery_id)
        logged = found[0]
        is_webhook = logged.channel is Channel.WEBHOOK
        return DeliveryInFull(
            **delivery_of(logged).model_dump(),
            body=body_of(event, logged.subscription_id) if is_webhook else None,
            tries=[AttemptAnswer.model_validate(each, from_attributes=True) for each in tries],
        )


def _add_repeating(router: APIRouter, service: Service) -> None:
    operator = service.needs(Action.OPERATE)

    @router.post(
        "/deliveries/{delivery_id}/repetition",
        status_code=202,
        summary="Send a delivery again under its id",
        responses=problems.of(401, 403, 404, 409),
        dependencies=[operator],
    )
    async def repeat_delivery(delivery_id: Uuid) -> RepeatedAnswer:
        async with service.database.transaction() as conn:
            await commands.repeat_delivery(conn, delivery_id, true_now=datetime.now(UTC))
        return RepeatedAnswer(count=1)

    @router.post(
        "/subscriptions/{subscription_id}/repetition",
        status_code=202,
        summary="Send everything again since a moment",
        responses=problems.of(401, 403, 404, 409),
        dependencies=[operator],
    )
    async def repeat_since(subscription_id: SlugPath, body: SinceBody) -> RepeatedAnswer:
        async with service.database.transaction() as conn:
            count = await commands.repeat_since(
                conn, subscription_id, body.since, true_now=datetime.now(UTC)
            )
        return RepeatedAnswer(count=count)

    @router.post(
        "/subscriptions/{subscription_id}/test",
        status_code=202,
        summary="Send a test to a webhook",
        responses=problems.of(401, 403, 404, 409),
        dependencies=[operator],
    )
    async def send_test(subscription_id: SlugPath) -> TestAnswer:
        async with service.database.transaction() as conn:
            delivery_id = await commands.send_test(
                conn,
                subscription_id,
                uuid4(),
                now=service.clock.now(),
                true_now=datetime.now(UTC),
            )
        return TestAnswer(delivery_id=delivery_id)
