"""What a try to deliver changes, and who works on what, on the real database."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from annotated_types import Le
from pydantic_settings import BaseSettings

from services.notifications.app import Settings
from services.notifications.channels.mail import MailSettings
from services.notifications.channels.rules import (
    SUSPEND_AFTER,
    Health,
    Never,
    NotNow,
    Taken,
    Unwanted,
)
from services.notifications.deliveries import commands as deliveries_commands
from services.notifications.sending import commands as sending_commands
from services.notifications.sending.rules import LEASE, SLICE_SECONDS
from services.notifications.subscriptions import store as subscriptions
from services.notifications.subscriptions.rules import Channel, Salts
from shared.mail.handing_in import LEAVE_SECONDS
from shared.postgres.database import Database
from tests.notifications import factories
from tests.notifications.factories import MADE_AT, subscription
from tests.notifications.steps import (
    BY,
    NOW,
    WEBHOOK,
    count,
    due,
    log,
    put,
    renew,
    take,
    tell,
    until_somebody_waits_for_a_lock,
)


async def test_a_subscription_is_worked_on_by_one_sender_at_a_time(database: Database) -> None:
    await put(database, subscription())
    await tell(database, factories.target_reached())
    assert len(await take(database)) == 1
    assert await take(database) == []
    assert await take(database, Channel.WEBHOOK) == []
    assert len(await take(database, at=NOW + LEASE)) == 1


@pytest.mark.parametrize(
    ("channel", "settings", "field", "more"),
    [
        (Channel.MAIL, MailSettings, "timeout_seconds", LEAVE_SECONDS),
        (Channel.WEBHOOK, Settings, "webhook_timeout_seconds", 0.0),
    ],
)
async def test_nobody_else_takes_a_subscription_as_long_as_the_longest_try_may_last(
    database: Database, channel: Channel, settings: type[BaseSettings], field: str, more: float
) -> None:
    (longest,) = [
        float(str(bound.le))
        for bound in settings.model_fields[field].metadata
        if isinstance(bound, Le)
    ]
    await put(database, subscription(**(WEBHOOK if channel is Channel.WEBHOOK else {})))
    await tell(database, factories.target_reached())
    assert len(await take(database, channel)) == 1
    assert (
        await take(database, channel, at=NOW + timedelta(seconds=SLICE_SECONDS + longest + more))
        == []
    )


async def test_a_try_that_succeeds_ends_the_delivery_and_is_published(database: Database) -> None:
    await put(database, subscription(subscription_id="vefsn-hr"))
    event = factories.target_reached()
    await tell(database, event)
    (lease,) = await take(database)
    async with database.transaction() as conn:
        (delivery,) = await due(conn, lease)
        await sending_commands.record_try(
            conn, lease, [delivery], Taken(), now=MADE_AT, true_now=NOW
        )
        await sending_commands.give_back(conn, lease, by=BY)
    (logged,) = await log(database)
    assert (logged.state, logged.attempts, logged.last_error, logged.ended_at) == (
        "delivered",
        1,
        None,
        NOW,
    )
    async with database.connection() as conn:
        row = await conn.fetchrow(
            "SELECT topic, key, convert_from(payload, 'UTF8') AS payload FROM outbox"
        )
    assert (row["topic"], row["key"]) == ("notifications.delivery.v1", str(delivery.delivery_id))
    assert str(event.event_id) in row["payload"]
    assert "@" not in row["payload"]
    assert await take(database, at=NOW + timedelta(days=30)) == []


async def test_a_try_that_fails_for_now_wakes_the_subscription_when_the_next_is_due(
    database: Database,
) -> None:
    await put(database, subscription())
    await tell(database, factories.target_reached())
    (lease,) = await take(database)
    async with database.transaction() as conn:
        (delivery,) = await due(conn, lease)
        await sending_commands.record_try(
            conn, lease, [delivery], NotNow("no answer"), now=MADE_AT, true_now=NOW
        )
        await sending_commands.give_back(conn, lease, by=BY)
    (logged,) = await log(database)
    assert (logged.state, logged.attempts, logged.last_error) == ("waiting", 1, "no answer")
    assert await take(database, at=NOW + timedelta(seconds=4)) == []
    assert len(await take(database, at=NOW + timedelta(seconds=6))) == 1
    assert await count(database, "outbox") == 0


async def test_a_result_that_comes_twice_counts_once(database: Database) -> None:
    await put(database, subscription())
    await tell(database, factories.target_reached())
    (lease,) = await take(database)
    async with database.transaction() as conn:
        (delivery,) = await due(conn, lease)
        await sending_commands.record_try(
            conn, lease, [delivery], Taken(), now=MADE_AT, true_now=NOW
        )
        await sending_commands.record_try(
            conn, lease, [delivery], Never("550"), now=MADE_AT, true_now=NOW
        )
    assert [d.state for d in await log(database)] == ["delivered"]
    assert await count(database, "outbox") == 1


async def test_what_comes_in_while_a_sender_finishes_is_not_slept_on(database: Database) -> None:
    await put(database, subscription())
    await tell(database, factories.target_reached())
    (lease,) = await take(database)
    async with database.transaction() as conn:
        (delivery,) = await due(conn, lease)
        await sending_commands.record_try(
            conn, lease, [delivery], Taken(), now=MADE_AT, true_now=NOW
        )
    await tell(database, factories.target_lost())
    async with database.transaction() as conn:
        await sending_commands.give_back(conn, lease, by=BY)
    assert len(await take(database)) == 1


async def test_a_sender_that_finishes_waits_for_what_is_just_coming_in(database: Database) -> None:
    await put(database, subscription())
    await tell(database, factories.target_reached())
    (lease,) = await take(database)
    async with database.transaction() as conn:
        (delivery,) = await due(conn, lease)
        await sending_commands.record_try(
            conn, lease, [delivery], Taken(), now=MADE_AT, true_now=NOW
        )

    async def give_back() -> None:
        async with database.transaction() as conn:
            await sending_commands.give_back(conn, lease, by=BY)

    async with database.transaction() as conn:
        await deliveries_commands.tell(conn, [factories.target_lost()], true_now=NOW)
        giving_back = asyncio.create_task(give_back())
        await until_somebody_waits_for_a_lock(database)
    await giving_back

    assert len(await take(database)) == 1


async def test_a_receiver_that_wants_no_more_is_switched_off_and_nothing_waits_for_it(
    database: Database,
) -> None:
    wanted = subscription(**WEBHOOK)
    await put(database, wanted)
    await tell(database, *(factories.target_reached() for _ in range(3)))
    (lease,) = await take(database, Channel.WEBHOOK)
    async with database.transaction() as conn:
        first = (await due(conn, lease))[0]
        lease = await sending_commands.record_try(
            conn, lease, [first], Unwanted("410 Gone"), now=MADE_AT, true_now=NOW
        )
        assert not lease.active
        assert await due(conn, lease) == []
        assert await sending_commands.give_up(conn, lease, now=MADE_AT, true_now=NOW) == 2
        await sending_commands.give_back(conn, lease, by=BY)
        kept = await subscriptions.get_subscription(conn, wanted.subscription_id)
    assert (kept.subscription.active, kept.stopped_because) == (False, "410 Gone")
    assert {(d.state, d.last_error) for d in await log(database)} == {("failed", "410 Gone")}
    assert await count(database, "outbox") == 3
    assert await tell(database, factories.target_lost()) == 0


async def test_an_address_that_failed_for_five_days_is_switched_off(database: Database) -> None:
    await put(database, subscription(**WEBHOOK))
    await tell(database, factories.target_reached())
    for days, active in ((0, True), (4, True), (5, False)):
        at = NOW + timedelta(days=days)
        (lease,) = await take(database, Channel.WEBHOOK, at=at)
        async with database.transaction() as conn:
            (delivery,) = await due(conn, lease, at=at)
            lease = await sending_commands.record_try(
                conn, lease, [delivery], NotNow("hangs"), now=MADE_AT, true_now=at
            )
            await sending_commands.give_back(conn, lease, by=BY)
        assert lease.active is active


async def test_switched_off_by_its_owner_what_waits_is_given_up(database: Database) -> None:
    wanted = subscription()
    await put(database, wanted)
    await tell(database, factories.target_reached())
    await put(database, replace(wanted, active=False))
    (lease,) = await take(database)
    async with database.transaction() as conn:
        assert await due(conn, lease) == []
        assert await sending_commands.give_up(conn, lease, now=MADE_AT, true_now=NOW) == 1
    assert [(d.state, d.last_error) for d in await log(database)] == [
        ("failed", sending_commands.SWITCHED_OFF)
    ]


async def test_a_changed_address_is_tried_at_once(database: Database) -> None:
    wanted = subscription(**WEBHOOK)
    await put(database, wanted)
    await tell(database, factories.target_reached())
    (lease,) = await take(database, Channel.WEBHOOK)
    async with database.transaction() as conn:
        (delivery,) = await due(conn, lease)
        slow = NotNow("429", retry_after_seconds=3_600)
        await sending_commands.record_try(conn, lease, [delivery], slow, now=MADE_AT, true_now=NOW)
        await sending_commands.give_back(conn, lease, by=BY)
    assert await tell(database, factories.target_lost()) == 1
    assert await take(database, Channel.WEBHOOK, at=NOW + timedelta(minutes=59)) == []
    await put(database, replace(wanted, address="https://hooks.example.org/new"))
    (lease,) = await take(database, Channel.WEBHOOK)
    assert lease.address == "https://hooks.example.org/new"


@pytest.mark.parametrize("outcome", [Unwanted("410 Gone"), NotNow("hangs")])
async def test_what_the_old_address_answers_says_nothing_of_the_new_one(
    database: Database, outcome: Unwanted | NotNow
) -> None:
    wanted, new = subscription(**WEBHOOK), "https://hooks.example.org/new"
    await put(database, wanted)
    await tell(database, factories.target_reached())
    (lease,) = await take(database, Channel.WEBHOOK)
    async with database.transaction() as conn:
        (first,) = await due(conn, lease)
        await sending_commands.record_try(
            conn, lease, [first], NotNow("hangs"), now=MADE_AT, true_now=NOW
        )
        await sending_commands.give_back(conn, lease, by=BY)
    await tell(database, factories.target_lost())
    at = NOW + SUSPEND_AFTER
    (lease,) = await take(database, Channel.WEBHOOK, at=at)
    async with database.transaction() as conn:
        first, _ = await due(conn, lease, at=at)
    await put(database, replace(wanted, address=new))
    async with database.transaction() as conn:
        assert await due(conn, lease, at=at) == []
        lease = await sending_commands.record_try(
            conn, lease, [first], outcome, now=MADE_AT, true_now=at
        )
        assert (lease.is_outdated, lease.active) == (True, True)
        await sending_commands.give_back(conn, lease, by=BY)
    (lease,) = await take(database, Channel.WEBHOOK, at=at)
    assert (lease.active, lease.address, lease.health) == (True, new, Health())
    tried = {d.delivery_id: (d.attempts, d.last_error) for d in await log(database)}
    assert tried.pop(first.delivery_id) == (first.attempts + 1, outcome.error)
    async with database.connection() as conn:
        assert {d.delivery_id for d in await due(conn, lease, at=at)} == set(tried)


async def test_a_new_secret_signs_from_the_next_try_on(database: Database) -> None:
    wanted = subscription(**WEBHOOK)
    await put(database, wanted)
    await tell(database, factories.target_reached())
    (lease,) = await take(database, Channel.WEBHOOK)
    await renew(database, wanted.subscription_id, b"other")
    async with database.transaction() as conn:
        assert await due(conn, lease) == []
        await sending_commands.give_back(conn, lease, by=BY)
    (lease,) = await take(database, Channel.WEBHOOK)
    assert lease.salts == Salts(b"other")


async def test_a_new_secret_does_not_switch_on_what_is_just_being_switched_off(
    database: Database,
) -> None:
    wanted = subscription(**WEBHOOK)
    await put(database, wanted)
    await tell(database, factories.target_reached())
    (lease,) = await take(database, Channel.WEBHOOK)

    async with database.transaction() as conn:
        (delivery,) = await due(conn, lease)
        await sending_commands.record_try(
            conn, lease, [delivery], Unwanted("410 Gone"), now=MADE_AT, true_now=NOW
        )
        renewing = asyncio.create_task(renew(database, wanted.subscription_id, b"other"))
        await until_somebody_waits_for_a_lock(database)
    await renewing
    async with database.connection() as conn:
        kept = await subscriptions.get_subscription(conn, wanted.subscription_id)
    assert (kept.subscription.active, kept.version) == (False, 3)


async def test_switched_on_again_nothing_more_is_given_up(database: Database) -> None:
    wanted = subscription()
    await put(database, wanted)
    await tell(database, factories.target_reached())
    await put(database, replace(wanted, active=False))
    (lease,) = await take(database)
    await put(database, wanted, now=factories.LATER)
    assert await tell(database, factories.target_lost()) == 1
    async with database.transaction() as conn:
        assert await sending_commands.give_up(conn, lease, now=MADE_AT, true_now=NOW) == 0
        await sending_commands.give_back(conn, lease, by=BY)
    (lease,) = await take(database)
    async with database.connection() as conn:
        assert len(await due(conn, lease)) == 2


async def test_switching_on_again_waits_for_what_is_just_being_given_up(database: Database) -> None:
    wanted = subscription()
    await put(database, wanted)
    await tell(database, factories.target_reached())
    await put(database, replace(wanted, active=False))
    (lease,) = await take(database)
    async with database.transaction() as conn:
        assert await sending_commands.give_up(conn, lease, now=MADE_AT, true_now=NOW) == 1
        switching_on = asyncio.create_task(put(database, wanted))
        await until_somebody_waits_for_a_lock(database)
    assert (await switching_on).kept.subscription.active
