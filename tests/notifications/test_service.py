"""The whole of notifications on the real broker, seen from outside."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from deploy.local.mail_catcher import CaughtMail, MailCatcher
from services.notifications.channels.mail import MailSettings
from services.notifications.reminders.commands import plan
from shared.events.notifications import NotificationDelivered, NotificationFailed
from shared.events.registry import Member, PersonRegistered
from tests.notifications import factories
from tests.notifications.receiver import receiving
from tests.support.apps import RunningService, run_service
from tests.support.bus import Bus
from tests.support.infrastructure import Infra

ROUTE = "/api/notifications/v1"


@pytest_asyncio.fixture(scope="module")
async def catcher(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MailCatcher]:
    """A mail server."""
    async with MailCatcher("127.0.0.1", 0, tmp_path_factory.mktemp("mails")).running() as running:
        yield running


@pytest_asyncio.fixture(scope="module")
async def service(infra: Infra, catcher: MailCatcher) -> AsyncIterator[RunningService]:
    """Notifications, able to mail and to call on this machine; one for all tests here, which keep
    to their own ids.
    """
    async with run_service(
        infra,
        "notifications",
        group_prefix=f"{secrets.token_hex(4)}.",
        mail=MailSettings(port=catcher.smtp_port, sender="varsel@saman.example"),
        public_url="https://saman.example",
        webhook_key="a key of the tests that is long enough",
        allow_private_webhooks=True,
        mails_at=time(0),
    ) as running:
        yield running


@pytest_asyncio.fixture
async def bus(bus: Bus) -> Bus:
    """The broker, with an eye on what notifications publish."""
    await bus.follow(NotificationDelivered.topic())
    return bus


def mails_to(catcher: MailCatcher, address: str) -> list[CaughtMail]:
    return [mail for mail in catcher.mailbox.list_() if mail.recipients == (address,)]


def a_municipality() -> str:
    """An id that no other test on the shared broker speaks of."""
    return f"vefsn-{secrets.token_hex(5)}"


async def put(service: RunningService, **changes: Any) -> dict[str, Any]:
    """Subscribe under a new id; mail goes to an address of that name."""
    subscription_id = changes.pop("subscription_id", f"s-{secrets.token_hex(5)}")
    body = {"channel": "mail", "address": f"{subscription_id}@vefsn.example", **changes}
    answer = await service.operator.put(f"{ROUTE}/subscriptions/{subscription_id}", json=body)
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


async def test_a_target_reached_becomes_one_mail_in_the_subscribers_language(
    service: RunningService, bus: Bus, catcher: MailCatcher
) -> None:
    municipality_id = a_municipality()
    event = factories.target_reached(
        subject=f"municipality/{municipality_id}", occurred_at=datetime.now(UTC)
    )
    wanted = await put(service, language="nn", subjects=[f"municipality/{municipality_id}"])
    await bus.publish(factories.municipality(municipality_id=municipality_id))
    await bus.publish(factories.metric_defined())
    await service.service.consumers.catch_up()

    await bus.publish(event, event)
    await bus.publish(event)

    delivered = await bus.receive(
        NotificationDelivered, where=lambda e: e.notified_event_id == event.event_id
    )
    assert (delivered.subscription_id, delivered.channel, delivered.attempts) == (
        wanted["subscription_id"],
        "mail",
        1,
    )
    await service.service.late_consumers.catch_up()
    (mail,) = mails_to(catcher, wanted["address"])
    assert mail.header("Subject") == "Vefsn nådde målet: 6,9 % hittil i 2013 (Sjukefråvær)"
    assert (
        mail.header("Message-ID") == f"<{event.event_id}.{wanted['subscription_id']}@saman.example>"
    )


@pytest.mark.parametrize(
    "followed", ["cohort/*", "cohort/{}", "theme/{}", "county/{}", "programme/{}", "project/{}"]
)
async def test_a_target_reached_concerns_those_who_follow_a_group_that_its_municipality_is_in(
    service: RunningService, bus: Bus, followed: str
) -> None:
    own = f"g-{secrets.token_hex(5)}"
    municipality_id = a_municipality()
    (version,) = factories.municipality().versions
    place = factories.municipality(
        municipality_id=municipality_id,
        versions=[version.model_copy(update={"county_number": own})],
    )
    members = [Member(municipality_id=municipality_id)]
    project = factories.project(
        project_id=own, cohort_id=own, theme_ids=[own], programme_id=own, members=members
    )
    wanted = await put(
        service, events=["TargetReached"], subjects=["municipality/other-1", followed.format(own)]
    )
    await bus.publish(place, project)
    await service.service.consumers.catch_up()
    event = factories.target_reached(
        subject=f"municipality/{municipality_id}", project_id=own, occurred_at=datetime.now(UTC)
    )

    await bus.publish(event)

    delivered = await bus.receive(
        NotificationDelivered, where=lambda e: e.notified_event_id == event.event_id
    )
    assert delivered.subscription_id == wanted["subscription_id"]
    await put(service, subscription_id=wanted["subscription_id"], active=False)


async def test_a_metric_becomes_a_webhook_that_verifies_with_the_secret_of_the_first_answer(
    service: RunningService, bus: Bus
) -> None:
    municipality_id = a_municipality()
    async with receiving() as receiver:
        hook = {
            "channel": "webhook",
            "address": receiver.url,
            "subjects": [f"municipality/{municipality_id}"],
        }
        made = await put(service, **hook)
        event = factories.metric_updated(
            subject=f"municipality/{municipality_id}", occurred_at=datetime.now(UTC)
        )
        await bus.publish(event)
        (call,) = await receiver.wait_for(1)
        await bus.receive(
            NotificationDelivered, where=lambda e: e.notified_event_id == event.event_id
        )
    content = call.verified(made["secret"])
    assert isinstance(content, dict)
    assert content["data"]["subject"] == f"municipality/{municipality_id}"
    again = await put(service, subscription_id=made["subscription_id"], **hook)
    assert "secret" not in again


async def test_metrics_that_nobody_follows_leave_no_row(service: RunningService, bus: Bus) -> None:
    nobodys = factories.metric_updated(
        subject=f"municipality/{a_municipality()}", occurred_at=datetime.now(UTC)
    )
    headers = [("ce_type", nobodys.type().encode()), ("ce_subject", nobodys.key.encode())]
    await bus.publish(nobodys)
    await bus.send_raw(nobodys.topic(), b"{", key=nobodys.key.encode(), headers=headers)
    await service.service.late_consumers.catch_up()
    async with service.service.database.connection() as conn:
        assert (
            await conn.fetchval("SELECT count(*) FROM inbox WHERE event_id = $1", nobodys.event_id)
            == 0
        )
        assert (
            await conn.fetchval(
                "SELECT count(*) FROM dead_letter WHERE key = $1", nobodys.key.encode()
            )
            == 0
        )


async def test_a_receiver_that_is_gone_is_reported_and_switched_off(
    service: RunningService, bus: Bus
) -> None:
    municipality_id = a_municipality()
    event = factories.metric_updated(
        subject=f"municipality/{municipality_id}", occurred_at=datetime.now(UTC)
    )
    async with receiving(b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n") as receiver:
        wanted = await put(
            service,
            channel="webhook",
            address=receiver.url,
            subjects=[f"municipality/{municipality_id}"],
        )
        await bus.publish(event)
        failed = await bus.receive(
            NotificationFailed, where=lambda e: e.notified_event_id == event.event_id
        )
    assert failed.state == "failed"
    assert "410" in (failed.last_error or "")
    kept = (await service.operator.get(f"{ROUTE}/subscriptions/{wanted['subscription_id']}")).json()
    assert (kept["active"], kept["stopped_because"]) == (
        False,
        "the receiver answered 410 Gone: it wants no more",
    )


async def test_a_record_that_cannot_be_read_is_a_dead_letter_and_its_neighbours_are_told(
    service: RunningService, bus: Bus, catcher: MailCatcher
) -> None:
    municipality_id = a_municipality()
    wanted = await put(service, subjects=[f"municipality/{municipality_id}"])
    events = [
        factories.target_reached(
            subject=f"municipality/{municipality_id}", occurred_at=datetime.now(UTC)
        )
        for _ in range(2)
    ]
    good = [(name, value.encode()) for name, value in events[0].headers().items()]
    for poison, headers in ((b"{", good), (b"[]", good), (None, good), (b"{}", good), (b"{}", [])):
        await bus.publish(events[0])
        await bus.send_raw(events[0].topic(), poison, key=events[0].key.encode(), headers=headers)
    await bus.publish(events[1])
    for event in events:
        await bus.receive(
            NotificationDelivered,
            where=lambda e, event=event: e.notified_event_id == event.event_id,  # type: ignore[misc]
        )
    assert len(mails_to(catcher, wanted["address"])) == 2
    async with service.service.database.connection() as conn:
        buried = await conn.fetchval(
            "SELECT count(*) FROM dead_letter WHERE key = $1", events[0].key.encode()
        )
    assert buried == 5


async def test_who_leads_a_project_is_reminded_by_one_mail_of_what_it_owes(
    service: RunningService, bus: Bus, catcher: MailCatcher
) -> None:
    project_id, programme_id = f"p-{secrets.token_hex(5)}", f"saman-{secrets.token_hex(5)}"
    address = f"{project_id}@vefsn.example"
    manager = PersonRegistered.model_validate(
        {
            "person_id": uuid4(),
            "version": 1,
            "display_name": "Kari",
            "email": address,
            "language": "en",
            "roles": [
                {
                    "role": "project-manager",
                    "scope": {"programme": programme_id, "project": project_id},
                }
            ],
            "sessions_valid_from": datetime(2013, 1, 1, tzinfo=UTC),
        }
    )
    await bus.publish(manager, factories.project(project_id=project_id, programme_id=programme_id))
    await bus.publish(*(factories.report_overdue(project_id=project_id) for _ in range(2)))
    await service.service.consumers.catch_up()
    await service.service.late_consumers.catch_up()

    async with service.service.database.transaction() as conn:
        await plan(conn, now=datetime(2013, 2, 4, 12, tzinfo=UTC), send_at=time(0))

    async with asyncio.timeout(30):
        while not mails_to(catcher, address):  # noqa: ASYNC110 - the mailbox is a folder
            await asyncio.sleep(0.01)
    (mail,) = mails_to(catcher, address)
    assert mail.header("Subject") == "2 reports are waited for, 2 of them overdue"
