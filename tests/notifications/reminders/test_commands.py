"""Planning and sending reminders, on the real database and a real mail server."""

import asyncio
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from deploy.local.mail_catcher import CaughtMail, MailCatcher
from services.notifications.channels.mail import MailSettings
from services.notifications.deliveries import letters
from services.notifications.heard.commands import hear_people, hear_programmes, hear_projects
from services.notifications.mails import postman
from services.notifications.mails import store as mails
from services.notifications.mails.postman import Postman
from services.notifications.reminders import commands, store
from services.notifications.reminders.commands import KIND
from services.notifications.reminders.letters import ReminderWriter
from services.notifications.reminders.store import SentReminder
from shared.clock import Clock
from shared.events.registry import PersonChanged, PersonErased, PersonRegistered
from shared.events.reporting import ReportEvent, RoundOpened
from shared.http.limits import Rate
from shared.mail.composing import Composer
from shared.postgres.database import Database
from tests.notifications import factories

MANAGER, OWNER, OFFICE = (UUID(int=number) for number in (1, 2, 3))
ROLES = {MANAGER: "project-manager", OWNER: "project-owner", OFFICE: "secretariat"}
MORNING = datetime(2013, 1, 18, 7, 30, tzinfo=UTC)
"""Half past eight in Oslo, two weeks before the reports are due."""


def person(person_id: UUID, **changes: Any) -> PersonRegistered:
    scope: dict[str, Any] = {"programme": "saman-2011"}
    if ROLES[person_id] != "secretariat":
        scope["project"] = "vefsn-naervaer"
    content: dict[str, Any] = {
        "person_id": person_id,
        "version": 1,
        "display_name": "Kari",
        "email": f"{ROLES[person_id]}@vefsn.example",
        "language": "nb",
        "roles": [{"role": ROLES[person_id], "scope": scope}],
        "sessions_valid_from": MORNING,
    }
    return PersonRegistered.model_validate({**content, **changes})


def report_due(**changes: Any) -> ReportEvent:
    content = {"opens_on": date(2013, 1, 2), "due_on": date(2013, 2, 1), "occurred_at": MORNING}
    return factories.report_due(**{**content, **changes})


async def hear(database: Database, *events: ReportEvent) -> None:
    async with database.transaction() as conn:
        await commands.hear_reports(conn, events)


async def everybody(database: Database) -> None:
    async with database.transaction() as conn:
        await hear_programmes(conn, [factories.programme()])
        await hear_projects(conn, [factories.project()])
        await hear_people(conn, [person(each) for each in ROLES])


async def plan(database: Database, at: datetime) -> int:
    async with database.transaction() as conn:
        return await commands.plan(conn, now=at, send_at=time(8))


async def sent(database: Database, event: ReportEvent) -> list[SentReminder]:
    async with database.connection() as conn:
        return await store.list_sent(conn, event.obligation_id)


def a_postman(database: Database, at: datetime, smtp_port: int, by: str = "test") -> Postman:
    mail = MailSettings(port=smtp_port, timeout_seconds=5, sender="varsel@saman.example")
    clock = Clock(at - datetime.now(UTC))
    return Postman(
        postman.Dependencies(
            database=database,
            clock=clock,
            by=by,
            places=4,
            composer=Composer(mail, "https://saman.example"),
            mail=mail,
            texts=letters.load_texts(),
            mailbox_rate=Rate(per_minute=1, burst=200),
            writers={KIND: ReminderWriter(clock)},
        )
    )


async def days(
    database: Database, catcher: MailCatcher, first: date, last: date
) -> dict[str, list[tuple[date, str]]]:
    """Let days pass, with everything done twice; return day and subject of mails by recipient."""
    mails: dict[str, list[tuple[date, str]]] = {}
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        at = datetime(day.year, day.month, day.day, 7, 30, tzinfo=UTC)
        before = {mail.id for mail in catcher.mailbox.list_()}
        for _ in range(2):
            await plan(database, at)
            while await a_postman(database, at, catcher.smtp_port).send_due():
                pass
        for mail in catcher.mailbox.list_():
            if mail.id not in before:
                mails.setdefault(mail.recipients[0], []).append((day, subject(mail)))
    return mails


def subject(mail: CaughtMail) -> str:
    return (mail.header("Subject") or "").replace("\u00a0", " ")


async def test_a_year_of_days_brings_each_step_once_and_nothing_after_the_report(
    database: Database, tmp_path: Path
) -> None:
    await everybody(database)
    due = report_due()
    same: dict[str, Any] = {"obligation_id": due.obligation_id, "due_on": due.due_on}
    await hear(database, due)
    async with MailCatcher("127.0.0.1", 0, tmp_path).running() as catcher:
        before = await days(database, catcher, date(2013, 1, 2), date(2013, 2, 1))
        overdue = report_due(**same, occurred_at=datetime(2013, 2, 1, 23, tzinfo=UTC))
        await hear(database, overdue, due)
        after = await days(database, catcher, date(2013, 2, 2), date(2013, 2, 9))
        came = datetime(2013, 2, 10, 9, tzinfo=UTC)
        await hear(database, factories.report_submitted(**same, occurred_at=came), overdue)
        late = await days(database, catcher, date(2013, 2, 10), date(2013, 3, 1))
    first = "Frist nærmer seg: Årsrapport for 2012 fra Nærvær i Vefsn"
    last = "Forfalt: Årsrapport for 2012 fra Nærvær i Vefsn"
    assert before == {
        "project-manager@vefsn.example": [(date(2013, 1, 18), first), (date(2013, 1, 29), first)]
    }
    assert after == {
        "project-manager@vefsn.example": [(date(2013, 2, 4), last)],
        "project-owner@vefsn.example": [(date(2013, 2, 4), last), (date(2013, 2, 8), last)],
    }
    assert late == {}


async def test_what_arrives_before_the_mail_goes_is_not_reminded_of(
    database: Database, tmp_path: Path
) -> None:
    await everybody(database)
    due, other = report_due(), report_due(report_kind="half-year")
    await hear(database, due, other)
    assert await plan(database, MORNING) == 2
    came = factories.report_submitted(
        obligation_id=due.obligation_id, occurred_at=MORNING + timedelta(minutes=1)
    )
    await hear(database, came)
    async with MailCatcher("127.0.0.1", 0, tmp_path).running() as catcher:
        while await a_postman(database, MORNING, catcher.smtp_port).send_due():
            pass
        (mail,) = catcher.mailbox.list_()
        assert "half-year" in subject(mail)
        assert "Årsrapport" not in (mail.part("plain") or "")


async def test_a_mail_of_which_everything_has_arrived_is_dropped(database: Database) -> None:
    await everybody(database)
    due = report_due()
    await hear(database, due)
    await plan(database, MORNING)
    came = factories.report_submitted(
        obligation_id=due.obligation_id, occurred_at=MORNING + timedelta(minutes=1)
    )
    await hear(database, came)
    await a_postman(database, MORNING, smtp_port=1).send_due()
    (reminder,) = await sent(database, due)
    assert (reminder.state, reminder.attempts) == ("dropped", 0)


async def test_all_reports_of_a_day_stand_in_one_mail_and_later_ones_wait_for_the_next_day(
    database: Database, tmp_path: Path
) -> None:
    await everybody(database)
    await hear(database, *(report_due(project_id="vefsn-naervaer") for _ in range(20)))
    await plan(database, MORNING)
    async with MailCatcher("127.0.0.1", 0, tmp_path).running() as catcher:
        await a_postman(database, MORNING, catcher.smtp_port).send_due()
        late = report_due()
        await hear(database, late)
        assert await plan(database, MORNING + timedelta(hours=1)) == 1
        await a_postman(database, MORNING + timedelta(hours=2), catcher.smtp_port).send_due()
        assert [subject(mail) for mail in catcher.mailbox.list_()] == [
            "Fristen nærmer seg for 20 rapporter"
        ]
        await a_postman(database, MORNING + timedelta(days=1), catcher.smtp_port).send_due()
        assert len(catcher.mailbox.list_()) == 2
    (reminder,) = await sent(database, late)
    assert (reminder.day, reminder.state) == (date(2013, 1, 19), "delivered")


async def test_nobody_is_reminded_of_what_is_historical(database: Database) -> None:
    await everybody(database)
    await hear(database, report_due(historical=True))
    assert await plan(database, MORNING) == 0


async def test_planning_before_eight_waits_until_eight(database: Database) -> None:
    await everybody(database)
    due = report_due()
    await hear(database, due)
    night = datetime(2013, 1, 18, 0, 1, tzinfo=UTC)
    await plan(database, night)
    assert await a_postman(database, night, smtp_port=1).send_due() == 0
    assert await a_postman(database, night + timedelta(hours=7), smtp_port=1).send_due() == 1


async def test_a_round_may_have_a_ladder_of_its_own(database: Database) -> None:
    await everybody(database)
    due = report_due()
    await hear(database, due)
    step = {"step_id": "a-day-before", "days": -1, "to": ["secretariat"]}
    opened = RoundOpened.model_validate(
        {
            "round_id": due.round_id,
            "version": 1,
            "programme_id": "saman-2011",
            "report_kind": "annual",
            "period": "2012",
            "opens_on": date(2013, 1, 2),
            "due_on": date(2013, 2, 1),
            "reminders": [step],
        }
    )
    older = opened.model_copy(update={"version": 0, "reminders": []})
    async with database.transaction() as conn:
        await commands.hear_rounds(conn, [opened, older])
    assert await plan(database, MORNING) == 0
    assert await plan(database, datetime(2013, 1, 31, 12, tzinfo=UTC)) == 1
    (reminder,) = await sent(database, due)
    assert (reminder.step_id, reminder.person_id) == ("a-day-before", OFFICE)


async def test_who_is_erased_is_written_to_no_more_and_stays_erased(database: Database) -> None:
    await everybody(database)
    due = report_due()
    await hear(database, due)
    await plan(database, MORNING)
    async with database.transaction() as conn:
        await hear_people(conn, [PersonErased(person_id=MANAGER)])
        changed = PersonChanged(**{**person(MANAGER).model_dump(by_alias=True), "version": 9})
        await hear_people(conn, [changed])
    await a_postman(database, MORNING, smtp_port=1).send_due()
    (reminder,) = await sent(database, due)
    assert reminder.state == "dropped"
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM person WHERE email IS NOT NULL") == 2


async def test_a_mail_that_was_not_taken_is_tried_again_under_the_same_id(
    database: Database, tmp_path: Path
) -> None:
    await everybody(database)
    due = report_due()
    await hear(database, due)
    await plan(database, MORNING)
    await a_postman(database, MORNING, smtp_port=1).send_due()
    (waiting,) = await sent(database, due)
    assert (waiting.state, waiting.attempts) == ("waiting", 1)
    async with MailCatcher("127.0.0.1", 0, tmp_path).running() as catcher:
        later = MORNING + timedelta(seconds=6)
        await a_postman(database, later, catcher.smtp_port).send_due()
        (mail,) = catcher.mailbox.list_()
    assert mail.header("Message-ID").endswith(".reminder@saman.example>")
    (delivered,) = await sent(database, due)
    assert (delivered.state, delivered.attempts) == ("delivered", 2)


async def test_what_an_earlier_run_had_taken_is_sent_at_once(
    database: Database, tmp_path: Path
) -> None:
    await everybody(database)
    due = report_due()
    await hear(database, due)
    await plan(database, MORNING)
    async with database.transaction() as conn:
        taken = await mails.lease_mails(
            conn, now=MORNING, until=MORNING + timedelta(minutes=3), by="test", count=9
        )
    assert len(taken) == 1
    async with MailCatcher("127.0.0.1", 0, tmp_path).running() as catcher:
        assert await a_postman(database, MORNING, catcher.smtp_port, by="other").send_due() == 0
        running = asyncio.create_task(a_postman(database, MORNING, catcher.smtp_port).run())
        async with asyncio.timeout(30):
            while not catcher.mailbox.list_():  # noqa: ASYNC110 - the mailbox is a folder
                await asyncio.sleep(0.01)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
