"""Digests, sent by the running sender to a real mail server."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.local.mail_catcher import MailCatcher
from services.notifications.subscriptions.rules import Rhythm
from shared.postgres.database import Database
from tests.notifications import factories
from tests.notifications.factories import subscription
from tests.notifications.sending.running import log, sending, subscribe, tell, until_log
from tests.notifications.steps import hear_all


def until_next(rhythm: Rhythm) -> timedelta:
    """How long it is to the next digest, and a second more."""
    now = datetime.now(UTC)
    return subscription(rhythm=rhythm).next_time(now) - now + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("rhythm", "subject"),
    [(Rhythm.DAILY, "I dag i Saman: 3 nyheter"), (Rhythm.WEEKLY, "Uken i Saman: 3 nyheter")],
)
async def test_all_that_happened_comes_in_one_mail_at_its_hour_and_in_no_second_one(
    database: Database, tmp_path: Path, rhythm: Rhythm, subject: str
) -> None:
    await hear_all(database)
    await subscribe(database, subscription(rhythm=rhythm))
    await tell(database, factories.target_reached(), factories.report_due())
    await tell(database, factories.target_lost())
    now = datetime.now(UTC)
    waits = [delivery.next_try_at for delivery in await log(database)]
    assert all(wait is not None and wait > now for wait in waits)
    async with MailCatcher("127.0.0.1", 0, tmp_path).running() as catcher:
        later = until_next(rhythm)
        async with sending(database, smtp_port=catcher.smtp_port, later=later):
            await until_log(database, *[("delivered", 1)] * 3)
        (mail,) = catcher.mailbox.list_()
    assert mail.header("Subject") == subject
    text = (mail.part("plain") or "").replace("\u00a0", " ")
    for said in ("Vefsn nådde målet", "Vefsn er ikke lenger i mål", "Årsrapport for 2012"):
        assert said in text


async def test_a_digest_that_was_not_taken_is_tried_again_as_a_whole_under_the_same_id(
    database: Database, tmp_path: Path
) -> None:
    await subscribe(database, subscription(rhythm=Rhythm.DAILY))
    await tell(database, *(factories.target_reached() for _ in range(4)))
    later = until_next(Rhythm.DAILY)
    async with sending(database, smtp_port=1, later=later):
        logged = await until_log(database, *[("waiting", 1)] * 4)
    assert len({delivery.next_try_at for delivery in logged}) == 1
    async with MailCatcher("127.0.0.1", 0, tmp_path).running() as catcher:
        async with sending(
            database, smtp_port=catcher.smtp_port, later=later + timedelta(minutes=1)
        ):
            await until_log(database, *[("delivered", 2)] * 4)
        (mail,) = catcher.mailbox.list_()
    assert "4 nyheter" in mail.header("Subject")
