"""How sending to each subscription stands: who works on it, when it wakes, how its address
answers.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.notifications.domain.delivery import Health
from services.notifications.domain.subscription import Channel, Language
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class Lease:
    """A subscription that one sender works on for a while.

    Attributes:
        version: of the subscription that all the rest is about.
        is_outdated: the subscription was changed since; whoever takes it anew works on.
    """

    subscription_id: str
    version: int
    channel: Channel
    address: str
    language: Language
    active: bool
    stopped_because: str | None
    secret_salt: bytes | None
    health: Health
    is_outdated: bool = False


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


async def lease_sending(
    conn: Connection, channel: Channel, *, now: datetime, until: datetime, by: str, count: int
) -> list[Lease]:
    """Take subscriptions that have something to do; nobody else gets them before the lease ends."""
    rows = QUERIES.lease_sending(
        conn, channel=channel.value, now=now, until=until, by=by, count=count
    )
    return [_lease(row) async for row in rows]


async def release_leases(conn: Connection, by: str, *, but: Collection[str]) -> None:
    """Give back what was taken under a name, besides the subscriptions that are worked on."""
    await QUERIES.release_leases(conn, by=by, but=list(but))


async def put_health(conn: Connection, subscription_id: str, health: Health) -> None:
    """Keep how an address has been answering."""
    await QUERIES.put_health(
        conn,
        subscription_id=subscription_id,
        failures=health.failures,
        failing_since=health.failing_since,
        paused_until=health.paused_until,
    )


async def end_lease(conn: Connection, subscription_id: str, by: str) -> None:
    """Give a subscription back, to be woken when its next delivery is due. `lock_sending` comes
    before.
    """
    await QUERIES.end_lease(conn, subscription_id=subscription_id, by=by)


def _lease(row: Any) -> Lease:
    return Lease(
        subscription_id=row["subscription_id"],
        version=row["version"],
        channel=Channel(row["channel"]),
        address=row["address"],
        language=Language(row["language"]),
        active=row["active"],
        stopped_because=row["stopped_because"],
        secret_salt=row["secret_salt"],
        health=Health(row["failures"], row["failing_since"], row["paused_until"]),
    )
