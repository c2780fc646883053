"""Receivers: where deliveries go, and whether they answer."""

from services.notifications.channels.rules import Receiver
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


async def add_receiver(conn: Connection, receiver: str) -> None:
    """Keep a receiver; one that is kept already stays as it is."""
    await QUERIES.add_receiver(conn, receiver=receiver)


async def lock_receiver(conn: Connection, receiver: str) -> Receiver:
    """Return how a receiver stands; nobody else changes it before the transaction ends."""
    row = await QUERIES.lock_receiver(conn, receiver=receiver)
    return Receiver(row["answers"], row["silences"], row["paused_until"])


async def put_receiver(conn: Connection, name: str, receiver: Receiver) -> None:
    """Keep how a receiver stands."""
    await QUERIES.put_receiver(
        conn,
        receiver=name,
        answers=receiver.answers,
        silences=receiver.silences,
        paused_until=receiver.paused_until,
    )
