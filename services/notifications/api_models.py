"""What notifications' HTTP bodies look like, written out from the domain's values."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field, StrictBool

from services.notifications.domain.subscription import Channel, Language, Subscription
from services.notifications.store import KeptSubscription, LoggedDelivery
from shared.events.envelope import Slug
from shared.http import http


class SubscriptionBody(http.RequestModel):
    """What somebody wants to be told of. Empty lists mean all; `MetricUpdated` goes to webhooks
    only.
    """

    channel: Channel
    address: str = Field(
        max_length=2_000, description="A mail address, or an https URL for a webhook."
    )
    language: Language = Field(default=Language.NB, description="Of the text; webhooks have none.")
    events: list[str] = Field(
        default=[],
        max_length=1_000,
        description="Such as TargetReached. MetricUpdated only by webhook.",
    )
    subjects: list[str] = Field(
        default=[], max_length=1_000, description="Such as municipality/vefsn-1824 or cohort/*."
    )
    windows: list[str] = Field(
        default=[], max_length=1_000, description="Such as year-to-date; reports have none."
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


class SubscriptionList(BaseModel):
    """Subscriptions by id."""

    items: list[SubscriptionAnswer]
    next: str | None


class SecretAnswer(BaseModel):
    """A webhook's new secret, shown this once."""

    subscription_id: Slug
    secret: str


class DeliveryQuery(http.ListQuery):
    """Which deliveries to list."""

    subscription_id: Slug | None = None
    event_id: UUID | None = None
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


def delivery_of(delivery: LoggedDelivery) -> DeliveryAnswer:
    """Write a line of the delivery log out."""
    return DeliveryAnswer.model_validate(delivery, from_attributes=True)
