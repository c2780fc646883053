"""What a webhook is sent."""

import json
from datetime import UTC

from services.notifications.deliveries.store import ToldEvent


def body_of(event: ToldEvent, subscription_id: str) -> str:
    """Return a webhook's body: type, time and data as Standard Webhooks has them, and what it
    belongs to.

    The event's JSON is passed on as it was published, so the body is the same on each try, byte for
    byte.
    """
    head = {
        "type": event.type,
        "timestamp": event.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "event_id": str(event.event_id),
        "subscription_id": subscription_id,
    }
    return f'{json.dumps(head)[:-1]}, "data": {event.payload.decode()}}}'
