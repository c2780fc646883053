"""The HTTP doors of notifications, on the real database."""

from datetime import UTC, datetime
from typing import Any

from services.notifications.deliveries import commands as deliveries_commands
from tests.notifications import factories
from tests.notifications.doors import Doors

ROUTE = "/api/notifications/v1"
HOOK = {"channel": "webhook", "address": "https://hooks.example.org/x"}


def body(**changes: Any) -> dict[str, Any]:
    return {"channel": "mail", "address": "hr@vefsn.example", "language": "nb", **changes}


async def put(doors: Doors, subscription_id: str, **changes: Any) -> dict[str, Any]:
    answer = await doors.operator.put(
        f"{ROUTE}/subscriptions/{subscription_id}", json=body(**changes)
    )
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


async def test_only_the_operator_sees_and_changes_subscriptions_and_deliveries(
    doors: Doors,
) -> None:
    for method, path in (
        ("PUT", "/subscriptions/vefsn-hr"),
        ("GET", "/subscriptions"),
        ("GET", "/subscriptions/vefsn-hr"),
        ("POST", "/subscriptions/vefsn-hr/secret"),
        ("GET", "/deliveries"),
    ):
        answer = await doors.client.request(
            method, ROUTE + path, json=body() if method == "PUT" else None
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "not-authenticated"), path


async def test_putting_a_subscription_is_made_once_and_the_same_again_is_no_change(
    doors: Doors,
) -> None:
    path = f"{ROUTE}/subscriptions/vefsn-hr"
    first = await doors.operator.put(path, json=body(events=["TargetReached"]))
    again = await doors.operator.put(path, json=body(events=["TargetReached", "TargetReached"]))
    changed = await doors.operator.put(
        path, json=body(events=["TargetLost"]), headers={"If-Match": '"1"'}
    )
    stale = await doors.operator.put(path, json=body(), headers={"If-Match": '"1"'})
    assert [a.status_code for a in (first, again, changed, stale)] == [201, 200, 200, 412]
    assert [a.headers["ETag"] for a in (first, again, changed)] == ['"1"', '"1"', '"2"']
    assert first.json() == again.json()
    assert (await doors.operator.get(path)).json() == changed.json()


async def test_a_faulty_subscription_is_refused_with_codes_and_places(doors: Doors) -> None:
    cases: list[tuple[dict[str, Any], str, str]] = [
        (body(address="nobody"), "address-malformed", "/address"),
        (body(events=["MetricUpdated"]), "event-webhook-only", "/events/0"),
        (body(subjects=["vefsn"]), "subject-malformed", "/subjects/0"),
        (
            body(channel="webhook", address="https://169.254.169.254/"),
            "address-not-allowed",
            "/address",
        ),
        (body(surname="Nordmann"), "unknown-field", "/surname"),
        (body(channel="pigeon"), "enum", "/channel"),
    ]
    for content, code, pointer in cases:
        answer = await doors.operator.put(f"{ROUTE}/subscriptions/faulty", json=content)
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["errors"][0]["pointer"]) == (
            422,
            code,
            pointer,
        )
    assert (await doors.operator.put(f"{ROUTE}/subscriptions/No", json=body())).status_code == 422
    assert (await doors.operator.get(f"{ROUTE}/subscriptions/faulty")).status_code == 404


async def test_a_webhooks_secret_is_in_the_first_answer_only_and_can_be_renewed(
    doors: Doors,
) -> None:
    made = await put(doors, "hook", **HOOK)
    assert made["secret"].startswith("whsec_")
    assert "secret" not in await put(doors, "hook", **HOOK)
    assert "secret" not in await put(doors, "hook", **HOOK, windows=["month"])
    assert "secret" not in (await doors.operator.get(f"{ROUTE}/subscriptions/hook")).json()
    renewed = await doors.operator.post(f"{ROUTE}/subscriptions/hook/secret")
    assert renewed.status_code == 201
    assert renewed.json()["previous_signs_until"] is not None
    at_once = await doors.operator.post(
        f"{ROUTE}/subscriptions/hook/secret", json={"overlap_hours": 0}
    )
    assert at_once.json()["previous_signs_until"] is None
    assert renewed.json()["secret"].startswith("whsec_")
    assert renewed.json()["secret"] != made["secret"]


async def test_the_secret_is_not_in_the_database(doors: Doors) -> None:
    made = await put(doors, "hook", **HOOK)
    async with doors.database.connection() as conn:
        row = await conn.fetchval("SELECT row_to_json(s)::text FROM subscription AS s")
    assert made["secret"].removeprefix("whsec_") not in row


async def test_lists_go_on_where_the_cursor_stands(doors: Doors) -> None:
    for number in range(5):
        await put(doors, f"vefsn-{number}")
    event = factories.target_lost(occurred_at=datetime.now(UTC))
    async with doors.database.transaction() as conn:
        await deliveries_commands.tell(conn, [event], true_now=datetime.now(UTC))

    subscriptions = await whole_list(doors, "/subscriptions")
    deliveries = await whole_list(doors, "/deliveries")

    assert [each["subscription_id"] for each in subscriptions] == [
        f"vefsn-{number}" for number in range(5)
    ]
    assert sorted(each["subscription_id"] for each in deliveries) == [
        f"vefsn-{number}" for number in range(5)
    ]
    assert {each["state"] for each in deliveries} == {"waiting"}
    assert all("address" not in each for each in deliveries)
    for query in (
        "subscription_id=vefsn-3",
        f"event_id={event.event_id}&channel=mail&state=waiting",
    ):
        found = (await doors.operator.get(f"{ROUTE}/deliveries?{query}")).json()["items"]
        assert len(found) == (1 if "vefsn-3" in query else 5)
    assert (await doors.operator.get(f"{ROUTE}/deliveries?state=failed")).json() == {
        "items": [],
        "next": None,
    }


async def whole_list(doors: Doors, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    query = "limit=2"
    while True:
        answer = (await doors.operator.get(f"{ROUTE}{path}?{query}")).json()
        items += answer["items"]
        if answer["next"] is None:
            return items
        query = f"limit=2&cursor={answer['next']}"
