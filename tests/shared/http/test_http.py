"""HTTP as all services speak it: every refusal a problem document, every request bounded."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient

from shared.http import bounds
from tests.shared.http.app import ERRORS, app_under_test, problem
from tests.support.waiting import SOON_SECONDS, until


@pytest.mark.parametrize(
    ("name", "status", "code", "headers"),
    [
        ("broken", 422, "lost-above-agreed", {}),
        ("faults", 422, "schema-mismatch", {}),
        ("conflict", 409, "id-reused", {}),
        ("lost", 412, "lost-update", {}),
        ("absent", 404, "not-found", {}),
        ("nobody", 401, "not-authenticated", {"WWW-Authenticate": "Bearer"}),
        ("stranger", 403, "not-allowed", {}),
        ("away", 503, "unavailable", {"Retry-After": "7"}),
        ("odd", 422, "rule-broken", {}),
    ],
)
async def test_every_kind_of_error_is_a_problem_document(
    client: AsyncClient, name: str, status: int, code: str, headers: dict[str, str]
) -> None:
    answer = await client.get(f"/errors/{name}")

    document = problem(answer, status, code)
    assert document["detail"] == ERRORS[name].message
    assert headers.items() <= {k: answer.headers.get(k) for k in headers}.items()
    assert [(e["code"], e["pointer"]) for e in document["errors"]] == [
        (e.code, e.pointer) for e in ERRORS[name].errors
    ]


async def test_addresses_and_methods_that_are_not_there_are_problems_too(
    client: AsyncClient,
) -> None:
    problem(await client.get("/nothing"), 404, "not-found")
    answer = await client.delete("/broken")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


async def test_a_fault_of_ours_hides_its_details(client: AsyncClient) -> None:
    answer = await client.get("/broken")

    problem(answer, 500, "internal")
    assert "hunter2" not in answer.text
    assert "LookupError" not in answer.text


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("json-malformed", b"{"),
        ("json-malformed", b"\xff"),
        ("number-not-finite", b'{"name": "a", "count": NaN}'),
        ("json-duplicate-key", b'{"name": "a", "name": "b"}'),
        ("json-too-deep", b'{"name": ' + b"[" * 30 + b"]" * 30 + b"}"),
        ("text-unstorable", b'{"name": "\\u0000"}'),
        ("text-unstorable", b'{"name": "\\ud800"}'),
        ("text-unstorable", b'{"name": "a", "\\udfff": 1}'),
        ("unknown-field", b'{"name": "a", "fnr": 1}'),
        ("field-missing", b"{}"),
        ("field-missing", b""),
        ("int-parsing", b'{"name": "a", "count": "many"}'),
        ("schema-mismatch", b'{"name": 1, "count": "many"}'),
    ],
)
async def test_bad_bodies_have_codes_of_their_own(
    client: AsyncClient, code: str, body: bytes
) -> None:
    answer = await client.put("/things", content=body, headers={"content-type": "application/json"})
    problem(answer, 422, code)


async def test_a_faulty_field_is_pointed_at(client: AsyncClient) -> None:
    answer = await client.put("/things", json={"name": "a", "a/b~c": 1})
    document = problem(answer, 422, "unknown-field")
    assert document["errors"][0]["pointer"] == "/a~1b~0c"


@pytest.mark.parametrize(
    "headers",
    [{"content-type": "application/merge-patch+json"}, {"content-type": "application/json"}, {}],
)
async def test_no_other_media_type_slips_past_the_checks(
    client: AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.put(
        "/things", content=b'{"name": "a", "name": "\\ud800"}', headers=headers
    )
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "method", "limit"),
    [("/things", "PUT", 256 * 1024), ("/large", "POST", 1024 * 1024)],
)
async def test_bodies_above_the_limit_are_refused(
    client: AsyncClient, path: str, method: str, limit: int
) -> None:
    fits = b'{"name": "%s"}' % (b"x" * (limit - 12))
    assert len(fits) == limit
    headers = {"content-type": "application/json"}
    assert (await client.request(method, path, content=fits, headers=headers)).status_code == 200
    problem(
        await client.request(method, path, content=fits + b" ", headers=headers),
        413,
        "body-too-large",
    )

    async def in_parts() -> AsyncIterator[bytes]:
        for _ in range(limit // 1024 + 1):
            yield b" " * 1024

    problem(
        await client.request(method, path, content=in_parts(), headers=headers),
        413,
        "body-too-large",
    )


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 5_000, "0x10", "²"])
async def test_a_length_that_is_no_number_in_bounds_is_refused(length: str) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-length", length.encode())]
    scope = {
        "type": "http",
        "method": "PUT",
        "path": "/things",
        "query_string": b"",
        "headers": headers,
    }
    await app_under_test()(scope, receive, send)
    assert sent[0]["status"] == 413


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "GZIP"])
async def test_compressed_bodies_are_refused(client: AsyncClient, encoding: str) -> None:
    body = gzip.compress(b'{"name": "a"}')
    answer = await client.put("/things", content=body, headers={"content-encoding": encoding})
    problem(answer, 415, "content-encoding")


async def test_a_body_that_does_not_arrive_is_given_up(client: AsyncClient) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    begun = time.monotonic()
    answer = await client.put(
        "/slow-things", content=slowly(), headers={"content-type": "application/json"}
    )
    problem(answer, 408, "body-too-slow")
    assert time.monotonic() - begun < SOON_SECONDS


async def test_a_number_is_no_object_even_where_all_fields_may_be_left_out(
    client: AsyncClient,
) -> None:
    for body in (b"-1.5", b"7", b'"text"', b"[]", b"true"):
        answer = await client.put(
            "/filters", content=body, headers={"content-type": "application/json"}
        )
        problem(answer, 422, "model-attributes-type")
    assert (await client.put("/filters", json={})).status_code == 200


async def test_the_time_that_a_body_took_is_not_taken_from_the_answer(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "ANSWER_SECONDS", SOON_SECONDS)
    whole_at = 0.0

    async def slowly() -> AsyncIterator[bytes]:
        nonlocal whole_at
        yield b'{"name": '
        await asyncio.sleep(0.3)
        whole_at = time.monotonic()
        yield b'"a"}'

    answer = await client.put(
        "/left", content=slowly(), headers={"content-type": "application/json"}
    )
    assert answer.json() >= SOON_SECONDS - (time.monotonic() - whole_at)


async def test_more_requests_at_once_than_can_be_served_are_told_to_come_back() -> None:
    app = app_under_test(at_once=3)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        running = [asyncio.create_task(client.get("/wait")) for _ in range(3)]
        answer = await until(lambda: refused(client))
        problem(answer, 503, "unavailable")
        assert answer.headers["Retry-After"] == "1"
        app.state.waiting.set()
        assert [(await task).text for task in running] == ["done"] * 3
        assert (await client.get("/things")).status_code == 200


async def refused(client: AsyncClient) -> Any:
    answer = await client.get("/things")
    return None if answer.status_code == 200 else answer


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("colour=blue", "unknown-field"),
        ("limit=0", "greater-than-equal"),
        ("limit=1001", "less-than-equal"),
        ("limit=many", "int-parsing"),
        ("kind=%00", "text-unstorable"),
        ("cursor=" + "x" * 501, "string-too-long"),
        ("kind=a&kind=b", "parameter-repeated"),
        ("limit=3&limit=3", "parameter-repeated"),
        ("since=1359720000", "moment-malformed"),
        ("since=2013-02-01", "moment-malformed"),
        ("since=0001-01-01T00:00:00%2B01:00", "moment-malformed"),
        ("since=9999-12-31T23:30:00-01:00", "moment-malformed"),
        ("since=2013-02-01T12:00:00", "moment-malformed"),
        ("since=2013-02-31T12:00:00Z", "moment-malformed"),
    ],
)
async def test_bad_parameters_have_codes_of_their_own(
    client: AsyncClient, query: str, code: str
) -> None:
    problem(await client.get(f"/things?{query}"), 422, code)


@pytest.mark.parametrize("moment", ["2013-02-01T12:00:00Z", "2013-02-01t13:00:00.123456+01:00"])
async def test_a_moment_is_named_with_its_offset(client: AsyncClient, moment: str) -> None:
    assert (await client.get("/things", params={"since": moment})).status_code == 200


async def test_an_address_that_cannot_be_stored_is_refused(client: AsyncClient) -> None:
    problem(await client.get("/errors/%00"), 422, "text-unstorable")
