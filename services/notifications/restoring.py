"""Bringing notifications and its own topic together again, after one of them was restored to
another moment.

What the database forgot of deliveries is taken from the log before anything is read again, so that
nobody is told twice of what has arrived. Subscriptions are in no event; the ones made since have to
be made again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.notifications.deliveries import store as deliveries
from services.notifications.deliveries.store import EndedDelivery, ToldEvent
from services.notifications.sending.commands import ended_event
from services.notifications.subscriptions import store as subscriptions
from services.notifications.subscriptions.rules import Channel
from shared.clock import Clock
from shared.delivery.records import Record
from shared.delivery.restoring import Log
from shared.events.envelope import Event
from shared.events.notifications import NotificationDelivered, NotificationFailed
from shared.postgres.database import Connection

KEPT = timedelta(days=90)
"""How long the topic of deliveries holds them (`shared/kafka/topics.py`)."""


async def unknown(conn: Connection, events: Sequence[Event]) -> list[Event]:
    """Return the ended deliveries that are not kept as ended, of subscriptions that are kept."""
    theirs = [
        event for event in events if isinstance(event, NotificationDelivered | NotificationFailed)
    ]
    ended = await deliveries.list_ended(conn, [event.delivery_id for event in theirs])
    kept = await subscriptions.list_subscription_ids(
        conn, {event.subscription_id for event in theirs}
    )
    return [e for e in theirs if e.delivery_id not in ended and e.subscription_id in kept]


async def adopt(conn: Connection, events: Sequence[Event], log: Log) -> None:
    """Keep deliveries as ended. What they told of is looked up in the log; what is gone there comes
    to nobody again.
    """
    theirs = [
        event for event in events if isinstance(event, NotificationDelivered | NotificationFailed)
    ]
    found = await log.find({event.notified_event_id for event in theirs})
    await deliveries.add_told_events(conn, [_told(record) for record in found.values()])
    for event in theirs:
        if event.notified_event_id in found:
            await deliveries.put_ended(conn, _ended(event), at=event.occurred_at)


async def untold(conn: Connection, log: Log) -> list[Event]:
    """Return the ended deliveries that the log lacks and would still hold."""
    since = Clock().now() - KEPT
    ended = [(delivery, at) async for delivery, at in deliveries.list_ended_since(conn, since)]
    events = [ended_event(delivery, at) for delivery, at in ended]
    return [event for event in events if event.event_id not in log.ids]


def _told(record: Record) -> ToldEvent:
    event_id, kind, time = (record.header(name) for name in ("ce_id", "ce_type", "ce_time"))
    assert event_id is not None
    assert kind is not None
    assert time is not None
    assert record.value is not None
    return ToldEvent(UUID(event_id), kind, datetime.fromisoformat(time), record.value)


def _ended(event: NotificationDelivered | NotificationFailed) -> EndedDelivery:
    return EndedDelivery(
        event.delivery_id,
        event.subscription_id,
        event.notified_event_id,
        Channel(event.channel),
        event.attempts,
        event.state,
        event.last_error,
    )
