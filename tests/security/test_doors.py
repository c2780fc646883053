"""What every route of every service keeps to over HTTP: methods, entity tags, media types, other
origins, addresses with a slash too many.
"""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from shared.http.routes import JSON, StrictRoute
from tests.reporting.factories import ORGNR
from tests.security.conftest import CHANGED_ORGNR, House, Who
from tests.security.routes import flat
from tests.security.walking import RIGHTS, Route, address_of, request_of

FOREIGN = ("https://kommune.example", "null")
KNOWN = ('"other", {tag}', "W/{tag}", "*", 'W/"a,b" , {tag}')


NO_PLACES = (
    b"1.5",
    b"1e600000",
    b"-1e600000",
    b"[1e600000]",
    b'["2013-01-01", 1e600000]',
    b'["x", 1e600000, 1, 0]',
    b"9" * 370,
    b"9223372036854775808",
    b"true",
    b"null",
    b"{}",
    b"[[[]]]",
    b"[" * 370,
    b'"\\u0000"',
    b'"\\ud800"',
    b'"\xff"',
    b'["2013-02-30", "x"]',
    b'["2013-01-01", "\\u0000"]',
    b'["x", 2147483647, 1, 0]',
    b"",
    b"NaN",
)
"""What no list gives out as a cursor, whatever the type of its places."""


def address(route: Route) -> str:
    publisher = ORGNR if route[1] == "GET" else CHANGED_ORGNR
    return address_of(route[2], organisation_number=publisher)


def reads() -> list[Route]:
    return [route for route in RIGHTS if route[1] == "GET"]


def machine_routes(house: House) -> Iterator[tuple[str, str, StrictRoute]]:
    for name, app in house.apps.items():
        for path, route in flat(app.routes):
            if isinstance(route, StrictRoute):
                yield name, path, route


async def test_head_is_answered_as_get_without_the_body(house: House) -> None:
    wrong = {}
    for route in reads():
        client = house.of(route[0], Who.OPERATOR)
        request = request_of(route, Who.OPERATOR)
        got = await client.get(address(route), **request)
        head = await client.head(address(route), **request)
        kinds = [answer.headers.get("content-type") for answer in (got, head)]
        if head.status_code != got.status_code or head.content or kinds[0] != kinds[1]:
            wrong[route] = (head.status_code, got.status_code, head.content[:50], kinds)
    assert wrong == {}


async def test_a_refused_method_is_told_all_methods_of_the_address(house: House) -> None:
    wrong = {}
    for name, _, path in RIGHTS:
        wanted = {"OPTIONS"} | {
            method for service, method, other in RIGHTS if (service, other) == (name, path)
        }
        wanted |= {"HEAD"} if "GET" in wanted else set()
        for method, status in (("PATCH", 405), ("OPTIONS", 204)):
            answer = await house.of(name, Who.OPERATOR).request(method, address((name, "", path)))
            told = set(answer.headers.get("allow", "").split(", "))
            if answer.status_code != status or not told >= wanted:
                wrong[name, path, method] = (answer.status_code, told, wanted)
    assert wrong == {}


async def make_all(house: House) -> None:
    """Put something wherever something can be put, so that there is something to get."""
    for route in RIGHTS:
        if route[1] == "PUT":
            client = house.of(route[0], Who.OPERATOR)
            answer = await client.put(address(route), **request_of(route, Who.OPERATOR))
            assert answer.status_code in (200, 201), (route, answer.text)


async def test_a_get_that_knows_the_answer_gets_304(house: House) -> None:
    await make_all(house)
    wrong: dict[Any, Any] = {}
    untagged = set()
    for route in reads():
        client = house.of(route[0], Who.OPERATOR)
        request = request_of(route, Who.OPERATOR)
        answer = await client.get(address(route), **request)
        tag = answer.headers.get("etag")
        if answer.status_code != 200 or tag is None:
            untagged |= {route} if answer.status_code == 200 else set()
            continue
        for known in KNOWN:
            headers = {"If-None-Match": known.format(tag=tag)}
            again = await client.get(address(route), headers=headers, **request)
            # What counts or is measured anew each time may be another thing by now.
            is_same = again.headers.get("etag") == tag or known == "*"
            if is_same and (again.status_code, again.content) != (304, b""):
                wrong[route, known] = (again.status_code, again.content[:100])
        other = await client.get(address(route), headers={"If-None-Match": '"other"'}, **request)
        if other.status_code != 200:
            wrong[route, "other"] = other.status_code
    assert wrong == {}
    assert {route for route in untagged if route[2].startswith("/api/")} == set()


async def test_the_documents_say_that_a_get_is_conditional(house: House) -> None:
    for name, app in house.apps.items():
        for path, operations in app.openapi()["paths"].items():
            if operation := operations.get("get"):
                named = {parameter["name"] for parameter in operation["parameters"]}
                assert "If-None-Match" in named, (name, path)
                assert "304" in operation["responses"], (name, path)
                assert "ETag" in operation["responses"]["200"]["headers"], (name, path)


async def test_no_address_is_answered_with_a_redirect_made_of_the_host(house: House) -> None:
    wrong = {}
    for route in RIGHTS:
        if route[2] == "/":
            continue
        for slashed in (f"{address(route)}/", f"/{address(route)}", f"{address(route)}//"):
            answer = await house.of(route[0], Who.OPERATOR).request(
                route[1],
                slashed,
                headers={"Host": "attacker.example"},
                **request_of(route, Who.OPERATOR),
            )
            if "attacker" in str(answer.headers) or answer.status_code in (301, 302, 307, 308):
                wrong[*route, slashed] = (answer.status_code, answer.headers)
    assert wrong == {}


@pytest.mark.parametrize("origin", FOREIGN)
async def test_pages_of_other_origins_may_read_what_is_open_and_nothing_else(
    house: House, origin: str
) -> None:
    wrong = {}
    for route in reads():
        is_open = route[2].startswith("/api/") and RIGHTS[route].strangers != 401
        for who in (Who.NOBODY, Who.OPERATOR):
            answer = await house.of(route[0], who).get(
                address(route), headers={"Origin": origin}, **request_of(route, who)
            )
            allowed = answer.headers.get("access-control-allow-origin")
            if (allowed == "*") is not is_open or "access-control-allow-credentials" in (
                answer.headers
            ):
                wrong[*route, who.value] = (answer.status_code, allowed)
    assert wrong == {}


async def test_a_browser_may_ask_before_it_reads_conditionally(house: House) -> None:
    headers = {
        "Origin": FOREIGN[0],
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "if-none-match",
    }
    answer = await house.of("registry", Who.NOBODY).options(
        "/api/registry/v1/municipalities", headers=headers
    )
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "If-None-Match" in answer.headers["Access-Control-Allow-Headers"]
    assert "authorization" not in answer.headers["Access-Control-Allow-Headers"].lower()


async def test_every_answer_forbids_to_guess_its_media_type(house: House) -> None:
    wrong = {}
    for name, method, path in RIGHTS:
        for asked in (method, "HEAD", "OPTIONS", "PATCH"):
            for who in (Who.NOBODY, Who.OPERATOR):
                answer = await house.of(name, who).request(asked, address((name, method, path)))
                if answer.headers.get_list("x-content-type-options") != ["nosniff"]:
                    wrong[name, asked, path, who] = (answer.status_code, answer.headers)
    assert wrong == {}


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "text/json",
        "nonsense",
        "application/json; charset=iso-8859-1",
    ],
)
async def test_a_body_that_is_not_json_is_refused_where_json_is_wanted(
    house: House, media_type: str
) -> None:
    wrong = {}
    asked = 0
    for name, path, route in machine_routes(house):
        content = (route.openapi_extra or {}).get("requestBody", {}).get("content", {JSON: None})
        if (route.body_field is None and route.openapi_extra is None) or JSON not in content:
            continue
        for method in route.methods or ():
            asked += 1
            answer = await house.of(name, Who.OPERATOR).request(
                method,
                address((name, method, path)),
                content=b"{}",
                headers={"content-type": media_type},
            )
            if answer.status_code != 415 or answer.json()["code"] != "media-type":
                wrong[name, method, path] = (answer.status_code, answer.text[:200])
    assert asked > 15
    assert wrong == {}


async def test_the_document_goes_by_the_same_rules_as_what_it_describes(house: House) -> None:
    client = house.of("registry", Who.NOBODY)
    answer = await client.get("/api/registry/v1/openapi.json")
    again = await client.get(
        "/api/registry/v1/openapi.json", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (answer.status_code, again.status_code) == (200, 304)
    assert answer.json()["openapi"].startswith("3.1")


async def test_no_list_takes_a_cursor_that_it_cannot_have_given_out(house: House) -> None:
    wrong = {}
    lists = 0
    for name, app in house.apps.items():
        for path, operations in app.openapi()["paths"].items():
            named = {each["name"] for each in operations.get("get", {}).get("parameters", ())}
            if "cursor" not in named:
                continue
            lists += 1
            route = (name, "GET", path)
            wanted = request_of(route, Who.OPERATOR)["params"] or {}
            for place in NO_PLACES:
                cursor = base64.urlsafe_b64encode(place).decode().rstrip("=")
                answer = await house.of(name, Who.OPERATOR).get(
                    address(route), params={**wanted, "cursor": cursor}
                )
                told = (answer.status_code, answer.json().get("code"))
                if told != (422, "cursor-malformed"):
                    wrong[name, path, place] = told
    assert lists >= 12
    assert wrong == {}


async def test_what_can_be_had_as_csv_is_had_by_header_and_by_address(house: House) -> None:
    await make_all(house)
    wrong = {}
    files = 0
    for name, app in house.apps.items():
        for path, operations in app.openapi()["paths"].items():
            answers = operations.get("get", {}).get("responses", {})
            if "text/csv" not in answers.get("200", {}).get("content", {}):
                continue
            files += 1
            client, route = house.of(name, Who.OPERATOR), (name, "GET", path)
            wanted = request_of(route, Who.OPERATOR)["params"] or {}
            by_header = await client.get(
                address(route), params=wanted, headers={"Accept": "text/csv"}
            )
            by_address = await client.get(address(route), params={**wanted, "format": "csv"})
            plain = await client.get(address(route), params=wanted)
            kinds = [
                each.headers.get("content-type", "").partition(";")[0]
                for each in (by_header, by_address, plain)
            ]
            told = (kinds, by_header.text == by_address.text, plain.headers.get("vary"))
            if told != (["text/csv", "text/csv", "application/json"], True, "Accept"):
                wrong[name, path] = told
    assert files >= 2
    assert wrong == {}
