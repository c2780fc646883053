"""Subscriptions: rows to values and back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notifications.subscriptions.rules import (
    Channel,
    Language,
    Rhythm,
    Salts,
    Subscription,
)
from shared.errors import NotFound
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class KeptSubscription:
    """A subscription as it is kept.

    Attributes:
        stopped_because: why it was switched off by us, such as a receiver that wants no more.
        receiver: who gets what is sent there; see `rules.check_subscription`.
        salts: what a webhook's secrets are derived from.
    """

    subscription: Subscription
    version: int
    made_at: datetime
    receiver: str
    stopped_because: str | None = None
    salts: Salts | None = None


async def lock_subscription(conn: Connection, subscription_id: str) -> None:
    """Let no other transaction write this subscription until this one ends, whether it exists or
    not.
    """
    await QUERIES.lock_subscription(conn, subscription_id=subscription_id)


async def find_subscription(conn: Connection, subscription_id: str) -> KeptSubscription | None:
    """Return a subscription, or None."""
    row = await QUERIES.find_subscription(conn, subscription_id=subscription_id)
    return None if row is None else _kept(row)


async def get_subscription(conn: Connection, subscription_id: str) -> KeptSubscription:
    """Return a subscription.

    Raises:
        NotFound: there is none of this id.
    """
    kept = await find_subscription(conn, subscription_id)
    if kept is None:
        raise NotFound(f"there is no subscription {subscription_id}")
    return kept


async def list_subscription_ids(conn: Connection, ids: Collection[str]) -> set[str]:
    """Return which of these subscriptions there are."""
    return {
        row["subscription_id"] async for row in QUERIES.list_subscription_ids(conn, ids=list(ids))
    }


async def count_subscriptions_to(conn: Connection, address: str, *, other_than: str) -> int:
    """Count the active subscriptions of an address, in any case of its letters, besides one."""
    return int(await QUERIES.count_subscriptions_to(conn, address=address, other_than=other_than))


async def list_subscriptions(conn: Connection, *, after: str, count: int) -> list[KeptSubscription]:
    """Return subscriptions by id."""
    return [_kept(row) async for row in QUERIES.list_subscriptions(conn, after=after, count=count)]


async def put_subscription(conn: Connection, kept: KeptSubscription) -> None:
    """Keep a subscription, new or changed; it is no longer stopped by us."""
    subscription = kept.subscription
    await QUERIES.put_subscription(
        conn,
        subscription_id=subscription.subscription_id,
        channel=subscription.channel.value,
        address=subscription.address,
        language=subscription.language.value,
        events=list(subscription.events),
        subjects=list(subscription.subjects),
        windows=list(subscription.windows),
        metrics=list(subscription.metrics),
        rhythm=subscription.rhythm.value,
        digest_hour=subscription.digest_hour,
        active=subscription.active,
        receiver=kept.receiver,
        secret_salt=kept.salts.current if kept.salts else None,
        previous_salt=kept.salts.previous if kept.salts else None,
        previous_until=kept.salts.previous_until if kept.salts else None,
        version=kept.version,
        made_at=kept.made_at,
        active_since=subscription.active_since,
    )
    await QUERIES.add_sending(conn, subscription_id=subscription.subscription_id)


async def stop_subscription(conn: Connection, subscription_id: str, because: str) -> int:
    """Switch a subscription off on our own account, and return the version that it has then."""
    return int(
        await QUERIES.stop_subscription(conn, subscription_id=subscription_id, because=because)
    )


async def list_candidates(
    conn: Connection,
    event_names: Collection[str],
    patterns: Collection[str],
    *,
    only_webhooks: bool,
) -> list[Subscription]:
    """Return the active subscriptions that could match events of these names and patterns."""
    rows = QUERIES.list_candidates(
        conn, event_names=list(event_names), patterns=list(patterns), only_webhooks=only_webhooks
    )
    return [_subscription(row) async for row in rows]


def _subscription(row: Any) -> Subscription:
    return Subscription(
        subscription_id=row["subscription_id"],
        channel=Channel(row["channel"]),
        address=row["address"],
        language=Language(row["language"]),
        events=tuple(row["events"]),
        subjects=tuple(row["subjects"]),
        windows=tuple(row["windows"]),
        metrics=tuple(row["metrics"]),
        active=row["active"],
        active_since=row["active_since"],
        rhythm=Rhythm(row["rhythm"]),
        digest_hour=row["digest_hour"],
    )


def _kept(row: Any) -> KeptSubscription:
    return KeptSubscription(
        _subscription(row),
        row["version"],
        row["made_at"],
        row["receiver"],
        row["stopped_because"],
        salts_of(row),
    )


def salts_of(row: Any) -> Salts | None:
    """Read a webhook's salts from its row; none for mail."""
    if row["secret_salt"] is None:
        return None
    return Salts(row["secret_salt"], row["previous_salt"], row["previous_until"])


async def lock_sending(conn: Connection, subscription_ids: Collection[str]) -> None:
    """Hold the sending of subscriptions until the transaction ends; who changes a subscription
    holds it as well.
    """
    async for _ in QUERIES.lock_sending(conn, subscription_ids=list(subscription_ids)):
        pass


async def wake_sending(
    conn: Connection, subscription_ids: Collection[str], *, now: datetime
) -> None:
    """Let the sender look at subscriptions now, or when their pause ends."""
    await QUERIES.wake_sending(conn, subscription_ids=list(subscription_ids), now=now)


async def heal_sending(conn: Connection, subscription_id: str, *, now: datetime) -> None:
    """Forget an address' failures and look at once for what waits."""
    await QUERIES.heal_sending(conn, subscription_id=subscription_id, now=now)
