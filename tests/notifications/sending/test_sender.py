"""The sender against real mail servers and real receivers, on the real database."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from deploy.local.mail_catcher import MailCatcher
from services.notifications.deliveries.commands import tell as owe
from services.notifications.heard.commands import hear_municipalities
from services.notifications.sending import commands, sender
from services.notifications.subscriptions import store as subscriptions
from services.notifications.subscriptions.rules import Channel, Language
from shared.postgres.database import Database
from tests.notifications import factories
from tests.notifications.factories import subscription
from tests.notifications.receiver import OK, Call, receiving
from tests.notifications.sending.running import (
    OOPS,
    SALT,
    SIGNER,
    end_the_session_that_asks_for_work,
    hook,
    log,
    sending,
    subscribe,
    tell,
    until,
    until_log,
)
from tests.notifications.steps import hear_all, until_somebody_waits_for_a_lock

GONE = b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.NB, "Vefsn nådde målet: 6,9 % hittil i år (Sykefravær)"),
        (Language.NN, "Vefsn nådde målet: 6,9 % hittil i år (Sjukefråvær)"),
        (Language.EN, "Vefsn reached its target: 6.9% so far this year (Sickness absence)"),
    ],
)
async def test_a_milestone_comes_as_mail_in_the_subscribers_language(
    database: Database, tmp_path: Path, language: Language, said: str
) -> None:
    await subscribe(database, subscription(language=language))
    await hear_all(database)
    await tell(database, factories.target_reached())
    async with MailCatcher("127.0.0.1", 0, tmp_path).running() as catcher:
        async with sending(database, smtp_port=catcher.smtp_port):
            await until_log(database, ("delivered", 1))
        (mail,) = catcher.mailbox.list_()
    assert mail.header("Subject") == said


@pytest.mark.parametrize(
    ("on", "name"), [(date(2013, 5, 1), "Vaapste"), (date(2013, 5, 2), "Vefsn")]
)
async def test_a_mail_calls_a_municipality_by_the_name_of_today(
    database: Database, tmp_path: Path, on: date, name: str
) -> None:
    await subscribe(database, subscription())
    async with database.transaction() as conn:
        versions = factories.renamed("Vaapste", on=on)
        await hear_municipalities(conn, [factories.municipality(versions=versions)])
    await tell(database, factories.target_reached())
    async with MailCatcher("127.0.0.1", 0, tmp_path).running() as catcher:
        async with sending(database, smtp_port=catcher.smtp_port):
            await until_log(database, ("delivered", 1))
        (mail,) = catcher.mailbox.list_()
    assert (mail.header("Subject") or "").startswith(f"{name} nådde målet")


async def test_a_mailbox_is_not_flooded_and_what_waits_comes_later(
    database: Database, tmp_path: Path
) -> None:
    for address in ("hr@vefsn.example", "HR@vefsn.example"):
        await subscribe(database, subscription(address=address))
    await subscribe(database, subscription(address="leiing@vefsn.example"))
    await tell(database, factories.target_reached(), factories.target_lost())
    async with MailCatcher("127.0.0.1", 0, tmp_path).running() as catcher:
        async with sending(database, smtp_port=catcher.smtp_port, mailbox_burst=2):

            async def is_full() -> bool:
                logged = await log(database)
                waiting = [each for each in logged if each.state == "waiting" and each.last_error]
                return bool(waiting) and sum(each.state == "delivered" for each in logged) == 4

            await until(is_full)
            logged = await log(database)
        received = sorted(mail.recipients[0].lower() for mail in catcher.mailbox.list_())
    assert received == ["hr@vefsn.example"] * 2 + ["leiing@vefsn.example"] * 2
    assert {each.attempts for each in logged if each.state == "waiting"} == {0}
    assert {each.last_error for each in logged if each.state == "waiting"} <= {
        None,
        "the mailbox got as much as one may get for now",
    }


async def test_a_metric_comes_as_a_signed_webhook(database: Database) -> None:
    event = factories.metric_updated()
    async with receiving() as receiver:
        await subscribe(database, hook(receiver, subscription_id="vefsn-hook"))
        await tell(database, event)
        async with sending(database):
            (logged,) = await until_log(database, ("delivered", 1))
    (call,) = receiver.calls
    content = call.verified(SIGNER.secret("vefsn-hook", SALT))
    assert isinstance(content, dict)
    assert content["data"]["windows"]["month"]["value"] == "6.90"
    assert call.headers["webhook-id"] == str(logged.delivery_id)


async def test_every_try_has_the_same_id_and_the_same_body_and_one_that_is_taken_is_the_last(
    database: Database,
) -> None:
    answers = iter([OOPS, None, OK])
    async with receiving(lambda _: next(answers)) as receiver:
        await subscribe(database, hook(receiver))
        await tell(database, factories.target_reached())
        for later, state in (
            (timedelta(0), ("waiting", 1)),
            (timedelta(seconds=6), ("waiting", 2)),
            (timedelta(minutes=7), ("delivered", 3)),
        ):
            async with sending(database, later=later):
                await until_log(database, state)
    assert len(receiver.calls) == 3
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 1
    assert len({call.body for call in receiver.calls}) == 1
    assert len({call.headers["webhook-timestamp"] for call in receiver.calls}) > 1


async def test_a_mail_server_that_was_away_gets_the_mail_later(
    database: Database, tmp_path: Path
) -> None:
    await subscribe(database, subscription())
    await tell(database, factories.report_due())
    async with sending(database, smtp_port=1):
        await until_log(database, ("waiting", 1))
    async with MailCatcher("127.0.0.1", 0, tmp_path).running() as catcher:
        async with sending(database, smtp_port=catcher.smtp_port, later=timedelta(seconds=6)):
            await until_log(database, ("delivered", 2))
        assert len(catcher.mailbox.list_()) == 1


async def test_410_ends_the_subscription_and_everything_that_waits_for_it(
    database: Database,
) -> None:
    async with receiving(GONE) as receiver:
        wanted = hook(receiver)
        await subscribe(database, wanted)
        await tell(database, *(factories.target_reached() for _ in range(3)))
        async with sending(database):
            await until_log(database, ("failed", 1), ("failed", 0), ("failed", 0))
    assert len(receiver.calls) == 1
    async with database.connection() as conn:
        kept = await subscriptions.get_subscription(conn, wanted.subscription_id)
    assert not kept.subscription.active
    assert kept.stopped_because is not None


async def test_a_receiver_that_hangs_holds_up_nobody_else(database: Database) -> None:
    async with receiving(lambda _: ...) as hanging, receiving() as healthy:
        await subscribe(database, hook(hanging))
        await subscribe(database, hook(healthy, subscription_id="healthy"))
        await tell(database, *(factories.target_reached() for _ in range(20)))
        async with sending(database, places=2):
            calls = await healthy.wait_for(20)
            assert len(calls) == 20
            assert len(hanging.calls) < 20
        assert hanging.open_count_max == 1


async def test_as_soon_as_the_address_is_changed_nothing_more_goes_to_the_old_one(
    database: Database,
) -> None:
    async with receiving(lambda _: ...) as old, receiving() as new:
        wanted = hook(old)
        await subscribe(database, wanted)
        await tell(database, *(factories.target_reached() for _ in range(3)))
        async with sending(database):
            await old.wait_for(1)
            await subscribe(database, replace(wanted, address=new.url))
            await until_log(database, ("waiting", 1), ("delivered", 1), ("delivered", 1))
    assert (len(old.calls), len(new.calls)) == (1, 2)


async def test_an_address_that_keeps_failing_gets_a_rest_and_then_everything(
    database: Database,
) -> None:
    is_well = False

    def answer(_: Call) -> bytes:
        return OK if is_well else OOPS

    async with receiving(answer) as receiver:
        await subscribe(database, hook(receiver))
        await tell(database, *(factories.target_reached() for _ in range(8)))
        async with sending(database):
            await until_log(database, *[("waiting", 1)] * 5, *[("waiting", 0)] * 3)
        is_well = True
        async with sending(database, later=timedelta(seconds=70)):
            await until_log(database, *[("delivered", 2)] * 5, *[("delivered", 1)] * 3)


async def test_what_an_earlier_run_had_taken_is_taken_up_at_once(database: Database) -> None:
    async with receiving() as receiver:
        await subscribe(database, hook(receiver))
        await tell(database, factories.target_reached())
        async with database.connection() as conn:
            await commands.take_work(
                conn, Channel.WEBHOOK, by="test", places=9, at_work=[], true_now=datetime.now(UTC)
            )
        async with sending(database):
            await until_log(database, ("delivered", 1))


async def test_a_database_that_does_not_answer_once_cuts_off_no_try(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "STOP_SECONDS", 0.1)
    async with receiving(lambda _: ...) as receiver:
        await subscribe(database, hook(receiver))
        await tell(database, factories.target_reached())
        async with sending(database):
            await receiver.wait_for(1)
            await end_the_session_that_asks_for_work(database)
            await until_log(database, ("waiting", 1))
    assert len(receiver.calls) == 1


async def test_what_was_taken_in_a_session_that_ended_is_taken_up_soon(database: Database) -> None:
    async def has_looked() -> bool:
        async with database.connection() as conn:
            return bool(await conn.fetchval("SELECT wake_at IS NULL FROM sending"))

    now = datetime.now(UTC)
    async with receiving() as receiver:
        await subscribe(database, hook(receiver))
        async with sending(database):
            await until(has_looked)
            async with database.transaction() as conn:
                await owe(conn, [factories.target_reached()], true_now=now)
                assert (
                    len(
                        await commands.take_work(
                            conn, Channel.WEBHOOK, by="test", places=1, at_work=[], true_now=now
                        )
                    )
                    == 1
                )
            await end_the_session_that_asks_for_work(database)
            await until_log(database, ("delivered", 1))


async def test_a_try_that_is_cut_off_has_ended_before_the_sender_has(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "STOP_SECONDS", 0.1)
    async with receiving(lambda _: ...) as receiver, database.transaction() as conn:
        await subscribe(database, hook(receiver, subscription_id="hook"))
        await tell(database, factories.target_reached())
        async with sending(database):
            await receiver.wait_for(1)
            await subscriptions.lock_sending(conn, ["hook"])
            await until_somebody_waits_for_a_lock(database)
        assert [
            task for task in asyncio.all_tasks() if task.get_name() == "notifications hook"
        ] == []


async def test_two_senders_send_everything_once(database: Database) -> None:
    async with receiving() as receiver:
        for number in range(5):
            await subscribe(database, hook(receiver, subscription_id=f"hook-{number}"))
        async with sending(database, places=2), sending(database, places=2):
            for _ in range(10):
                await tell(database, factories.target_reached(), factories.target_lost())
            await until_log(database, *[("delivered", 1)] * 100)
    assert (
        len({call.headers["webhook-id"] for call in receiver.calls}) == len(receiver.calls) == 100
    )


async def test_an_event_that_cannot_be_put_into_words_is_tried_again_and_harms_no_other(
    database: Database, tmp_path: Path
) -> None:
    await subscribe(database, subscription())
    unreadable = factories.target_reached().model_copy(update={"window": "fortnight"})
    await tell(database, unreadable, factories.report_due())
    async with MailCatcher("127.0.0.1", 0, tmp_path).running() as catcher:
        async with sending(database, smtp_port=catcher.smtp_port):
            logged = await until_log(database, ("waiting", 1), ("delivered", 1))
        assert len(catcher.mailbox.list_()) == 1
    assert {d.last_error for d in logged} == {
        None,
        "the notification could not be written: ValidationError",
    }
