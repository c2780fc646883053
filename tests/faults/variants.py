"""Variants of the services: `python -m tests.faults.variants NAME,NAME serve metrics --port …`.

The *mutants* lack one mechanism each; a checker that they pass is worthless. The others break no
promise: they only widen the moment in which the lack of a mechanism shows, and the sound system
must stand them as well.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from deploy.cli.main import main
from shared import faults
from shared.access import auth
from shared.delivery import consumers, delivery, inbox, patience, positions
from shared.delivery.records import Record
from shared.events.reporting import ReportDue
from shared.kafka import broker
from shared.outbox import outbox, relay
from tests.support.waiting import until

LOG = structlog.get_logger()

STUMBLE = "SAMAN_STUMBLE"
"""A file; as long as it is not there, `stumbling` services cannot handle the first state of a
publisher.
"""

QUICK_COMMIT_MILLISECONDS = 100
OVERTAKEN_SECONDS = 15.0
"""By when others must have overtaken a transaction, or the strain is none and its request fails."""


def no_inbox() -> None:
    """Every event counts as new, and so does each delivery that it owes somebody.

    What a handler does is guarded by its data as well; that second guard is gone here too. See also
    `UNGUARDED`.
    """
    from services.notifications.deliveries import commands

    async def claim(_conn: Any, _consumer: str, arrivals: Sequence[Any]) -> set[Any]:
        return {event_id for event_id, _ in arrivals}

    def owed(subscription: Any, happening: Any, true_now: Any) -> Any:
        return replace(owe(subscription, happening, true_now), delivery_id=uuid4())

    owe, commands._owed = commands._owed, owed
    inbox.claim = claim  # type: ignore[assignment]


def auto_commit() -> None:
    """Offsets are committed by the clock, whatever became of the records, and nothing else counts:
    FastStream's way.
    """
    _trust_the_broker()
    _subscribe_with(
        ack_policy=AckPolicy.ACK_FIRST, auto_commit_interval_ms=QUICK_COMMIT_MILLISECONDS
    )


def ack_on_error() -> None:
    """Offsets are committed also when handling failed, and nothing else counts."""
    _trust_the_broker()
    _subscribe_with(ack_policy=AckPolicy.ACK)


def reply_to() -> None:
    """Answers go where a record wants them: FastStream's default."""

    def producing(**settings: Any) -> Any:
        return KafkaBroker(**{**settings, "consumer_only": False})

    async def parser(message: Any, original: Any) -> Any:
        parsed = await original(message)
        parsed.reply_to = parsed.reply_to or next(
            (
                value.decode()
                for record in message
                for name, value in record.headers
                if name == "reply_to"
            ),
            "",
        )
        parsed.raw_message = message
        return parsed

    setattr(broker, "KafkaBroker", producing)  # noqa: B010 - the checker of types knows it for a class
    consumers.bare_parser = parser
    _subscribe_with(no_reply=False)


def outbox_by_last_id() -> None:
    """The relay remembers the last id and reads on from there: what commits late is never seen."""
    queries, last = relay.QUERIES, [0]

    class Cursor:
        def __getattr__(self, name: str) -> Any:
            return getattr(queries, name)

        async def next_outbox(self, conn: Any, **asked: Any) -> Any:
            async for row in queries.next_outbox(conn, **asked):
                if row["id"] > last[0]:
                    last[0] = row["id"]
                    yield row

    relay.QUERIES = Cursor()


def delete_before_send() -> None:
    """Rows leave the outbox before the broker has them."""
    send = relay.Relay._send

    async def remove_and_send(self: Any, conn: Any, rows: Sequence[Any]) -> None:
        await relay.QUERIES.remove_outbox(conn, ids=[row["id"] for row in rows])
        faults.point("relay.read")
        await send(self, conn, rows)

    relay.Relay._send = remove_and_send  # type: ignore[method-assign]


def no_version_guard() -> None:
    """An older state of a publisher overwrites a newer one."""
    queries = auth.QUERIES

    class Unguarded:
        def __getattr__(self, name: str) -> Any:
            return getattr(queries, name)

        async def put_publisher(self, conn: Any, **state: Any) -> None:
            await conn.execute(
                "DELETE FROM known_publisher WHERE organisation_number = $1",
                state["organisation_number"],
            )
            await queries.put_publisher(conn, **state)

    auth.QUERIES = Unguarded()


def telling() -> None:
    """The key that somebody came with is written to the log."""
    authenticate = auth.authenticate

    async def tell_and_authenticate(conn: Any, header: str, **more: Any) -> Any:
        LOG.warning("somebody came", header=header)
        return await authenticate(conn, header, **more)

    auth.authenticate = tell_and_authenticate  # type: ignore[assignment]


def overtaken() -> None:
    """What makes reports due commits only when the relay has read on past its rows: ids and commits
    differ in order.
    """
    put, send = outbox.put, relay.Relay._send
    last_read = [0]

    async def note_and_send(self: Any, conn: Any, rows: Sequence[Any]) -> None:
        last_read[0] = max(last_read[0], *(row["id"] for row in rows))
        await send(self, conn, rows)

    async def put_and_wait(conn: Any, events: Any, **more: Any) -> None:
        events = list(events)
        await put(conn, events, **more)
        if any(isinstance(event, ReportDue) for event in events):
            mine = await conn.fetchval(
                "SELECT max(id) FROM outbox WHERE topic = $1", ReportDue.topic()
            )
            await until(lambda: last_read[0] > mine, "the relay read on", seconds=OVERTAKEN_SECONDS)

    outbox.put = put_and_wait
    relay.Relay._send = note_and_send  # type: ignore[method-assign]


def slow_handling() -> None:
    """A batch takes a while, longer than offsets wait that are committed by the clock."""
    take = delivery.Delivery.take

    async def wait_and_take(self: Any, records: Sequence[Record]) -> None:
        await asyncio.sleep(4 * QUICK_COMMIT_MILLISECONDS / 1_000)
        await take(self, records)

    delivery.Delivery.take = wait_and_take  # type: ignore[method-assign]


def impatient() -> None:
    """A batch is given back soon when the database is away."""
    patience.PATIENCE_SECONDS = 0.5
    delivery.GIVEN_BACK_SECONDS = 0.2


def stumbling() -> None:
    """The first state of a publisher cannot be handled until somebody mends it."""
    keep = auth.keep_publishers
    is_mended = Path(os.environ[STUMBLE]).exists

    async def keep_or_stumble(conn: Any, events: Sequence[Any]) -> None:
        if any(event.version == 1 for event in events) and not is_mended():
            raise ValueError("stumbled over the first state of a publisher")
        await keep(conn, events)

    auth.keep_publishers = keep_or_stumble


def _trust_the_broker() -> None:
    """Go on where the broker says, without asking the database, which would mend what wrong commits
    pass by.
    """

    async def settle(self: Any, _client: Any, _fetched: Any) -> set[Any]:
        self._seen = "whatever the broker says"
        return set()

    positions.Resumption.settle = settle  # type: ignore[method-assign,assignment]


def _subscribe_with(**changes: Any) -> None:
    """Declare every subscriber with other settings than the house's."""
    subscriber = KafkaBroker.subscriber

    def changed(self: Any, *topics: str, **settings: Any) -> Any:
        return subscriber(self, *topics, **{**settings, **changes})

    KafkaBroker.subscriber = changed  # type: ignore[method-assign,assignment]


UNGUARDED = {
    "no-inbox": """ALTER TABLE delivery DROP CONSTRAINT delivery_once,
                     ADD CONSTRAINT delivery_once UNIQUE (delivery_id)"""
}
"""What the database of a mutant must not guard either, as its owner says it."""

MUTANTS: dict[str, Callable[[], None]] = {
    "no-inbox": no_inbox,
    "auto-commit": auto_commit,
    "ack-on-error": ack_on_error,
    "reply-to": reply_to,
    "outbox-by-last-id": outbox_by_last_id,
    "delete-before-send": delete_before_send,
    "no-version-guard": no_version_guard,
    "telling": telling,
}
STRAINS: dict[str, Callable[[], None]] = {
    "overtaken": overtaken,
    "slow-handling": slow_handling,
    "impatient": impatient,
    "stumbling": stumbling,
}


if __name__ == "__main__":
    for chosen in filter(None, sys.argv.pop(1).split(",")):
        (MUTANTS | STRAINS)[chosen]()
    main()
