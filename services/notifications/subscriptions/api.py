"""HTTP doors of subscriptions: who is told of what. All of it is the operator's."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StrictBool, StrictInt

from services.notifications.channels.signing import Signer, new_salt
from services.notifications.subscriptions import commands, store
from services.notifications.subscriptions.rules import (
    SECRET_OVERLAP_HOURS,
    SECRET_OVERLAP_HOURS_MAX,
    Bounds,
    Channel,
    Language,
    Rhythm,
    Subscription,
)
from services.notifications.subscriptions.store import KeptSubscription
from shared.access.roles import Action
from shared.errors import Unavailable
from shared.events.envelope import Slug
from shared.fields import ONE_LINE, Line
from shared.http import inputs, lists, problems
from shared.http.preconditions import Conditional, version_tag
from shared.service.runtime import Service


class SubscriptionBody(inputs.RequestModel):
    """What somebody wants to be told of. Empty lists mean all; `MetricUpdated` goes to webhooks
    only.
    """

    channel: Channel
    address: Annotated[str, Field(max_length=2_000), ONE_LINE] = Field(
        description="A mail address, or an https URL for a webhook."
    )
    language: Language = Field(default=Language.NB, description="Of the text; webhooks have none.")
    events: list[Line] = Field(
        default=[],
        max_length=1_000,
        description="Such as TargetReached. MetricUpdated only by webhook.",
    )
    subjects: list[Line] = Field(
        default=[], max_length=1_000, description="Such as municipality/vefsn-1824 or cohort/*."
    )
    windows: list[Line] = Field(
        default=[], max_length=1_000, description="Such as year-to-date; reports have none."
    )
    metrics: list[Line] = Field(
        default=[], max_length=1_000, description="Such as absence; reports have none."
    )
    rhythm: Rhythm = Field(
        default=Rhythm.AT_ONCE,
        description="Of mail: at-once, or all together daily or weekly (on Mondays).",
    )
    digest_hour: StrictInt = Field(
        default=8, ge=0, le=23, description="When digests are sent, in Europe/Oslo."
    )
    active: StrictBool = True

    def value(self, subscription_id: str, now: datetime) -> Subscription:
        """Return the domain's value; lists lose their repetitions."""
        return Subscription(
            subscription_id=subscription_id,
            channel=self.channel,
            address=self.address,
            language=self.language,
            events=tuple(dict.fromkeys(self.events)),
            subjects=tuple(dict.fromkeys(self.subjects)),
            windows=tuple(dict.fromkeys(self.windows)),
            metrics=tuple(dict.fromkeys(self.metrics)),
            rhythm=self.rhythm,
            digest_hour=self.digest_hour,
            active=self.active,
            active_since=now,
        )


class SubscriptionAnswer(BaseModel):
    """A kept subscription.

    Attributes:
        active_since: earlier events are not for it.
        stopped_because: why it was switched off by the system; a PUT with `active` switches it on
            again.
    """

    subscription_id: Slug
    channel: Channel
    address: str
    language: Language
    events: list[str]
    subjects: list[str]
    windows: list[str]
    metrics: list[str]
    rhythm: Rhythm
    digest_hour: int
    active: bool
    version: int
    made_at: datetime
    active_since: datetime
    stopped_because: str | None = None


class PutAnswer(SubscriptionAnswer):
    """A subscription just put; a webhook's `secret` stands in the answer that made it, and nowhere
    else.
    """

    secret: str | None = None


class RenewalBody(inputs.RequestModel):
    """How to renew a secret."""

    overlap_hours: int = Field(
        default=SECRET_OVERLAP_HOURS,
        ge=0,
        le=SECRET_OVERLAP_HOURS_MAX,
        strict=True,
        description="So long the old secret signs as well; 0 ends it at once.",
    )


class SubscriptionList(BaseModel):
    """Subscriptions by id."""

    items: list[SubscriptionAnswer]
    next: str | None


class SecretAnswer(BaseModel):
    """A webhook's new secret, shown this once.

    Attributes:
        previous_signs_until: until then each message has two signatures, of both secrets.
    """

    subscription_id: Slug
    secret: str
    previous_signs_until: datetime | None


def subscription_of(kept: KeptSubscription) -> SubscriptionAnswer:
    """Write a subscription out."""
    subscription = kept.subscription
    return SubscriptionAnswer(
        subscription_id=subscription.subscription_id,
        channel=subscription.channel,
        address=subscription.address,
        language=subscription.language,
        events=list(subscription.events),
        subjects=list(subscription.subjects),
        windows=list(subscription.windows),
        metrics=list(subscription.metrics),
        rhythm=subscription.rhythm,
        digest_hour=subscription.digest_hour,
        active=subscription.active,
        version=kept.version,
        made_at=kept.made_at,
        active_since=subscription.active_since,
        stopped_because=kept.stopped_because,
    )


def put_answer(kept: KeptSubscription, secret: str | None) -> PutAnswer:
    """Write a subscription out that was just put; without a secret there is no such field."""
    return PutAnswer(
        **subscription_of(kept).model_dump(), **({} if secret is None else {"secret": secret})
    )


def add_routes(
    router: APIRouter, service: Service, *, signer: Signer | None, bounds: Bounds
) -> None:
    """Add the routes of subscriptions.

    Args:
        signer: derives webhooks' secrets; none where no key is set.
        bounds: what no subscription may go beyond.
    """
    _add_putting(router, service, signer, bounds)
    _add_renewal(router, service, signer)
    _add_reading(router, service)


def _add_putting(
    router: APIRouter, service: Service, signer: Signer | None, bounds: Bounds
) -> None:
    operator = service.needs(Action.OPERATE)

    @router.put(
        "/subscriptions/{subscription_id}",
        summary="Make or change a subscription",
        responses=problems.of(401, 403, 412)
        | {201: {"description": "Made; a webhook's secret is in this answer only"}},
        response_model_exclude_unset=True,
        dependencies=[operator],
    )
    async def put_subscription(
        subscription_id: inputs.SlugPath,
        body: SubscriptionBody,
        response: Response,
        precondition: Conditional,
    ) -> PutAnswer:
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
        return put_answer(put.kept, _secret(signer, put.kept) if put.is_secret_new else None)


def _add_renewal(router: APIRouter, service: Service, signer: Signer | None) -> None:
    operator = service.needs(Action.OPERATE)

    @router.post(
        "/subscriptions/{subscription_id}/secret",
        status_code=201,
        summary="A new secret for a webhook",
        responses=problems.of(401, 403, 404),
        dependencies=[operator],
    )
    async def renew_secret(
        subscription_id: inputs.SlugPath, body: RenewalBody | None = None
    ) -> SecretAnswer:
        _signer(signer)
        async with service.database.transaction() as conn:
            kept = await commands.renew_secret(
                conn,
                subscription_id,
                new_salt=new_salt(),
                overlap=timedelta(hours=(body or RenewalBody()).overlap_hours),
                true_now=datetime.now(UTC),
            )
        assert kept.salts is not None
        return SecretAnswer(
            subscription_id=subscription_id,
            secret=_secret(signer, kept),
            previous_signs_until=kept.salts.previous_until,
        )


def _add_reading(router: APIRouter, service: Service) -> None:
    operator = service.needs(Action.OPERATE)

    @router.get(
        "/subscriptions",
        summary="Who is told what",
        dependencies=[operator],
        responses=problems.of(401, 403),
    )
    async def list_subscriptions(
        query: Annotated[lists.ListQuery, Query()],
    ) -> SubscriptionList:
        after = lists.read_cursor(query.cursor, str) or ""
        async with service.database.connection() as conn:
            kept = await store.list_subscriptions(conn, after=after, count=query.limit + 1)
        listed = lists.page(kept, query.limit, lambda each: each.subscription.subscription_id)
        items = [subscription_of(each) for each in listed["items"]]
        return SubscriptionList(items=items, next=listed["next"])

    @router.get(
        "/subscriptions/{subscription_id}",
        summary="One subscription",
        dependencies=[operator],
        responses=problems.of(401, 403, 404),
    )
    async def get_subscription(
        subscription_id: inputs.SlugPath, response: Response
    ) -> SubscriptionAnswer:
        async with service.database.connection() as conn:
            kept = await store.get_subscription(conn, subscription_id)
        response.headers["ETag"] = version_tag(kept.version)
        return subscription_of(kept)


def _signer(signer: Signer | None) -> Signer:
    if signer is None:
        raise Unavailable(
            "webhooks are not set up here: set SAMAN_NOTIFICATIONS_WEBHOOK_KEY",
            retry_after_seconds=3600,
        )
    return signer


def _secret(signer: Signer | None, kept: KeptSubscription) -> str:
    assert kept.salts is not None
    return _signer(signer).secret(kept.subscription.subscription_id, kept.salts.current)
