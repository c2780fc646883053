"""What is offered and told to whom: API8 to API10 of the table in `test_owasp.py`."""

import asyncio
import json
import sys

import pytest

from deploy.services import SERVICES
from tests.security.conftest import House, Who
from tests.security.walking import RIGHTS
from tests.support.apps import OPERATOR_KEY
from tests.support.doors import bury, service_of


@pytest.mark.parametrize("service", SERVICES)
async def test_api8_nothing_is_offered_that_nobody_needs(house: House, service: str) -> None:
    client = house.of(service, Who.NOBODY)
    for path in (
        "/docs",
        "/redoc",
        "/openapi.json",
        "/asyncapi",
        "/asyncapi/try",
        "/debug",
        "/.env",
        "/actuator",
    ):
        assert (await client.get(path)).status_code == 404, path
    status = f"/api/{service}/v1/status"
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}
    statuses = {"GET": 200, "OPTIONS": 204, "TRACE": 405, "CONNECT": 405}
    for method, wanted in statuses.items():
        answer = await client.request(method, status, headers=preflight)
        assert answer.status_code == wanted
        assert "server" not in answer.headers
        assert "access-control-allow-methods" not in answer.headers
        assert "access-control-allow-credentials" not in answer.headers
    for key in ("", "operator", "admin", "changeme", "None", OPERATOR_KEY.upper()):
        headers = {"Authorization": f"Bearer {key}"}
        assert (
            await client.get(f"/api/{service}/v1/dead-letters", headers=headers)
        ).status_code == 401, key
    assert (await client.get(f"/api/{service}/v1/dead-letters/'%20OR%201=1")).status_code == 401


@pytest.mark.parametrize("service", SERVICES)
async def test_api8_what_goes_wrong_inside_is_told_to_nobody(house: House, service: str) -> None:
    app = house.apps[service]
    letter_id = await bury(app, b"a record", consumer=f"{service}.registry.publisher")
    async with service_of(app).database.transaction() as conn:
        await conn.execute("UPDATE dead_letter SET headers = '1' WHERE id = $1", letter_id)
    answer = await house.of(service, Who.OPERATOR).get(
        f"/api/{service}/v1/dead-letters/{letter_id}"
    )
    async with service_of(app).database.transaction() as conn:
        await conn.execute("DELETE FROM dead_letter WHERE id = $1", letter_id)
    assert answer.status_code == 500
    assert answer.json() == {
        "type": "https://saman.no/problems/internal",
        "title": "Internal",
        "status": 500,
        "detail": "something is wrong on our side; it is logged",
        "code": "internal",
        "errors": [],
    }


@pytest.mark.parametrize("service", SERVICES)
async def test_api9_the_document_names_every_machine_route_and_no_other(
    house: House, service: str
) -> None:
    document = (await house.of(service, Who.NOBODY).get(f"/api/{service}/v1/openapi.json")).json()
    described = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
    }
    routed = {
        (method, path)
        for name, method, path in RIGHTS
        if name == service and path.startswith("/api/")
    }
    assert routed - described == {("GET", f"/api/{service}/v1/openapi.json")}
    assert described - routed == set()
    assert {path.split("/")[3] for _, path in routed} == {"v1"}, (
        "an old version that is still there is looked after"
    )
    for method, path in described:
        is_open = RIGHTS[service, method, path].strangers != 401
        secured = bool(document["paths"][path][method.lower()]["security"])
        assert secured is not is_open, (method, path)


async def test_api10_what_a_stranger_sent_stays_one_line_in_the_log() -> None:
    code = (
        "import structlog; from shared.service.logs import configure_logging;"
        " configure_logging();structlog.get_logger().warning('seen', sent='a\\r\\n{\"level\":"
        " \"forged\"}\\x1b[2J\\u2028', who='\\x00')"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stderr=asyncio.subprocess.PIPE
    )
    _, written = await process.communicate()
    assert process.returncode == 0
    (line,) = written.splitlines()
    assert json.loads(line)["sent"].startswith("a\r\n")
    assert not [byte for byte in line if byte < 0x20 or byte > 0x7E]
