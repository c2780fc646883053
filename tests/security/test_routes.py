"""Every route of every service, asked by everybody who may come: the table says whom each lets in.

Which municipality's things a publisher may touch behind a route is not asked here.
"""

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

import pytest
from httpx2 import AsyncClient

from deploy.services import SERVICES
from shared import auth
from shared.events.registry import PublisherKey, PublisherRegistered, SpeaksFor
from tests.conftest import RunService
from tests.security.routes import all_routes, ask
from tests.support.apps import RunningService


class Door(StrEnum):
    """Whom a route lets in."""

    OPEN = "open"
    KEYED = "keyed"
    OPERATOR = "operator"


ROUTES: dict[str, Door] = {
    "registry GET /api/registry/v1/openapi.json": Door.OPEN,
    "registry GET /-/live": Door.OPEN,
    "registry GET /-/ready": Door.OPEN,
    "registry GET /-/metrics": Door.OPEN,
    "registry GET /api/registry/v1/status": Door.OPEN,
    "registry GET /api/registry/v1/municipalities": Door.OPEN,
    "registry GET /api/registry/v1/municipalities/{municipality_id}": Door.OPEN,
    "registry GET /api/registry/v1/programmes": Door.OPEN,
    "registry GET /api/registry/v1/programmes/{programme_id}": Door.OPEN,
    "registry GET /api/registry/v1/projects": Door.OPEN,
    "registry GET /api/registry/v1/projects/{project_id}": Door.OPEN,
    "registry GET /registry/static": Door.OPEN,
    "registry GET /status": Door.OPEN,
    "registry GET /registry/{rest:path}": Door.OPEN,
    "reporting GET /api/reporting/v1/openapi.json": Door.OPEN,
    "reporting GET /-/live": Door.OPEN,
    "reporting GET /-/ready": Door.OPEN,
    "reporting GET /-/metrics": Door.OPEN,
    "reporting GET /api/reporting/v1/status": Door.OPEN,
    "metrics GET /api/metrics/v1/openapi.json": Door.OPEN,
    "metrics GET /-/live": Door.OPEN,
    "metrics GET /-/ready": Door.OPEN,
    "metrics GET /-/metrics": Door.OPEN,
    "metrics GET /api/metrics/v1/status": Door.OPEN,
    "metrics GET /api/metrics/v1/series": Door.OPEN,
    "metrics GET /api/metrics/v1/boards/{municipality_id}": Door.OPEN,
    "metrics GET /metrics/static": Door.OPEN,
    "metrics GET /": Door.OPEN,
    "metrics GET /metrics/about": Door.OPEN,
    "metrics GET /metrics/boards/{municipality_id}": Door.OPEN,
    "metrics GET /metrics/{rest:path}": Door.OPEN,
    "notifications GET /api/notifications/v1/openapi.json": Door.OPEN,
    "notifications GET /-/live": Door.OPEN,
    "notifications GET /-/ready": Door.OPEN,
    "notifications GET /-/metrics": Door.OPEN,
    "notifications GET /api/notifications/v1/status": Door.OPEN,
    "reporting POST /api/reporting/v1/absence-figures": Door.KEYED,
    "reporting POST /api/reporting/v1/absence-figures/{figure_id}/withdrawal": Door.KEYED,
    "reporting GET /api/reporting/v1/absence-figures": Door.KEYED,
    "reporting GET /api/reporting/v1/rounds/{round_id}": Door.KEYED,
    "reporting GET /api/reporting/v1/obligations": Door.KEYED,
    "reporting POST /api/reporting/v1/obligations/{obligation_id}/submissions": Door.KEYED,
    "registry GET /api/registry/v1/dead-letters": Door.OPERATOR,
    "registry GET /api/registry/v1/dead-letters/{letter_id}": Door.OPERATOR,
    "registry POST /api/registry/v1/dead-letters/{letter_id}/replay": Door.OPERATOR,
    "registry POST /api/registry/v1/dead-letters/{letter_id}/discard": Door.OPERATOR,
    "registry POST /api/registry/v1/consumers/{consumer}/replay": Door.OPERATOR,
    "registry PUT /api/registry/v1/municipalities/{municipality_id}": Door.OPERATOR,
    "registry POST /api/registry/v1/municipality-changes": Door.OPERATOR,
    "registry PUT /api/registry/v1/programmes/{programme_id}": Door.OPERATOR,
    "registry PUT /api/registry/v1/projects/{project_id}": Door.OPERATOR,
    "registry GET /api/registry/v1/publishers": Door.OPERATOR,
    "registry GET /api/registry/v1/publishers/{organisation_number}": Door.OPERATOR,
    "registry PUT /api/registry/v1/publishers/{organisation_number}": Door.OPERATOR,
    "registry POST /api/registry/v1/publishers/{organisation_number}/keys": Door.OPERATOR,
    "registry DELETE /api/registry/v1/publishers/{organisation_number}/keys/{key_id}": Door.OPERATOR,
    "registry POST /api/registry/v1/publishers/{organisation_number}/revocation": Door.OPERATOR,
    "registry DELETE /api/registry/v1/publishers/{organisation_number}/revocation": Door.OPERATOR,
    "reporting GET /api/reporting/v1/dead-letters": Door.OPERATOR,
    "reporting GET /api/reporting/v1/dead-letters/{letter_id}": Door.OPERATOR,
    "reporting POST /api/reporting/v1/dead-letters/{letter_id}/replay": Door.OPERATOR,
    "reporting POST /api/reporting/v1/dead-letters/{letter_id}/discard": Door.OPERATOR,
    "reporting POST /api/reporting/v1/consumers/{consumer}/replay": Door.OPERATOR,
    "reporting PUT /api/reporting/v1/rounds/{round_id}": Door.OPERATOR,
    "metrics GET /api/metrics/v1/dead-letters": Door.OPERATOR,
    "metrics GET /api/metrics/v1/dead-letters/{letter_id}": Door.OPERATOR,
    "metrics POST /api/metrics/v1/dead-letters/{letter_id}/replay": Door.OPERATOR,
    "metrics POST /api/metrics/v1/dead-letters/{letter_id}/discard": Door.OPERATOR,
    "metrics POST /api/metrics/v1/consumers/{consumer}/replay": Door.OPERATOR,
    "notifications GET /api/notifications/v1/dead-letters": Door.OPERATOR,
    "notifications GET /api/notifications/v1/dead-letters/{letter_id}": Door.OPERATOR,
    "notifications POST /api/notifications/v1/dead-letters/{letter_id}/replay": Door.OPERATOR,
    "notifications POST /api/notifications/v1/dead-letters/{letter_id}/discard": Door.OPERATOR,
    "notifications POST /api/notifications/v1/consumers/{consumer}/replay": Door.OPERATOR,
    "notifications PUT /api/notifications/v1/subscriptions/{subscription_id}": Door.OPERATOR,
    "notifications POST /api/notifications/v1/subscriptions/{subscription_id}/secret": Door.OPERATOR,
    "notifications GET /api/notifications/v1/subscriptions": Door.OPERATOR,
    "notifications GET /api/notifications/v1/subscriptions/{subscription_id}": Door.OPERATOR,
    "notifications GET /api/notifications/v1/deliveries": Door.OPERATOR,
}
GOOD, EXPIRED, GONE, UNKNOWN = (auth.make_key() for _ in range(4))
KEYS = {"nobody": None, "unknown": UNKNOWN, "expired": EXPIRED, "revoked": GONE, "publisher": GOOD}
NOW = datetime.now(UTC)


def test_the_table_names_every_route_and_no_other() -> None:
    assert set(ROUTES) == set(all_routes())


@pytest.fixture
async def services(run: RunService) -> dict[str, RunningService]:
    """All services, each of which has heard of a publisher that lives and of one that was revoked."""
    running = {name: await run(name) for name in SERVICES}
    keys = [
        PublisherKey(key_id=GOOD.key_id, hash=GOOD.hash),
        PublisherKey(key_id=EXPIRED.key_id, hash=EXPIRED.hash, expires_at=NOW - timedelta(days=1)),
    ]
    mandates = [SpeaksFor(municipality_id="vefsn-1824", from_=date(2010, 1, 1), to=None)]
    gone = PublisherKey(key_id=GONE.key_id, hash=GONE.hash)
    heard = [
        PublisherRegistered(organisation_number="974760673", version=1, name="A", may_speak_for=mandates, keys=keys),
        PublisherRegistered(
            organisation_number="964982953", version=1, name="B", may_speak_for=[], keys=[gone], revoked_at=NOW
        ),
    ]
    for each in running.values():
        async with each.service.database.transaction() as conn:
            await auth.keep_publishers(conn, heard)
    return running


async def test_each_route_lets_in_whom_the_table_says(services: dict[str, RunningService]) -> None:
    found, wanted = {}, {}
    for route, (name, method, path) in all_routes().items():
        for who, key in KEYS.items():
            answer = await _status(services[name].client, route, method, path, key)
            found[route, who] = answer if answer in (401, 403) else "let in"
            wanted[route, who] = _wanted(ROUTES[route], who)
        answer = await _status(services[name].operator, route, method, path, None)
        found[route, "operator"], wanted[route, "operator"] = answer if answer in (401, 403) else "let in", "let in"
    assert {cell: it for cell, it in found.items() if it != wanted[cell]} == {}


def _wanted(door: Door, who: str) -> int | str:
    if door is Door.OPEN:
        return "let in"
    if who != "publisher":
        return 401
    return 403 if door is Door.OPERATOR else "let in"


async def _status(client: AsyncClient, route: str, method: str, path: str, key: auth.NewKey | None) -> int:
    answer = await ask(client, route, method, path, headers={"Authorization": f"Bearer {key.text}"} if key else {})
    assert answer.status_code != 500, (route, answer.status_code, answer.text)
    return int(answer.status_code)
