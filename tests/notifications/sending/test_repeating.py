"""Tries of a delivery, sending again, and tests of a webhook: over HTTP, with a running sender."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.events.notifications import NotificationDelivered
from tests.notifications import factories
from tests.notifications.doors import Doors
from tests.notifications.factories import subscription
from tests.notifications.receiver import OK, receiving
from tests.notifications.sending.running import (
    OOPS,
    SALT,
    SIGNER,
    hook,
    log,
    sending,
    subscribe,
    tell,
    until_log,
)

ROUTE = "/api/notifications/v1"


async def post(doors: Doors, path: str, **body: Any) -> Any:
    answer = await doors.operator.post(f"{ROUTE}{path}", json=body or None)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def test_the_tries_of_a_delivery_are_told_with_what_was_sent(doors: Doors) -> None:
    answers = iter([OOPS, OK])
    async with receiving(lambda _: next(answers)) as receiver:
        await subscribe(doors.database, hook(receiver))
        await tell(doors.database, factories.target_reached())
        async with sending(doors.database):
            await until_log(doors.database, ("waiting", 1))
        async with sending(doors.database, later=timedelta(seconds=6)):
            (logged,) = await until_log(doors.database, ("delivered", 2))
    answer = (await doors.operator.get(f"{ROUTE}/deliveries/{logged.delivery_id}")).json()
    assert [each["result"] for each in answer["tries"]] == [
        "the receiver answered 500",
        "the receiver took it",
    ]
    assert answer["body"] == receiver.calls[0].body
    assert (answer["state"], answer["attempts"]) == ("delivered", 2)


async def test_a_delivery_is_sent_again_under_its_id_and_its_end_is_told_anew(
    doors: Doors,
) -> None:
    async with receiving() as receiver:
        await subscribe(doors.database, hook(receiver))
        await tell(doors.database, factories.target_reached())
        async with sending(doors.database):
            (logged,) = await until_log(doors.database, ("delivered", 1))
            await post(doors, f"/deliveries/{logged.delivery_id}/repetition")
            await receiver.wait_for(2)
            await until_log(doors.database, ("delivered", 1))
    assert {call.headers["webhook-id"] for call in receiver.calls} == {str(logged.delivery_id)}
    async with doors.database.connection() as conn:
        told = await conn.fetch(
            "SELECT event_id FROM outbox WHERE topic = $1", NotificationDelivered.topic()
        )
    assert len({row["event_id"] for row in told}) == len(told) == 2


async def test_everything_since_a_moment_is_sent_again(doors: Doors) -> None:
    async with receiving() as receiver:
        await subscribe(doors.database, hook(receiver, subscription_id="hook"))
        await tell(doors.database, factories.target_reached(), factories.target_lost())
        async with sending(doors.database):
            await until_log(doors.database, *[("delivered", 1)] * 2)
            made_at = min(each.made_at for each in await log(doors.database))
            later = datetime.now(UTC) + timedelta(hours=1)
            path = "/subscriptions/hook/repetition"
            assert await post(doors, path, since=later.isoformat()) == {"count": 0}
            assert await post(doors, path, since=made_at.isoformat()) == {"count": 2}
            await receiver.wait_for(4)


async def test_a_test_comes_signed_to_one_webhook_and_says_that_it_is_one(doors: Doors) -> None:
    async with receiving() as receiver, receiving() as other:
        await subscribe(
            doors.database, hook(receiver, subscription_id="hook", events=("ReportDue",))
        )
        await subscribe(doors.database, hook(other, subscription_id="other"))
        async with sending(doors.database):
            made = await post(doors, "/subscriptions/hook/test")
            (call,) = await receiver.wait_for(1)
            await until_log(doors.database, ("delivered", 1))
    content = call.verified(SIGNER.secret("hook", SALT))
    assert isinstance(content, dict)
    assert content["type"] == "no.saman.notifications.WebhookTested.v1"
    assert content["data"]["test"] is True
    assert call.headers["webhook-id"] == made["delivery_id"]
    assert other.calls == []


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/subscriptions/nobody-here/test", 404, "not-found"),
        ("/deliveries/0b54a9a6-8c0e-4d53-9a7e-6d0a9c1f2e11/repetition", 404, "not-found"),
        ("/subscriptions/by-mail/test", 422, "no-webhook"),
        ("/subscriptions/switched-off/test", 409, "subscription-inactive"),
    ],
)
async def test_what_cannot_be_sent_is_refused_with_a_sentence(
    doors: Doors, path: str, status: int, code: str
) -> None:
    await subscribe(doors.database, subscription(subscription_id="by-mail"))
    await subscribe(doors.database, subscription(subscription_id="switched-off", active=False))
    answer = await doors.operator.post(f"{ROUTE}{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await doors.client.post(f"{ROUTE}{path}")).status_code == 401
