"""What the one door of a machine answers itself."""

import pytest
from httpx2 import ASGITransport, AsyncClient

from deploy.containers.gateway import make_gateway


@pytest.mark.parametrize(
    ("method", "address", "status", "code"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/api/nobody/v1/things", 404, "not-found"),
        ("PUT", "/api", 404, "not-found"),
        ("GET", "/openapi.json", 404, "not-found"),
        ("GET", "/api/metrics/v1/series", 503, "unavailable"),
        ("POST", "/-/live", 405, "method-not-allowed"),
    ],
)
async def test_what_belongs_to_no_service_is_answered_with_a_problem(
    method: str, address: str, status: int, code: str
) -> None:
    async with AsyncClient(
        transport=ASGITransport(make_gateway({})), base_url="http://test"
    ) as client:
        answer = await client.request(method, address)

    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["status"], answer.json()["code"]) == (
        status,
        status,
        code,
    )


async def test_the_door_itself_lives_and_is_ready_when_all_behind_it_are() -> None:
    async with AsyncClient(
        transport=ASGITransport(make_gateway({})), base_url="http://test"
    ) as client:
        assert (await client.get("/-/live")).json() == {"live": True}
        assert (await client.get("/-/ready")).json() == {"ready": True, "reasons": {}}
