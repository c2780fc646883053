"""The OWASP API Security Top 10 (2023), case by case. What has a test elsewhere is named here and
not repeated.

Paths are below `tests/`; "here" is this module, "exposure" `security/test_owasp_exposure.py`.

| | case | test |
|---|---|---|
| API1 | figures, withdrawals, reports, publishers of another municipality over HTTP |
`security/test_routes.py`, here |
| API1 | another municipality's figure on one's own Kafka topic |
`reporting/test_kafka_bad_input.py` |
| API1 | another municipality's figure by a replayed dead letter | here |
| API2 | unknown, malformed, expired, revoked keys; hashes as keys | `security/test_routes.py`,
    `shared/access/test_auth.py` |
| API2 | key in the address, other schemes, 1,000 tries, a forged origin | here |
| API3 | fields that are ours to set; fields nobody knows | here; `shared/http/test_http.py` |
| API4 | large, deep, slow, compressed bodies | here, `shared/http/test_http.py`,
    `shared/rules/test_strict_json.py` |
| API4 | rate and places of a key | `reporting/test_http_limits.py` |
| API5 | a publisher's key on the operator's routes; key before body | `security/test_routes.py` |
| API5 | another method, address or role by a header | here |
| API6 | many subscriptions of one mailbox; many mails to it | here; `notifications/test_sender.py`
    |
| API7 | addresses of webhooks | `notifications/rules/test_addresses.py`,
    `notifications/test_webhook.py` |
| API8 | other origins, documentation that tries, errors that tell, a key that everybody knows |
    exposure |
| API9 | routes against documents; against the table of rights | exposure;
    `security/test_routes.py` |
| API10 | receivers that answer badly | `notifications/test_webhook.py` |
| API10 | records with hostile attributes | `shared/delivery/test_poison.py`,
    `faults/test_poison_flood.py` |
| API10 | what a stranger sent, in logs | exposure |
| API10 | the same in pages and terminals | `web/test_dead_letter_pages.py`,
    `shared/rules/test_printable.py` |
"""

import asyncio
import json
from typing import Any

import pytest

from deploy.cli.serving import server_options
from shared.delivery import dead_letters
from shared.delivery.dead_letters import Failure
from shared.delivery.records import Record
from shared.events.inbound import AbsenceFigurePosted
from shared.service.clients import new_client
from tests.browser.serving import served
from tests.reporting import factories
from tests.reporting.factories import HARSTAD, ORGNR, OTHER_ORGNR, VEFSN, posted
from tests.security.conftest import KEYS, House, Who
from tests.security.walking import ROUND
from tests.support.apps import OPERATOR_KEY
from tests.support.doors import service_of

FIGURES = "/api/reporting/v1/absence-figures"
KEPT = "/api/reporting/v1/figures"
SUBSCRIPTIONS = "/api/notifications/v1/subscriptions"
HELD = {"municipality": VEFSN}
TRIES = 1_000


async def figures_of(house: House, municipality: str) -> list[dict[str, Any]]:
    answer = await house.of("reporting", Who.OPERATOR).get(
        KEPT, params={"municipality": municipality}
    )
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_api1_no_body_makes_a_publisher_speak_for_another_municipality(house: House) -> None:
    before = await figures_of(house, HARSTAD)
    client = house.of("reporting", Who.OWN)
    foreign = posted(municipality="9903")
    assert (await client.post(FIGURES, json=foreign)).status_code == 403
    assert (
        await client.post(FIGURES, json=foreign | {"publisher": OTHER_ORGNR})
    ).status_code == 422
    mixed = await client.post(FIGURES, json={"figures": [foreign, posted()]})
    assert [outcome["result"] for outcome in mixed.json()["outcomes"]] == ["rejected", "accepted"]
    assert await figures_of(house, HARSTAD) == before


async def test_api1_nobody_takes_back_or_repeats_what_another_posted(house: House) -> None:
    figure = posted()
    assert (await house.of("reporting", Who.OWN).post(FIGURES, json=figure)).status_code == 201
    other = house.of("reporting", Who.OTHER)
    withdrawal = f"{KEPT}/{figure['figure_id']}/withdrawal"
    assert (await other.post(withdrawal, json={"reason": "mine now"})).status_code == 404
    assert (await other.post(FIGURES, json=figure)).status_code == 403
    (kept,) = [
        each for each in await figures_of(house, VEFSN) if each["figure_id"] == figure["figure_id"]
    ]
    assert kept["publisher"] == ORGNR
    assert kept["withdrawn_at"] is None


async def test_api1_a_replayed_dead_letter_gives_no_more_rights_than_its_topic(
    house: House,
) -> None:
    before = await figures_of(house, HARSTAD)
    event_id = factories.figure_id()
    body = factories.figure(municipality="9903")
    said = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_type": AbsenceFigurePosted.type,
        "ce_source": f"/publisher/{OTHER_ORGNR}",
    }
    headers = tuple((name, value.encode()) for name, value in said.items())
    record = Record(
        f"inbound.{ORGNR}.figures.v1", 0, 7, b"9903", headers, json.dumps(body).encode()
    )
    reporting = service_of(house.apps["reporting"])
    async with reporting.database.transaction() as conn:
        await dead_letters.bury(
            conn, "reporting.inbound.figures", record, Failure("LookupError", "a fault")
        )
        letter_id = await conn.fetchval("SELECT max(id) FROM dead_letter")

    answer = await house.of("reporting", Who.OPERATOR).post(
        f"/api/reporting/v1/dead-letters/{letter_id}/replay"
    )
    assert (answer.status_code, answer.json()["state"]) == (200, "replayed")
    assert await figures_of(house, HARSTAD) == before
    async with reporting.database.connection() as conn:
        receipts = await conn.fetch(
            "SELECT topic, payload FROM outbox WHERE topic LIKE 'receipts.%'"
        )
    (receipt,) = [row for row in receipts if event_id.encode() in row["payload"]]
    assert receipt["topic"] == f"receipts.{ORGNR}.v1"
    assert json.loads(receipt["payload"])["code"] == "publisher-not-allowed"


async def test_api2_a_key_counts_in_the_authorization_header_and_nowhere_else(house: House) -> None:
    client, key = house.of("reporting", Who.NOBODY), str(KEYS[Who.OWN])
    for name in ("key", "api_key", "access_token", "authorization", "token"):
        assert (await client.get(KEPT, params=HELD | {name: key})).status_code == 401, name
    for header in (
        {"X-API-Key": key},
        {"Cookie": f"key={key}"},
        {"Proxy-Authorization": f"Bearer {key}"},
    ):
        assert (await client.get(KEPT, params=HELD, headers=header)).status_code == 401, header
    for scheme in ("Basic", "Digest", "Token", "Bearer Bearer"):
        answer = await client.get(KEPT, params=HELD, headers={"Authorization": f"{scheme} {key}"})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), scheme
    assert (await client.get(f"http://{key}@test{KEPT}", params=HELD)).status_code == 401


async def test_api2_of_a_thousand_tries_many_are_told_to_wait_wherever_they_claim_to_come_from(
    house: House,
) -> None:
    app = house.apps["metrics"]
    path = "/api/metrics/v1/dead-letters"
    async with served(app, **server_options("")) as address, new_client(base_url=address) as client:
        statuses = []
        for number in range(TRIES):
            guess = {
                "Authorization": f"Bearer pub_guess.{number:043}",
                "X-Forwarded-For": f"198.51.100.{number % 250}",
            }
            statuses.append((await client.get(path, headers=guess)).status_code)
        good = await client.get(path, headers={"Authorization": f"Bearer {OPERATOR_KEY}"})
    assert set(statuses) == {401, 429}
    assert statuses.count(429) > TRIES / 3
    assert good.status_code == 200


OURS = (
    *(
        "vintage",
        "municipality_id",
        "municipality_number",
        "publisher",
        "posted_at",
        "accepted_at",
        "status",
        "state",
    ),
    *("replaces", "in_force", "findings", "withdrawn_at", "origin"),
)


@pytest.mark.parametrize("field", OURS)
async def test_api3_a_publisher_sets_nothing_that_is_ours_to_set(house: House, field: str) -> None:
    answer = await house.of("reporting", Who.OWN).post(FIGURES, json=posted() | {field: 1})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-field")


async def test_api3_what_answers_show_cannot_be_written_back(house: House) -> None:
    operator = house.of("registry", Who.OPERATOR)
    path = f"/api/registry/v1/publishers/{ORGNR}"
    key = {"key_id": "mine", "created_at": "2014-01-01T00:00:00Z", "expires_at": None}
    answer = await operator.put(
        path,
        json={"name": "Vefsn", "keys": [key], "revoked_at": "2014-01-01T00:00:00Z", "version": 99},
    )
    assert answer.status_code == 200
    assert (answer.json()["keys"], answer.json()["revoked_at"]) == ([], None)
    assert answer.json()["version"] < 99
    for field in ("version", "secret", "secret_salt", "stopped_because", "active_since"):
        body = {"channel": "mail", "address": "hr@vefsn.example", field: "x"}
        refused = await house.of("notifications", Who.OPERATOR).put(
            f"{SUBSCRIPTIONS}/injected", json=body
        )
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown-field"), field
    refused = await house.of("reporting", Who.OPERATOR).put(
        "/api/reporting/v1/rounds/injected", json=ROUND | {"state": "submitted"}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown-field")


@pytest.mark.parametrize(
    ("service", "method", "path", "body", "status", "code"),
    [
        (
            "notifications",
            "PUT",
            f"{SUBSCRIPTIONS}/big",
            b"{}" + b" " * 257 * 1024,
            413,
            "body-too-large",
        ),
        ("reporting", "POST", FIGURES, b"{}" + b" " * 1024 * 1024, 413, "body-too-large"),
        (
            "notifications",
            "PUT",
            f"{SUBSCRIPTIONS}/deep",
            b"[" * 10_000 + b"]" * 10_000,
            422,
            "json-too-deep",
        ),
        (
            "reporting",
            "POST",
            FIGURES,
            b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
            422,
            "json-too-deep",
        ),
        (
            "reporting",
            "POST",
            FIGURES,
            b'{"figures":[' + b"1," * 99_999 + b"1]}",
            422,
            "too-many-figures",
        ),
        (
            "reporting",
            "POST",
            FIGURES,
            b'{"persons":' + b"9" * 100_000 + b"}",
            422,
            "json-malformed",
        ),
        (
            "reporting",
            "GET",
            f"{KEPT}?municipality={VEFSN}&limit=1000000000",
            b"",
            422,
            "less-than-equal",
        ),
        (
            "metrics",
            "GET",
            "/api/metrics/v1/dead-letters?limit=1000000000",
            b"",
            422,
            "less-than-equal",
        ),
        (
            "registry",
            "GET",
            "/api/registry/v1/municipalities?limit=1000000000",
            b"",
            422,
            "less-than-equal",
        ),
    ],
)
async def test_api4_what_would_cost_too_much_is_refused(
    house: House, service: str, method: str, path: str, body: bytes, status: int, code: str
) -> None:
    headers = {"content-type": "application/json"}
    who = Who.OWN if path.startswith((FIGURES, KEPT)) else Who.OPERATOR
    answer = await house.of(service, who).request(method, path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_api4_a_body_that_drips_holds_nobody_without_a_key(house: House) -> None:
    """It is answered before its first byte is waited for; with a key it gets the time that
    `test_http.py` measures.
    """

    async def dripping() -> Any:
        yield b"{"
        await asyncio.Event().wait()

    async with asyncio.timeout(60):
        answer = await house.of("reporting", Who.NOBODY).post(FIGURES, content=dripping())
    assert answer.status_code == 401


async def test_api5_a_header_does_not_change_what_a_request_is(house: House) -> None:
    client = house.of("reporting", Who.OWN)
    for header in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        answer = await client.get("/api/reporting/v1/rounds/nowhere", headers={header: "PUT"})
        assert answer.status_code == 404, header
    for header in ("X-Original-URL", "X-Rewrite-URL"):
        answer = await client.get(
            KEPT, params=HELD, headers={header: "/api/reporting/v1/dead-letters"}
        )
        assert "vintage" in answer.text or answer.json()["items"] == []
    for role in ({"X-Role": "operator"}, {"X-User": "operator"}, {"X-Forwarded-User": "operator"}):
        assert (await client.get("/api/reporting/v1/dead-letters", headers=role)).status_code == 403


async def test_api6_an_address_has_only_so_many_subscriptions(house: House) -> None:
    operator = house.of("notifications", Who.OPERATOR)

    async def put(number: int, address: str, **more: object) -> int:
        body = {"channel": "mail", "address": address, **more}
        return int((await operator.put(f"{SUBSCRIPTIONS}/flood-{number}", json=body)).status_code)

    made = [
        await put(number, "hr@Flood.example" if number % 2 else "HR@flood.example")
        for number in range(51)
    ]
    assert made == [201] * 50 + [422]
    refused = await operator.put(
        f"{SUBSCRIPTIONS}/one-more", json={"channel": "mail", "address": "hr@flood.example"}
    )
    assert refused.json()["code"] == "too-many-subscriptions"
    assert await put(50, "other@flood.example") == 201
    assert await put(0, "HR@flood.example", language="nn") == 200, "one that is there may change"
    assert await put(51, "hr@flood.example", active=False) == 201, (
        "one that sends nothing may be made"
    )
    assert await put(1, "hr@flood.example", active=False) == 200
    assert await put(51, "hr@flood.example", active=True) == 200


async def test_a_keys_last_use_is_told_to_the_operator_wherever_it_was(house: House) -> None:
    used = await house.of("reporting", Who.OWN).get(KEPT, params=HELD)
    refused = await house.of("metrics", Who.OWN).get("/api/metrics/v1/dead-letters")
    assert (used.status_code, refused.status_code) == (200, 403)
    for service in ("reporting", "metrics"):
        answer = await house.of(service, Who.OPERATOR).get(f"/api/{service}/v1/key-uses/{ORGNR}")
        (use,) = answer.json()["items"]
        assert use["key_id"] == ORGNR
        assert str(KEYS[Who.OWN]).partition(".")[2] not in answer.text
