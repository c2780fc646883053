"""Make, change and stop subscriptions; one function is one use case in the caller's transaction."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.notifications.channels import store as channels
from services.notifications.subscriptions import store
from services.notifications.subscriptions.rules import (
    Bounds,
    Channel,
    Salts,
    Subscription,
    check_subscription,
)
from services.notifications.subscriptions.store import KeptSubscription
from shared.audit import log as audit
from shared.errors import FieldError, RuleBroken
from shared.http.preconditions import Guard, unguarded
from shared.postgres.database import Connection


@dataclass(frozen=True, slots=True)
class PutSubscription:
    """What became of a PUT.

    Attributes:
        made: it did not exist before.
        is_secret_new: a webhook whose secret nobody has been shown yet.
    """

    kept: KeptSubscription
    made: bool
    is_secret_new: bool


async def put_subscription(
    conn: Connection,
    wanted: Subscription,
    *,
    new_salt: bytes,
    bounds: Bounds,
    guard: Guard = unguarded,
    now: datetime,
    true_now: datetime,
) -> PutSubscription:
    """Make or change a subscription; the same again changes nothing.

    One that was switched off, by its owner or by us, begins anew when it is made active: what
    happened in between is not for it.

    Args:
        wanted: what was asked for; its `active_since` is not looked at.
        new_salt: for a webhook's secret, should it need one.
        guard: told the version that was kept before; raises where the caller's condition is not
            met.
        now: by the service's clock, which events carry.
        true_now: when deliveries are looked at.

    Raises:
        RuleBroken: with every fault of the subscription; `too-many-subscriptions`, the address has
            as many as it may.
        Conflict: what the guard raises.
    """
    address, receiver = check_subscription(
        wanted, allow_private_webhooks=bounds.allow_private_webhooks
    )
    await store.lock_subscription(conn, wanted.subscription_id)
    await store.lock_subscription(conn, address.lower())
    await store.lock_sending(conn, [wanted.subscription_id])
    before = await store.find_subscription(conn, wanted.subscription_id)
    guard(before.version if before is not None else None)
    begins = before is None or (wanted.active and not before.subscription.active)
    active_since = now if before is None or begins else before.subscription.active_since
    subscription = replace(wanted, address=address, active_since=active_since)
    if before is not None and before.subscription == subscription:
        return PutSubscription(before, made=False, is_secret_new=False)
    await _check_room(conn, subscription, bounds)
    salts = None if before is None else before.salts
    is_secret_new = wanted.channel is Channel.WEBHOOK and salts is None
    kept = KeptSubscription(
        subscription,
        version=1 if before is None else before.version + 1,
        made_at=now if before is None else before.made_at,
        receiver=receiver,
        salts=None if wanted.channel is not Channel.WEBHOOK else salts or Salts(new_salt),
    )
    await channels.add_receiver(conn, receiver)
    await store.put_subscription(conn, kept)
    await audit.note(conn, _noted("subscription-changed", kept))
    await store.heal_sending(conn, wanted.subscription_id, now=true_now)
    return PutSubscription(kept, made=before is None, is_secret_new=is_secret_new)


async def _check_room(conn: Connection, subscription: Subscription, bounds: Bounds) -> None:
    if not subscription.active:
        return
    others = await store.count_subscriptions_to(
        conn, subscription.address, other_than=subscription.subscription_id
    )
    if others >= bounds.per_address:
        sentence = (
            f"the address has {others} active subscriptions, at most {bounds.per_address}; end one"
            " first"
        )
        error = FieldError("too-many-subscriptions", sentence, "/address")
        raise RuleBroken(sentence, code=error.code, errors=(error,))


async def renew_secret(
    conn: Connection,
    subscription_id: str,
    *,
    new_salt: bytes,
    overlap: timedelta,
    true_now: datetime,
) -> KeptSubscription:
    """Give a webhook another secret, which signs from now on.

    Args:
        overlap: how long the old one signs as well; none where it got into the wrong hands.
        true_now: when the overlap begins.

    Raises:
        NotFound: there is no such subscription.
        RuleBroken: `no-webhook`; it goes to a mail address, which needs no secret.
    """
    await store.lock_subscription(conn, subscription_id)
    await store.lock_sending(conn, [subscription_id])
    before = await store.get_subscription(conn, subscription_id)
    if before.subscription.channel is not Channel.WEBHOOK:
        raise RuleBroken(
            f"the subscription {subscription_id} goes to a mail address, not a webhook",
            code="no-webhook",
        )
    assert before.salts is not None
    salts = before.salts.renewed(new_salt, now=true_now, overlap=overlap)
    kept = replace(before, salts=salts, version=before.version + 1)
    await store.put_subscription(conn, kept)
    await audit.note(conn, _noted("subscription-secret-renewed", kept))
    return kept


def _noted(action: str, kept: KeptSubscription) -> audit.Change:
    """Note a subscription without its address, which may be a person's and would stand in the log
    for ever.
    """
    subscription = kept.subscription
    state = {
        "version": kept.version,
        "channel": subscription.channel.value,
        "events": sorted(subscription.events),
        "subjects": sorted(subscription.subjects),
        "active": subscription.active,
    }
    return audit.Change(action, f"subscription/{subscription.subscription_id}", state)
