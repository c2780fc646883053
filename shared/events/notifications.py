"""What notifications publishes: whether a notification arrived. No address is ever in it."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from shared.events.envelope import Event, Slug
from shared.events.topics import DAY_MILLISECONDS, Topic


class _Delivery(Event):
    producer = "notifications"
    aggregate = "delivery"

    delivery_id: UUID
    subscription_id: Slug
    notified_event_id: UUID = Field(serialization_alias="event_id")
    channel: Literal["mail", "webhook"]
    attempts: int
    state: Literal["delivered", "failed"]
    last_error: str | None = None

    @classmethod
    def renamed(cls, content: dict[str, Any]) -> dict[str, Any]:
        return {**content, "notified_event_id": content.get("event_id")}

    @property
    def key(self) -> str:
        return str(self.delivery_id)


class NotificationDelivered(_Delivery):
    """The mail server or the webhook's receiver took it."""


class NotificationFailed(_Delivery):
    """All attempts are used up, or the receiver said for good that it does not want it."""


DeliveryEvent = NotificationDelivered | NotificationFailed

TOPICS = (Topic(NotificationDelivered.topic(), retention_ms=90 * DAY_MILLISECONDS),)
"""The topic that notifications writes to."""
