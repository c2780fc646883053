"""All routes of all services, and how to ask at each of them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from httpx2 import AsyncClient, Response

from deploy.services import SERVICES, wiring

ROUND: dict[str, Any] = {
    "programme_id": "saman-2011",
    "report_kind": "annual",
    "period": "2012",
    "opens_on": "2013-01-01",
    "due_on": "2013-02-01",
}
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
FILLED = {
    "figure_id": UUID(int=1),
    "obligation_id": UUID(int=1),
    "letter_id": 1,
    "delivery_id": UUID(int=1),
    "organisation_number": "310000019",
    "municipality_id": "vefsn-1824",
    "person_id": UUID(int=1),
    "token": "t" * 43,
    "version": 1,
    "kind": "municipality",
    "table_id": "projects-by-county",
}
BODIES: dict[str, dict[str, Any]] = {
    "notifications PUT /api/notifications/v1/subscriptions/{subscription_id}": {
        "channel": "mail",
        "address": "hr@vefsn.example",
    },
    "reporting PUT /api/reporting/v1/rounds/{round_id}": ROUND,
}
"""For routes that read the body before they ask who sent it."""

PARAMETERS = {
    "registry GET /api/registry/v1/grant-sums": {"programme": "some-thing"},
    "registry GET /api/registry/v1/tables/{table_id}": {"programme": "some-thing"},
    "reporting GET /api/reporting/v1/figures": {"municipality": "vefsn-1824"},
    "metrics GET /api/metrics/v1/series": {"subject": "municipality/vefsn-1824", "window": "month"},
    "metrics GET /api/metrics/v1/rankings": {
        "metric": "absence",
        "definition_key": "total.agreed.corrected.municipality-hr",
        "window": "year",
        "period": "2012",
    },
}


def flat(routes: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every route with its path, also those of routers that were included."""
    for route in routes:
        if hasattr(route, "original_router"):
            yield from flat(route.original_router.routes, prefix + route.include_context.prefix)
        else:
            yield prefix + route.path, route


def routes_of(routes: list[Any]) -> Iterator[tuple[str, str]]:
    """Yield method and path of everything that answers, also of what stands in no document."""
    for path, route in flat(routes):
        for method in getattr(route, "methods", None) or {"GET"}:
            if method != "HEAD":
                yield method, path


def all_routes() -> dict[str, tuple[str, str, str]]:
    """Return service, method and path of every route, by a name made of the three."""
    found = {}
    for name in SERVICES:
        module = wiring(name)
        app = module.create_app(
            module.Settings.model_validate({"database_dsn": "postgresql://nobody@127.0.0.1:1/none"})
        )
        for method, path in routes_of(app.routes):
            found[f"{name} {method} {path}"] = (name, method, path)
    return found


async def ask(
    client: AsyncClient,
    route: str,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Ask at a route, its address and body filled so that the request gets as far as it can."""
    path = _PARAMETER.sub(lambda found: str(FILLED.get(found[1], "some-thing")), path)
    body = None if method == "GET" else BODIES.get(route, {})
    return await client.request(
        method, path, params=PARAMETERS.get(route), headers=headers, json=body
    )
