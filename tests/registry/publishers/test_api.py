"""Publishers, their keys, and who may do what, over HTTP on the real app."""

import json

import pytest
from httpx2 import Response

from tests.registry.client import API, code_of, put_publisher
from tests.security.routes import routes_of
from tests.support.apps import RunningService


async def test_a_key_is_shown_once_and_opens_its_publishers_own_page(
    registry: RunningService,
) -> None:
    number = await put_publisher(registry.operator)

    made = await registry.operator.post(f"{API}/publishers/{number}/keys")

    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    key = made.json()["key"]
    key_id, _, secret = key.removeprefix("pub_").partition(".")
    assert (key_id, len(secret)) == (made.json()["key_id"], 43)
    own = await registry.client.get(
        f"{API}/publishers/{number}", headers={"Authorization": f"Bearer {key}"}
    )
    assert [each["key_id"] for each in own.json()["keys"]] == [key_id]
    assert secret not in own.text
    other = await put_publisher(registry.operator)
    foreign = await registry.client.get(
        f"{API}/publishers/{other}", headers={"Authorization": f"Bearer {key}"}
    )
    assert code_of(foreign) == (403, "not-allowed")


async def test_keys_rotate_and_are_taken_back(registry: RunningService) -> None:
    path = f"{API}/publishers/{await put_publisher(registry.operator)}"
    first = (await registry.operator.post(f"{path}/keys")).json()
    await registry.operator.post(f"{path}/keys", json={"expires_at": "2099-01-01T00:00:00Z"})
    assert code_of(await registry.operator.post(f"{path}/keys")) == (409, "keys-two-live")

    for _ in range(2):
        gone = await registry.operator.delete(f"{path}/keys/{first['key_id']}")
        assert gone.status_code == 200

    left = (await registry.operator.get(path)).json()["keys"]
    assert [each["expires_at"] for each in left] == ["2099-01-01T00:00:00Z"]
    bearer = {"Authorization": f"Bearer {first['key']}"}
    assert code_of(await registry.client.get(path, headers=bearer)) == (401, "not-authenticated")
    past = await registry.operator.post(f"{path}/keys", json={"expires_at": "2001-01-01T00:00:00Z"})
    assert code_of(past) == (422, "key-expired")
    assert (await registry.operator.post(f"{path}/keys")).status_code == 201
    assert code_of(await registry.operator.delete(f"{path}/keys/nothing")) == (404, "key-unknown")


async def test_a_revoked_publisher_stays_so_until_it_is_lifted(registry: RunningService) -> None:
    path = f"{API}/publishers/{await put_publisher(registry.operator)}"
    revoked = await registry.operator.post(f"{path}/revocation")
    assert revoked.json()["revoked_at"] is not None
    assert code_of(await registry.operator.post(f"{path}/keys")) == (409, "publisher-revoked")
    assert code_of(await registry.operator.put(path, json={"name": "N"})) == (
        409,
        "publisher-revoked",
    )
    back = await registry.operator.delete(f"{path}/revocation")
    assert back.json()["revoked_at"] is None
    assert (await registry.operator.post(f"{path}/keys")).status_code == 201


async def test_a_wrong_organisation_number_is_refused(registry: RunningService) -> None:
    answer = await registry.operator.put(f"{API}/publishers/974760674", json={"name": "N"})
    assert code_of(answer) == (422, "organisation-number-invalid")
    assert code_of(await registry.operator.get(f"{API}/publishers/974760674")) == (
        404,
        "publisher-unknown",
    )


async def test_publishers_are_listed_for_the_operator(registry: RunningService) -> None:
    number = await put_publisher(registry.operator)
    listed = (await registry.operator.get(f"{API}/publishers?limit=1000")).json()
    assert number in [item["organisation_number"] for item in listed["items"]]


WRITES = [
    ("PUT", "municipalities/vefsn-1824"),
    ("POST", "municipality-changes"),
    ("PUT", "programmes/saman"),
    ("PUT", "projects/vefsn"),
    ("PUT", "publishers/974760673"),
    ("POST", "publishers/974760673/keys"),
    ("DELETE", "publishers/974760673/keys/abc"),
    ("POST", "publishers/974760673/revocation"),
    ("DELETE", "publishers/974760673/revocation"),
    ("GET", "publishers"),
    ("GET", "publishers/974760673"),
]


@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_only_the_operator_writes(registry: RunningService, method: str, path: str) -> None:
    async def ask(authorization: str | None) -> Response:
        headers = {"Authorization": authorization} if authorization else {}
        return await registry.client.request(
            method, f"{API}/{path}", json={"unknown": 1}, headers=headers
        )

    number = await put_publisher(registry.operator)
    key = (await registry.operator.post(f"{API}/publishers/{number}/keys")).json()["key"]

    assert code_of(await ask(None)) == (401, "not-authenticated")
    assert code_of(await ask("Bearer nonsense")) == (401, "not-authenticated")
    assert code_of(await ask("Basic b3BlcmF0b3I6")) == (401, "not-authenticated")
    assert code_of(await ask(f"Bearer {key}x")) == (401, "not-authenticated")
    assert code_of(await ask(f"Bearer {key}")) == (403, "not-allowed")


async def test_every_route_is_described(registry: RunningService) -> None:
    described = (await registry.client.get(f"{API}/openapi.json")).json()
    routes = {
        f"{method.upper()} {path}"
        for path, methods in described["paths"].items()
        for method in methods
    }
    answered = {
        f"{method} {path}"
        for method, path in routes_of(registry.app.routes)
        if path.startswith(API) and not path.endswith("/openapi.json")
    }
    assert {route for route in routes if not route.startswith("HEAD ")} == answered
    text = json.dumps(described)
    named = {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}
    assert {ref.split('"')[0] for ref in text.split('"$ref": "')[1:]} <= named
