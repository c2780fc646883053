"""Lease subscriptions, record tries and give up; each function is one use case in the caller's
transaction.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from services.notifications.channels import store as channels
from services.notifications.channels.rules import (
    HeldBack,
    Outcome,
    Receiver,
    Taken,
    Unwanted,
    health_after,
    is_dead,
    places_for_one,
    places_for_unproven,
    receiver_after,
)
from services.notifications.deliveries import store as deliveries
from services.notifications.deliveries.store import (
    DeliveryFilter,
    EndedDelivery,
    NewDelivery,
    ToldEvent,
)
from services.notifications.sending import store
from services.notifications.sending.rules import LEASE, after_try
from services.notifications.sending.store import Attempt, DueDelivery, Lease
from services.notifications.subscriptions import store as subscriptions
from services.notifications.subscriptions.rules import Channel
from services.notifications.subscriptions.store import KeptSubscription
from shared.audit import log as audit
from shared.errors import Conflict, NotFound, RuleBroken
from shared.events.envelope import derived_id
from shared.events.notifications import DeliveryEvent, NotificationDelivered, NotificationFailed
from shared.outbox import outbox
from shared.postgres.database import Connection

TEST_TYPE = "no.saman.notifications.WebhookTested.v1"
"""The type of a test, which goes to one webhook and is published nowhere."""

_NEWEST = 2**62

GIVE_UP_COUNT = 500
"""Deliveries given up in one transaction."""

SWITCHED_OFF = "the subscription was switched off"


async def take_work(
    conn: Connection,
    channel: Channel,
    *,
    by: str,
    places: int,
    at_work: Sequence[Lease],
    true_now: datetime,
) -> list[Lease]:
    """Take subscriptions of a channel that have something to do, for the time of a lease.

    A receiver that is slow holds its share of the places and no more, so the others go on. Mail
    goes to one server of ours, whoever it is for: there nobody is unproven.

    Args:
        places: how many subscriptions of the channel are worked on at once.
        at_work: those that are.
    """
    unproven = places
    if channel is Channel.WEBHOOK:
        unproven = places_for_unproven(places) - sum(
            not lease.receiver.answers for lease in at_work
        )
    return await store.lease_sending(
        conn,
        channel,
        now=true_now,
        until=true_now + LEASE,
        by=by,
        count=places - len(at_work),
        held=[lease.receiver_name for lease in at_work],
        places_for_one=places_for_one(places),
        places_for_unproven=unproven,
    )


async def record_try(
    conn: Connection,
    lease: Lease,
    tried: Sequence[DueDelivery],
    outcome: Outcome,
    *,
    now: datetime,
    true_now: datetime,
    began_at: datetime | None = None,
) -> Lease:
    """Keep how a try ended, tell it where that ended a delivery, and return the lease as it stands
    then.

    What stood in one digest is tried again at one time, so that it stands in one again.

    A receiver that wants no more, or a webhook where nothing arrived for days, is switched off. A
    subscription that was changed while the try was under way is not: how its old address answered
    says nothing of the new one.
    """
    is_outdated = await _is_outdated(conn, lease)
    await _note_attempt(conn, tried, outcome, began_at or true_now, true_now)
    for due in tried:
        after = after_try(tried[0].delivery_id, due.attempts, outcome, now=true_now)
        ended = await store.put_try(conn, due, after, now=true_now)
        if ended is not None:
            await outbox.put(conn, [ended_event(ended, now)])
    if is_outdated:
        return replace(lease, is_outdated=True)
    lease = replace(lease, receiver=await _receiver_after(conn, lease, outcome, true_now))
    health = health_after(lease.health, outcome, now=true_now)
    if health != lease.health:
        await store.put_health(conn, lease.subscription_id, health)
    because = _reason_to_stop(lease, outcome, is_dead(health, now=true_now))
    if because is not None:
        version = await subscriptions.stop_subscription(conn, lease.subscription_id, because)
        return replace(lease, version=version, health=health, active=False, stopped_because=because)
    return replace(lease, health=health)


async def _note_attempt(
    conn: Connection,
    tried: Sequence[DueDelivery],
    outcome: Outcome,
    began_at: datetime,
    ended_at: datetime,
) -> None:
    if isinstance(outcome, HeldBack):
        return
    result = "the receiver took it" if isinstance(outcome, Taken) else outcome.error
    seconds = Decimal(f"{(ended_at - began_at).total_seconds():.3f}")
    attempt = Attempt(began_at, seconds, result)
    await store.add_attempts(conn, [due.delivery_id for due in tried], attempt)


async def repeat_delivery(conn: Connection, delivery_id: UUID, *, true_now: datetime) -> None:
    """Send a delivery once more under its id, whether it arrived, failed or waits.

    Raises:
        NotFound: there is no such delivery.
        Conflict: `subscription-inactive`.
    """
    wanted = DeliveryFilter(delivery_id=delivery_id)
    found = await deliveries.list_deliveries(conn, wanted, before=_NEWEST, count=1)
    if not found:
        raise NotFound(f"there is no delivery {delivery_id}")
    subscription_id = found[0].subscription_id
    await _get_active(conn, subscription_id)
    await store.repeat_delivery(conn, delivery_id, now=true_now)
    await _note_repetition(conn, subscription_id, 1, true_now)


async def repeat_since(
    conn: Connection, subscription_id: str, since: datetime, *, true_now: datetime
) -> int:
    """Send everything once more that a subscription was owed since a moment; return how many.

    Raises:
        NotFound: there is no such subscription.
        Conflict: `subscription-inactive`.
    """
    await _get_active(conn, subscription_id)
    count = await store.repeat_since(conn, subscription_id, since, now=true_now)
    await _note_repetition(conn, subscription_id, count, true_now)
    return count


async def send_test(
    conn: Connection, subscription_id: str, event_id: UUID, *, now: datetime, true_now: datetime
) -> UUID:
    """Owe a webhook a message that says that it is a test; return the delivery's id.

    Args:
        event_id: of the test; the same again is the same test.

    Raises:
        NotFound: there is no such subscription.
        Conflict: `subscription-inactive`.
        RuleBroken: `no-webhook`.
    """
    kept = await _get_active(conn, subscription_id)
    if kept.subscription.channel is not Channel.WEBHOOK:
        raise RuleBroken(
            f"the subscription {subscription_id} goes to a mail address, not a webhook",
            code="no-webhook",
        )
    payload = json.dumps({"message": "a test of this webhook", "test": True}).encode()
    await deliveries.add_told_events(conn, [ToldEvent(event_id, TEST_TYPE, now, payload)])
    delivery_id = derived_id("delivery", subscription_id, event_id)
    new = NewDelivery(delivery_id, subscription_id, event_id, Channel.WEBHOOK, true_now)
    await deliveries.add_deliveries(conn, [new], made_at=true_now)
    await subscriptions.wake_sending(conn, [subscription_id], now=true_now)
    return delivery_id


async def _get_active(conn: Connection, subscription_id: str) -> KeptSubscription:
    await subscriptions.lock_sending(conn, [subscription_id])
    kept = await subscriptions.get_subscription(conn, subscription_id)
    if not kept.subscription.active:
        raise Conflict(
            f"the subscription {subscription_id} is switched off; make it active first",
            code="subscription-inactive",
        )
    return kept


async def _note_repetition(
    conn: Connection, subscription_id: str, count: int, true_now: datetime
) -> None:
    await subscriptions.wake_sending(conn, [subscription_id], now=true_now)
    change = audit.Change(
        "deliveries-repeated", f"subscription/{subscription_id}", {"count": count}
    )
    await audit.note(conn, change)


async def _receiver_after(
    conn: Connection, lease: Lease, outcome: Outcome, true_now: datetime
) -> Receiver:
    """Keep how the receiver stands after a try, and return it. Others may be trying it as well."""
    if receiver_after(lease.receiver, outcome, now=true_now) == lease.receiver:
        return lease.receiver
    before = await channels.lock_receiver(conn, lease.receiver_name)
    after = receiver_after(before, outcome, now=true_now)
    if after != before:
        await channels.put_receiver(conn, lease.receiver_name, after)
    return after


async def give_up(conn: Connection, lease: Lease, *, now: datetime, true_now: datetime) -> int:
    """Give up some of what waits for a subscription that is switched off; return how many.

    Nothing, once it was switched on again: what waits then is for the new address.
    """
    if await _is_outdated(conn, lease):
        return 0
    because = lease.stopped_because or SWITCHED_OFF
    ended = await store.give_up_waiting(
        conn, lease.subscription_id, because=because, now=true_now, count=GIVE_UP_COUNT
    )
    await outbox.put(conn, [ended_event(delivery, now) for delivery in ended])
    return len(ended)


async def give_back(conn: Connection, lease: Lease, *, by: str) -> None:
    """End a lease; the subscription wakes when its next delivery is due."""
    await subscriptions.lock_sending(conn, [lease.subscription_id])
    await store.end_lease(conn, lease.subscription_id, by)


async def _is_outdated(conn: Connection, lease: Lease) -> bool:
    """Tell whether a subscription was changed since it was leased; nobody changes it before the
    transaction ends.
    """
    await subscriptions.lock_sending(conn, [lease.subscription_id])
    kept = await subscriptions.get_subscription(conn, lease.subscription_id)
    return kept.version != lease.version


def _reason_to_stop(lease: Lease, outcome: Outcome, dead: bool) -> str | None:
    if isinstance(outcome, Unwanted):
        return outcome.error
    if dead and lease.channel is Channel.WEBHOOK:
        return "nothing arrived for five days"
    return None


def ended_event(ended: EndedDelivery, now: datetime) -> DeliveryEvent:
    """Tell how a delivery ended."""
    cls = NotificationDelivered if ended.state == "delivered" else NotificationFailed
    return cls(
        event_id=derived_id(
            cls.__name__, ended.delivery_id, *([ended.repeats] if ended.repeats else [])
        ),
        occurred_at=now,
        delivery_id=ended.delivery_id,
        subscription_id=ended.subscription_id,
        notified_event_id=ended.event_id,
        channel=ended.channel.value,
        attempts=ended.attempts,
        state="delivered" if ended.state == "delivered" else "failed",
        last_error=ended.last_error,
    )
