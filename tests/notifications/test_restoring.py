"""After a restore: what has arrived is taken from the log, so that nobody is told of it again."""

from datetime import timedelta

from services.notifications import restoring
from services.notifications.channels.rules import Taken
from services.notifications.deliveries.commands import ToldOf
from services.notifications.sending import commands as sending_commands
from shared.events.notifications import NotificationDelivered
from shared.postgres.database import Database
from tests.conftest import MakeDatabase
from tests.notifications.factories import MADE_AT, report_due, subscription, target_reached
from tests.notifications.steps import NOW, due, log, put, take, tell
from tests.support.logs import log_of


async def deliver(database: Database) -> list[NotificationDelivered]:
    """Let everything that is owed arrive; return what was told of it."""
    (lease,) = await take(database)
    async with database.transaction() as conn:
        for delivery in await due(conn, lease):
            await sending_commands.record_try(
                conn, lease, [delivery], Taken(), now=MADE_AT, true_now=NOW
            )
        rows = await conn.fetch("SELECT event_id, payload FROM outbox ORDER BY id")
    return [
        NotificationDelivered.from_wire(str(r["event_id"]), MADE_AT.isoformat(), r["payload"])
        for r in rows
    ]


async def test_nobody_is_told_again_of_what_the_log_says_has_arrived(
    database: Database, make_database: MakeDatabase
) -> None:
    told: list[ToldOf] = [target_reached(), report_due()]
    forgetful, unsent = await make_database("notifications"), await make_database("notifications")
    for one in (database, forgetful, unsent):
        await put(one, subscription(subscription_id="vefsn-hr"))
    await tell(database, *told)
    await tell(unsent, *told)
    delivered = await deliver(database)
    in_log = log_of(*told, *delivered)

    for one in (forgetful, unsent):
        async with one.transaction() as conn:
            unknown = await restoring.unknown(conn, delivered)
            assert unknown == delivered
            await restoring.adopt(conn, unknown, in_log)
            assert await restoring.unknown(conn, delivered) == []
        await tell(one, *told)

        assert await take(one, at=NOW + timedelta(days=1)) == [] or await _owed(one) == []
        assert sorted((each.delivery_id, each.state) for each in await log(one)) == sorted(
            (each.delivery_id, each.state) for each in await log(database)
        )


async def _owed(database: Database) -> list[object]:
    return [each for each in await log(database) if each.state == "waiting"]


async def test_what_the_log_lost_of_deliveries_is_told_again_as_it_was(database: Database) -> None:
    await put(database, subscription())
    await tell(database, target_reached(), report_due())
    first, second = await deliver(database)
    async with database.connection() as conn:
        await conn.execute(
            "UPDATE delivery SET ended_at = now()"
        )  # the topic holds them for 90 days only
        again = await restoring.untold(conn, log_of(first))
        assert await restoring.untold(conn, log_of(first, second)) == []

    assert [(event.event_id, event.payload()) for event in again] == [
        (second.event_id, second.payload())
    ]


async def test_a_subscription_that_is_gone_is_not_made_up(
    database: Database, make_database: MakeDatabase
) -> None:
    await put(database, subscription())
    await tell(database, target_reached())
    delivered = await deliver(database)
    empty = await make_database("notifications")
    async with empty.connection() as conn:
        assert await restoring.unknown(conn, delivered) == []
