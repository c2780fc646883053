"""How sending to each subscription stands: who works on it, when it wakes, how its address
answers.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.notifications.channels.rules import Health, Receiver
from services.notifications.deliveries.store import EndedDelivery, ToldEvent, ended_delivery
from services.notifications.sending.rules import Delivered, Failed, Waiting
from services.notifications.subscriptions.rules import Channel, Language, Rhythm, Salts
from services.notifications.subscriptions.store import salts_of
from shared.errors import NotFound
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
    receiver_name: str
    receiver: Receiver
    language: Language
    active: bool
    stopped_because: str | None
    salts: Salts | None
    rhythm: Rhythm
    health: Health
    is_outdated: bool = False


async def lease_sending(
    conn: Connection,
    channel: Channel,
    *,
    now: datetime,
    until: datetime,
    by: str,
    count: int,
    held: Sequence[str],
    places_for_one: int,
    places_for_unproven: int,
) -> list[Lease]:
    """Take subscriptions that have something to do; nobody else gets them before the lease ends.

    Args:
        count: how many at most.
        held: the receiver of each subscription that is worked on already.
        places_for_one: how many one receiver may hold, with those in `held`.
        places_for_unproven: how many more may go to receivers that have not answered.
    """
    rows = QUERIES.lease_sending(
        conn,
        channel=channel.value,
        now=now,
        until=until,
        by=by,
        count=count,
        held=list(held),
        places_for_one=places_for_one,
        places_for_unproven=places_for_unproven,
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
        receiver_name=row["receiver"],
        receiver=Receiver(row["answers"], row["silences"], row["receiver_paused_until"]),
        language=Language(row["language"]),
        active=row["active"],
        stopped_because=row["stopped_because"],
        salts=salts_of(row),
        rhythm=Rhythm(row["rhythm"]),
        health=Health(row["failures"], row["failing_since"], row["paused_until"]),
    )


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try of a delivery, and how it ended in a sentence."""

    began_at: datetime
    seconds: Decimal
    result: str


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery whose time has come, with the event that it tells of."""

    delivery_id: UUID
    attempts: int
    event: ToldEvent


async def list_due(
    conn: Connection, subscription_id: str, version: int, *, now: datetime, count: int
) -> list[DueDelivery]:
    """Return deliveries of a subscription whose time has come, the longest waiting first; none of
    another version.
    """
    rows = QUERIES.list_due(
        conn, subscription_id=subscription_id, version=version, now=now, count=count
    )
    return [
        DueDelivery(
            row["delivery_id"],
            row["attempts"],
            ToldEvent(row["event_id"], row["type"], row["occurred_at"], row["payload"]),
        )
        async for row in rows
    ]


async def put_try(
    conn: Connection, due: DueDelivery, after: Waiting | Delivered | Failed, *, now: datetime
) -> EndedDelivery | None:
    """Keep what became of a delivery; returns it if it ended by this.

    Nothing happens when another sender was quicker.
    """
    is_waiting = isinstance(after, Waiting)
    state = "waiting" if is_waiting else "delivered" if isinstance(after, Delivered) else "failed"
    row = await QUERIES.put_try(
        conn,
        delivery_id=due.delivery_id,
        attempts_before=due.attempts,
        state=state,
        attempts=after.attempts,
        next_try_at=after.next_try_at if isinstance(after, Waiting) else None,
        last_error=None if isinstance(after, Delivered) else after.last_error,
        ended_at=None if is_waiting else now,
    )
    return None if row is None or is_waiting else ended_delivery(row)


async def give_up_waiting(
    conn: Connection, subscription_id: str, *, because: str, now: datetime, count: int
) -> list[EndedDelivery]:
    """Give up deliveries that wait for a subscription which is switched off."""
    rows = QUERIES.give_up_waiting(
        conn, subscription_id=subscription_id, last_error=because, ended_at=now, count=count
    )
    return [ended_delivery(row) async for row in rows]


async def add_attempts(conn: Connection, delivery_ids: Sequence[UUID], attempt: Attempt) -> None:
    """Keep a try of deliveries that were sent together."""
    await QUERIES.add_attempts(
        conn,
        delivery_ids=list(delivery_ids),
        began_at=attempt.began_at,
        seconds=attempt.seconds,
        result=attempt.result,
    )


async def list_attempts(conn: Connection, delivery_id: UUID) -> list[Attempt]:
    """Return the tries of a delivery in their order."""
    return [
        Attempt(row["began_at"], row["seconds"], row["result"])
        async for row in QUERIES.list_attempts(conn, delivery_id=delivery_id)
    ]


async def get_event_of(conn: Connection, delivery_id: UUID) -> ToldEvent:
    """Return what a delivery tells of.

    Raises:
        NotFound: there is no such delivery.
    """
    row = await QUERIES.find_event_of(conn, delivery_id=delivery_id)
    if row is None:
        raise NotFound(f"there is no delivery {delivery_id}")
    return ToldEvent(row["event_id"], row["type"], row["occurred_at"], row["payload"])


async def repeat_delivery(conn: Connection, delivery_id: UUID, *, now: datetime) -> None:
    """Let a delivery be tried anew, whatever has become of it."""
    await QUERIES.repeat_delivery(conn, delivery_id=delivery_id, now=now)


async def repeat_since(
    conn: Connection, subscription_id: str, since: datetime, *, now: datetime
) -> int:
    """Let everything be tried anew that a subscription was owed since a moment; return how many."""
    rows = QUERIES.repeat_since(conn, subscription_id=subscription_id, since=since, now=now)
    return len([row["delivery_id"] async for row in rows])
