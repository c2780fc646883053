"""HTTP doors of notifications: who is told what, and whether it arrived. All of it is the
operator's.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from services.notifications import api_models as models
from services.notifications import commands, store
from services.notifications.channels.signing import Signer, new_salt
from services.notifications.domain.subscription import Bounds, Channel
from services.notifications.store import DeliveryFilter, KeptSubscription
from shared.access.auth import Action
from shared.errors import Unavailable
from shared.http import http
from shared.http.preconditions import Conditional, version_tag
from shared.http.routes import StrictRoute
from shared.service.runtime import Service

ROUTE = "/api/notifications/v1"
_NEWEST = 2**62


def make_router(service: Service, *, signer: Signer | None, bounds: Bounds) -> APIRouter:
    """Return notifications' routes.

    Args:
        signer: derives webhooks' secrets; none where no key is set.
        bounds: what no subscription may go beyond.
    """
    router = APIRouter(prefix=ROUTE, route_class=StrictRoute)
    operator = service.needs(Action.OPERATE)

    @router.put(
        "/subscriptions/{subscription_id}",
        summary="Make or change a subscription",
        responses=http.problems(401, 403, 412)
        | {201: {"description": "Made; a webhook's secret is in this answer only"}},
        response_model_exclude_unset=True,
        dependencies=[operator],
    )
    async def put_subscription(
        subscription_id: http.SlugPath,
        body: models.SubscriptionBody,
        response: Response,
        precondition: Conditional,
    ) -> models.PutAnswer:
        if body.channel is Channel.WEBHOOK:
            _signer(signer)
        now = service.clock.now()
        async with service.database.transaction() as conn:
            put = await commands.put_subscription(
                conn,
                body.value(subscription_id, now),
                new_salt=new_salt(),
                bounds=bounds,
                guard=precondition.check,
                now=now,
                true_now=datetime.now(UTC),
            )
        response.status_code = 201 if put.made else 200
        response.headers["ETag"] = version_tag(put.kept.version)
        return models.put_answer(put.kept, _secret(signer, put.kept) if put.is_secret_new else None)

    @router.post(
        "/subscriptions/{subscription_id}/secret",
        status_code=201,
        summary="A new secret for a webhook",
        responses=http.problems(401, 403, 404),
        dependencies=[operator],
    )
    async def renew_secret(subscription_id: http.SlugPath) -> models.SecretAnswer:
        _signer(signer)
        async with service.database.transaction() as conn:
            kept = await commands.renew_secret(conn, subscription_id, new_salt=new_salt())
        return models.SecretAnswer(subscription_id=subscription_id, secret=_secret(signer, kept))

    _add_reading(router, service)
    return router


def _add_reading(router: APIRouter, service: Service) -> None:
    operator = service.needs(Action.OPERATE)

    @router.get(
        "/subscriptions",
        summary="Who is told what",
        dependencies=[operator],
        responses=http.problems(401, 403),
    )
    async def list_subscriptions(
        query: Annotated[http.ListQuery, Query()],
    ) -> models.SubscriptionList:
        after = http.read_cursor(query.cursor) or ""
        async with service.database.connection() as conn:
            kept = await store.list_subscriptions(conn, after=str(after), count=query.limit + 1)
        listed = http.page(kept, query.limit, lambda each: each.subscription.subscription_id)
        items = [models.subscription_of(each) for each in listed["items"]]
        return models.SubscriptionList(items=items, next=listed["next"])

    @router.get(
        "/subscriptions/{subscription_id}",
        summary="One subscription",
        dependencies=[operator],
        responses=http.problems(401, 403, 404),
    )
    async def get_subscription(
        subscription_id: http.SlugPath, response: Response
    ) -> models.SubscriptionAnswer:
        async with service.database.connection() as conn:
            kept = await store.get_subscription(conn, subscription_id)
        response.headers["ETag"] = version_tag(kept.version)
        return models.subscription_of(kept)

    @router.get(
        "/deliveries",
        summary="Whether it arrived, the newest first",
        response_model=models.DeliveryList,
        responses=http.problems(401, 403),
        dependencies=[operator],
    )
    async def list_deliveries(query: Annotated[models.DeliveryQuery, Query()]) -> Any:
        before = http.read_cursor(query.cursor)
        wanted = DeliveryFilter(query.subscription_id, query.event_id, query.channel, query.state)
        async with service.database.connection() as conn:
            logged = await store.list_deliveries(
                conn,
                wanted,
                before=before if isinstance(before, int) else _NEWEST,
                count=query.limit + 1,
            )
        listed = http.page(logged, query.limit, lambda delivery: delivery.number)
        return {**listed, "items": [models.delivery_of(delivery) for delivery in listed["items"]]}


def _signer(signer: Signer | None) -> Signer:
    if signer is None:
        raise Unavailable(
            "webhooks are not set up here: set SAMAN_NOTIFICATIONS_WEBHOOK_KEY",
            retry_after_seconds=3600,
        )
    return signer


def _secret(signer: Signer | None, kept: KeptSubscription) -> str:
    assert kept.secret_salt is not None
    return _signer(signer).secret(kept.subscription.subscription_id, kept.secret_salt)
