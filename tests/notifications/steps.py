"""What tests of the commands do again and again, on the real database."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from services.notifications.deliveries import commands as deliveries_commands
from services.notifications.deliveries import store as deliveries
from services.notifications.deliveries.commands import ToldOf
from services.notifications.deliveries.store import DeliveryFilter, LoggedDelivery
from services.notifications.heard import commands as heard_commands
from services.notifications.sending import commands as sending_commands
from services.notifications.sending import store as sending
from services.notifications.subscriptions import commands as subscriptions_commands
from services.notifications.subscriptions.commands import PutSubscription
from services.notifications.subscriptions.rules import Bounds, Channel, Subscription
from services.notifications.subscriptions.store import KeptSubscription
from shared.postgres.database import Connection, Database
from tests.notifications import factories
from tests.notifications.factories import MADE_AT
from tests.support.waiting import WAIT_SECONDS

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BY = "test"
WEBHOOK = {"channel": Channel.WEBHOOK, "address": "https://hooks.example.org/x"}


async def put(database: Database, wanted: Subscription, **changes: Any) -> PutSubscription:
    arguments: dict[str, Any] = {
        "new_salt": b"salt",
        "bounds": Bounds(),
        "now": MADE_AT,
        "true_now": NOW,
        **changes,
    }
    async with database.transaction() as conn:
        return await subscriptions_commands.put_subscription(conn, wanted, **arguments)


async def renew(
    database: Database, subscription_id: str, salt: bytes, *, overlap_hours: int = 0
) -> KeptSubscription:
    async with database.transaction() as conn:
        return await subscriptions_commands.renew_secret(
            conn,
            subscription_id,
            new_salt=salt,
            overlap=timedelta(hours=overlap_hours),
            true_now=NOW,
        )


async def tell(database: Database, *events: ToldOf) -> int:
    async with database.transaction() as conn:
        return await deliveries_commands.tell(conn, events, true_now=NOW)


async def log(database: Database) -> list[LoggedDelivery]:
    async with database.connection() as conn:
        return await deliveries.list_deliveries(conn, DeliveryFilter(), before=2**62, count=1_000)


async def count(database: Database, table: str) -> int:
    async with database.connection() as conn:
        return int(await conn.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608 - a name out of this file


async def take(
    database: Database, channel: Channel = Channel.MAIL, *, at: datetime = NOW
) -> list[sending.Lease]:
    async with database.connection() as conn:
        return await sending_commands.take_work(
            conn, channel, by=BY, places=40, at_work=[], true_now=at
        )


async def due(
    conn: Connection, lease: sending.Lease, *, at: datetime = NOW
) -> list[sending.DueDelivery]:
    return await sending.list_due(conn, lease.subscription_id, lease.version, now=at, count=100)


async def hear_all(database: Database) -> None:
    async with database.transaction() as conn:
        await heard_commands.hear_projects(conn, [factories.project()])
        await heard_commands.hear_municipalities(conn, [factories.municipality()])
        await heard_commands.hear_programmes(conn, [factories.programme()])
        await heard_commands.hear_metrics(conn, [factories.metric_defined()])


async def until_somebody_waits_for_a_lock(database: Database) -> None:
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND"
        " wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(WAIT_SECONDS), database.connection() as conn:
        while await conn.fetchval(waiting) == 0:  # noqa: ASYNC110 - the database has nothing to wait on
            await asyncio.sleep(0)
