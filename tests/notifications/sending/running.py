"""A running sender, and what its tests wait for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from services.notifications.channels.mail import MailSettings
from services.notifications.channels.signing import Signer
from services.notifications.channels.webhook import Caller
from services.notifications.deliveries import commands, letters, store
from services.notifications.deliveries.commands import ToldOf
from services.notifications.deliveries.store import DeliveryFilter, LoggedDelivery
from services.notifications.sending.sender import Dependencies, Sender
from services.notifications.subscriptions.commands import put_subscription
from services.notifications.subscriptions.rules import Bounds, Channel, Subscription
from shared.clock import Clock
from shared.http.limits import Rate
from shared.mail.composing import Composer
from shared.postgres.database import Database
from tests.notifications.factories import MADE_AT, subscription
from tests.notifications.receiver import Receiver
from tests.notifications.steps import until_somebody_waits_for_a_lock

OOPS = b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n"
SIGNER = Signer(b"k" * 32)
SALT = b"salt"
TEXTS = letters.load_texts()
WAIT_SECONDS = 60.0


@asynccontextmanager
async def sending(
    database: Database,
    *,
    smtp_port: int = 1,
    later: timedelta = timedelta(0),
    places: int = 4,
    mailbox_burst: int = 200,
    timeout_seconds: float = 2,
    name_servers: Sequence[str] = (),
) -> AsyncIterator[None]:
    """Run a sender while the block runs.

    Args:
        later: how far its clock is ahead, instead of waiting for the next try.
    """
    mail = MailSettings(port=smtp_port, timeout_seconds=2)
    parts = Dependencies(
        database=database,
        clock=Clock(MADE_AT - datetime.now(UTC)),
        true_clock=Clock(later),
        by="test",
        places=dict.fromkeys(Channel, places),
        composer=Composer(mail, "https://saman.example"),
        mail=mail,
        texts=TEXTS,
        mailbox_rate=Rate(per_minute=1, burst=mailbox_burst),
        caller=Caller(
            allow_private=True, timeout_seconds=timeout_seconds, name_servers=name_servers
        ),
        signer=SIGNER,
    )
    running = asyncio.create_task(Sender(parts).run())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await parts.caller.close()


async def subscribe(database: Database, wanted: Subscription) -> None:
    async with database.transaction() as conn:
        await put_subscription(
            conn,
            wanted,
            new_salt=SALT,
            bounds=Bounds(allow_private_webhooks=True),
            now=MADE_AT,
            true_now=datetime.now(UTC),
        )


def hook(receiver: Receiver, **changes: Any) -> Subscription:
    return subscription(channel=Channel.WEBHOOK, address=receiver.url, **changes)


async def tell(database: Database, *events: ToldOf) -> None:
    async with database.transaction() as conn:
        await commands.tell(conn, events, true_now=datetime.now(UTC))


async def log(database: Database, subscription_id: str | None = None) -> list[LoggedDelivery]:
    async with database.connection() as conn:
        return await store.list_deliveries(
            conn, DeliveryFilter(subscription_id), before=2**62, count=1_000
        )


async def until(found: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not await found():  # noqa: ASYNC110 - the database has nothing to wait on
            await asyncio.sleep(0.01)


async def until_log(database: Database, *wanted: tuple[str, int]) -> list[LoggedDelivery]:
    """Wait until the log holds these states and attempts, in any order."""

    async def found() -> bool:
        return sorted((d.state, d.attempts) for d in await log(database)) == sorted(wanted)

    try:
        await until(found)
    except TimeoutError:
        raise AssertionError(f"waited for {wanted}, the log holds {await log(database)}") from None
    return await log(database)


async def end_the_session_that_asks_for_work(database: Database) -> None:
    waiting = (
        "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with database.transaction() as conn:
        await conn.execute("LOCK TABLE sending")
        await until_somebody_waits_for_a_lock(database)
        assert await conn.fetchval(f"SELECT count(pg_terminate_backend(pid)) {waiting}") >= 1
