"""What the one door of a machine answers itself."""

import pytest
from httpx2 import ASGITransport, AsyncClient

from deploy.containers.gateway import make_gateway
from deploy.services import SERVICES
from tests.support.doors import open_doors
from tests.support.exposition import strictly
from tests.support.infrastructure import Infra


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


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text;version=1.0.0"])
async def test_the_figures_of_all_services_behind_one_door_are_one_exposition(
    infra: Infra, accept: str
) -> None:
    async with (
        open_doors(infra, *SERVICES) as apps,
        AsyncClient(transport=ASGITransport(make_gateway(apps)), base_url="http://test") as client,
    ):
        for service in SERVICES:
            await client.get(f"/api/{service}/v1/status")
        await client.get("/nowhere")
        await client.get("/-/live")
        answer = await client.get("/-/metrics", headers={"Accept": accept})

    families = strictly(answer.text, answer.headers["content-type"])
    ready = {sample.labels["service"] for sample in families["saman_ready"].samples}
    assert ready == set(SERVICES)
    counted = {
        (sample.labels["service"], sample.labels["route"], sample.labels["status"])
        for sample in families["saman_http_requests"].samples
    }
    asked = {(service, f"/api/{service}/v1/status", "200") for service in SERVICES}
    own = {("gateway", "none", "404"), ("gateway", "/-/live", "200")}
    assert counted == asked | own


async def test_the_route_of_a_request_is_the_template_and_not_the_address(infra: Infra) -> None:
    async with (
        open_doors(infra, "registry") as apps,
        AsyncClient(transport=ASGITransport(make_gateway(apps)), base_url="http://test") as client,
    ):
        await client.get("/api/registry/v1/municipalities/nobody-9999")
        await client.get("/registry/static/nothing.css")
        answer = await client.get("/-/metrics")

    families = strictly(answer.text, answer.headers["content-type"])
    routes = {sample.labels["route"] for sample in families["saman_http_requests"].samples}
    assert routes == {"/api/registry/v1/municipalities/{municipality_id}", "/registry/static"}
