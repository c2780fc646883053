"""Deliveries and the events that they tell of."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notifications.subscriptions.rules import Channel
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """An event that somebody is told of, as it was published."""

    event_id: UUID
    type: str
    occurred_at: datetime
    payload: bytes


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """One notification that is owed."""

    delivery_id: UUID
    subscription_id: str
    event_id: UUID
    channel: Channel
    send_at: datetime


@dataclass(frozen=True, slots=True)
class EndedDelivery:
    """A delivery that arrived or was given up; carries no address.

    Attributes:
        repeats: how often it was sent once more on request after it had ended.
    """

    delivery_id: UUID
    subscription_id: str
    event_id: UUID
    channel: Channel
    attempts: int
    state: str
    last_error: str | None
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class LoggedDelivery:
    """One line of the delivery log."""

    delivery_id: UUID
    number: int
    subscription_id: str
    event_id: UUID
    type: str
    channel: Channel
    state: str
    attempts: int
    next_try_at: datetime | None
    last_error: str | None
    made_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries to list; None means all."""

    subscription_id: str | None = None
    event_id: UUID | None = None
    channel: str | None = None
    state: str | None = None
    delivery_id: UUID | None = None


async def add_told_events(conn: Connection, events: Sequence[ToldEvent]) -> None:
    """Keep events; those that are kept already stay as they are."""
    await QUERIES.add_told_events(
        conn,
        event_ids=[event.event_id for event in events],
        types=[event.type for event in events],
        occurred_at=[event.occurred_at for event in events],
        payloads=[event.payload for event in events],
    )


async def list_told_events(conn: Connection) -> AsyncIterator[ToldEvent]:
    """Yield all events that somebody was told of, in the order in which they happened."""
    async for row in QUERIES.list_told_events(conn):
        yield ToldEvent(row["event_id"], row["type"], row["occurred_at"], row["payload"])


async def add_deliveries(
    conn: Connection, deliveries: Sequence[NewDelivery], *, made_at: datetime
) -> list[str]:
    """Add deliveries and return the subscription of each new one; what is owed already is not owed
    twice.
    """
    rows = QUERIES.add_deliveries(
        conn,
        delivery_ids=[delivery.delivery_id for delivery in deliveries],
        subscription_ids=[delivery.subscription_id for delivery in deliveries],
        event_ids=[delivery.event_id for delivery in deliveries],
        channels=[delivery.channel.value for delivery in deliveries],
        next_try_ats=[delivery.send_at for delivery in deliveries],
        made_at=made_at,
    )
    return [row["subscription_id"] async for row in rows]


async def list_ended(conn: Connection, delivery_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these deliveries have ended."""
    return {
        row["delivery_id"]
        async for row in QUERIES.list_ended(conn, delivery_ids=list(delivery_ids))
    }


async def list_ended_since(
    conn: Connection, since: datetime
) -> AsyncIterator[tuple[EndedDelivery, datetime]]:
    """Yield the deliveries that ended since a moment, each with when it did, in that order."""
    async for row in QUERIES.list_ended_since(conn, since=since):
        yield ended_delivery(row), row["ended_at"]


async def put_ended(conn: Connection, delivery: EndedDelivery, *, at: datetime) -> None:
    """Keep a delivery as it ended, whether or not it was known to be owed."""
    await QUERIES.put_ended(
        conn,
        delivery_id=delivery.delivery_id,
        subscription_id=delivery.subscription_id,
        event_id=delivery.event_id,
        channel=delivery.channel.value,
        state=delivery.state,
        attempts=delivery.attempts,
        last_error=delivery.last_error,
        ended_at=at,
    )


async def list_deliveries(
    conn: Connection, wanted: DeliveryFilter, *, before: int, count: int
) -> list[LoggedDelivery]:
    """Return the delivery log, the newest first.

    Args:
        before: only lines numbered below.
    """
    rows = QUERIES.list_deliveries(
        conn,
        delivery_id=wanted.delivery_id,
        subscription_id=wanted.subscription_id,
        event_id=wanted.event_id,
        channel=wanted.channel,
        state=wanted.state,
        before=before,
        count=count,
    )
    return [
        LoggedDelivery(
            delivery_id=row["delivery_id"],
            number=row["number"],
            subscription_id=row["subscription_id"],
            event_id=row["event_id"],
            type=row["type"],
            channel=Channel(row["channel"]),
            state=row["state"],
            attempts=row["attempts"],
            next_try_at=row["next_try_at"],
            last_error=row["last_error"],
            made_at=row["made_at"],
            ended_at=row["ended_at"],
        )
        async for row in rows
    ]


def ended_delivery(row: Any) -> EndedDelivery:
    """Read a delivery that has ended from its row."""
    return EndedDelivery(
        delivery_id=row["delivery_id"],
        subscription_id=row["subscription_id"],
        event_id=row["event_id"],
        channel=Channel(row["channel"]),
        attempts=row["attempts"],
        state=row["state"],
        last_error=row["last_error"],
        repeats=row["repeats"],
    )
