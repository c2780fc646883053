"""What every route answers to whom: the table of rights, written out."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from services.reporting.figures.kinds.known import KINDS
from services.reporting.rounds.commands import obligation_id_of
from tests.reporting.factories import ORGNR, VEFSN
from tests.reporting.forms.sample import form
from tests.security.conftest import Who

GOLDEN = Path(__file__).parents[1] / "golden" / "events"

REPORT_ROUND = "annual-2012"
ROUND: dict[str, Any] = {
    "programme_id": "saman-2011",
    "report_kind": "annual",
    "period": "2012",
    "opens_on": "2013-01-02",
    "due_on": "2013-02-01",
}
STRANGERS = (Who.NOBODY, Who.UNKNOWN, Who.EXPIRED, Who.REVOKED)


@dataclass(frozen=True, slots=True)
class Answers:
    """The status that each gets. Whoever has no good key gets 401, unless the route is open to
    all.
    """

    own: int
    other: int
    operator: int
    strangers: int = 401

    def to(self, who: Who) -> int:
        """Return the status that somebody gets."""
        if who in STRANGERS:
            return self.strangers
        return {Who.OWN: self.own, Who.OTHER: self.other, Who.OPERATOR: self.operator}[who]


def everybody(status: int) -> Answers:
    """The same to all: published things, and pages that know no keys but sessions."""
    return Answers(status, status, status, status)


def operator(status: int) -> Answers:
    """The operator's alone."""
    return Answers(403, 403, status)


_ALL_SERVICES: dict[str, Answers] = {
    "GET /api/{service}/v1/openapi.json": everybody(200),
    "GET /-/live": everybody(200),
    "GET /-/ready": everybody(503),  # neither consumers nor relay run here
    "GET /-/metrics": everybody(200),
    "GET /api/{service}/v1/status": everybody(200),
    "GET /api/{service}/v1/dead-letters": operator(200),
    "GET /api/{service}/v1/dead-letters/{letter_id}": operator(404),
    "POST /api/{service}/v1/dead-letters/{letter_id}/replay": operator(404),
    "POST /api/{service}/v1/dead-letters/replay": operator(200),
    "POST /api/{service}/v1/dead-letters/{letter_id}/discard": operator(404),
    "GET /api/{service}/v1/parked-keys": operator(200),
    "POST /api/{service}/v1/parked-keys/release": operator(404),
    "GET /api/{service}/v1/key-uses/{organisation_number}": operator(200),
    "POST /api/{service}/v1/consumers/{consumer}/replay": operator(404),
}
_KEPT: dict[str, dict[str, Any]] = {
    "networks/{network_id}": {"programme_id": "some-thing", "names": {"nb": "Saman"}},
    "gatherings/{gathering_id}": {
        "programme_id": "some-thing",
        "kind": "other",
        "names": {"nb": "Saman"},
        "starts_at": "2012-09-12T10:00:00+02:00",
        "ends_at": "2012-09-13T15:00:00+02:00",
        "place": "Bergen",
    },
    "commitments/{commitment_id}": {
        "gathering_id": "some-thing",
        "project_id": "some-thing",
        "text": "Kalle inn partene",
        "due_on": "2012-10-01",
    },
    "grants/{grant_id}": {
        "project_id": "some-thing",
        "year": 2012,
        "amount": "250000.00",
        "conditional": True,
    },
    "knowledge/{knowledge_id}": {
        "programme_id": "some-thing",
        "kind": "good-example",
        "names": {"nb": "Tavla"},
        "source": {"by": "Vefsn kommune"},
    },
}
"""What stands on a project and is put: open to read, the operator's to write."""

_AT_A_GATHERING: dict[str, tuple[int, dict[str, Any]]] = {
    "sign-ups": (200, {"municipality_id": "ny-9001", "counts": {"elected": 2}}),
    "seating": (200, {"table_size": 3}),
    "attendance": (200, {"attended": []}),
    "cancellation": (409, {"reason": "snow"}),
}
"""In this order: what was held cannot be cancelled."""

_API = "/api/registry/v1"
_PROGRAMME_LIFE: dict[str, Answers] = {
    **{f"GET {_API}/{path.partition('/')[0]}": everybody(200) for path in _KEPT},
    **{f"GET {_API}/{path}": everybody(404) for path in _KEPT},
    **{f"PUT {_API}/{path}": operator(201) for path in _KEPT},
    **{
        f"POST {_API}/gatherings/{{gathering_id}}/{name}": operator(status)
        for name, (status, _) in _AT_A_GATHERING.items()
    },
    f"GET {_API}/grant-sums": everybody(200),
    f"GET {_API}/tables/{{table_id}}": everybody(200),
}
_REGISTRY: dict[str, Answers] = {
    "GET /api/registry/v1/municipalities": everybody(200),
    "GET /api/registry/v1/municipalities/{municipality_id}": everybody(404),
    "GET /api/registry/v1/programmes": everybody(200),
    "GET /api/registry/v1/programmes/{programme_id}": everybody(404),
    "GET /api/registry/v1/projects": everybody(200),
    "GET /api/registry/v1/projects/{project_id}": everybody(404),
    "GET /api/registry/v1/metrics": everybody(200),
    "GET /api/registry/v1/metrics/{metric_id}": everybody(404),
    "PUT /api/registry/v1/metrics/{metric_id}": operator(201),
    "GET /registry/programmes": everybody(200),
    "GET /registry/programmes/{programme_id}": everybody(404),
    "GET /registry/programmes/{programme_id}/tables/{table_id}": everybody(404),
    "GET /registry/projects/{project_id}": everybody(404),
    "GET /registry/networks/{network_id}": everybody(404),
    "GET /registry/gatherings/{gathering_id}": everybody(404),
    "GET /registry/static": everybody(404),
    "GET /status": everybody(200),
    "GET /registry/{rest:path}": everybody(404),
    "GET /registry/sign-in": everybody(200),
    "POST /registry/sign-in": everybody(403),
    "POST /registry/sign-out": everybody(303),
    "GET /registry/my-access": everybody(303),
    "GET /registry/my-access/file": everybody(303),
    "POST /registry/my-access/person": everybody(303),
    "POST /registry/my-access/deputy": everybody(303),
    "POST /registry/my-access/sessions": everybody(303),
    "POST /registry/my-access/leave": everybody(303),
    "GET /registry/people": everybody(303),
    "POST /registry/people/invite": everybody(303),
    "POST /registry/people/{person_id}/end": everybody(303),
    "POST /registry/sign-in/mail": everybody(422),
    "POST /registry/sign-in/code": everybody(403),
    "GET /registry/sign-in/link/{token}": everybody(200),
    "POST /registry/sign-in/link/{token}": everybody(403),
    "POST /api/registry/v1/people": operator(422),
    "GET /api/registry/v1/people/{person_id}": operator(404),
    "DELETE /api/registry/v1/people/{person_id}": operator(204),
    "POST /api/registry/v1/people/{person_id}/sign-in-links": operator(404),
    "GET /registry/dead-letters": everybody(303),
    "POST /registry/dead-letters/replay": everybody(303),
    "GET /registry/dead-letters/{name}/{letter_id}": everybody(303),
    "POST /registry/dead-letters/{name}/{letter_id}/replay": everybody(303),
    "POST /registry/dead-letters/{name}/{letter_id}/discard": everybody(303),
    "PUT /api/registry/v1/municipalities/{municipality_id}": operator(201),
    "POST /api/registry/v1/municipality-changes": operator(201),
    "PUT /api/registry/v1/programmes/{programme_id}": operator(201),
    "PUT /api/registry/v1/projects/{project_id}": operator(201),
    "GET /api/registry/v1/projects/{project_id}/quality": everybody(200),
    **_PROGRAMME_LIFE,
    "GET /api/registry/v1/publishers": operator(200),
    "GET /api/registry/v1/publishers/{organisation_number}": Answers(
        own=200, other=403, operator=200
    ),
    "PUT /api/registry/v1/publishers/{organisation_number}": operator(200),
    "POST /api/registry/v1/publishers/{organisation_number}/keys": operator(201),
    "DELETE /api/registry/v1/publishers/{organisation_number}/keys/{key_id}": operator(404),
    "POST /api/registry/v1/publishers/{organisation_number}/revocation": operator(200),
    "DELETE /api/registry/v1/publishers/{organisation_number}/revocation": operator(200),
}
_REPORTING: dict[str, Answers] = {
    **{
        f"POST /api/reporting/v1/{kind.route}": Answers(own=201, other=403, operator=201)
        for kind in KINDS
    },
    "GET /reporting/static": everybody(404),
    "GET /reporting/forms": everybody(200),
    "GET /reporting/forms/{form_id}/{version}": everybody(404),
    "POST /reporting/forms/{form_id}/{version}": everybody(404),
    "GET /reporting/{rest:path}": everybody(404),
    "POST /api/reporting/v1/figures/{figure_id}/withdrawal": Answers(
        own=200, other=404, operator=200
    ),
    "GET /api/reporting/v1/figures": Answers(own=200, other=403, operator=200),
    "GET /api/reporting/v1/forms": everybody(200),
    "GET /api/reporting/v1/forms/{form_id}/versions/{version}": everybody(404),
    "POST /api/reporting/v1/forms/{form_id}/versions/{version}/trials": Answers(
        own=404, other=404, operator=404
    ),
    "PUT /api/reporting/v1/forms/{form_id}/versions/{version}": operator(201),
    "PUT /api/reporting/v1/rounds/{round_id}": operator(200),
    "GET /api/reporting/v1/rounds/{round_id}": Answers(own=200, other=200, operator=200),
    "GET /api/reporting/v1/obligations": Answers(own=200, other=200, operator=200),
    "POST /api/reporting/v1/obligations/{obligation_id}/extension": operator(200),
    "POST /api/reporting/v1/obligations/{obligation_id}/return": operator(409),
    "POST /api/reporting/v1/obligations/{obligation_id}/acceptance": operator(409),
    "POST /api/reporting/v1/obligations/{obligation_id}/submissions": Answers(
        own=201, other=403, operator=201
    ),
}
_METRICS: dict[str, Answers] = {
    "GET /api/metrics/v1/series": everybody(200),
    "GET /api/metrics/v1/rankings": everybody(200),
    "GET /api/metrics/v1/boards/{municipality_id}": everybody(404),
    "GET /metrics/static": everybody(404),
    "GET /": everybody(200),
    "GET /metrics/about": everybody(200),
    "GET /metrics/boards/{municipality_id}": everybody(404),
    "GET /metrics/rankings": everybody(200),
    "GET /metrics/{rest:path}": everybody(404),
}
_NOTIFICATIONS: dict[str, Answers] = {
    "PUT /api/notifications/v1/subscriptions/{subscription_id}": operator(201),
    "POST /api/notifications/v1/subscriptions/{subscription_id}/secret": operator(201),
    "GET /api/notifications/v1/subscriptions": operator(200),
    "GET /api/notifications/v1/subscriptions/{subscription_id}": operator(200),
    "GET /api/notifications/v1/deliveries": operator(200),
    "GET /api/notifications/v1/obligations/{obligation_id}/reminders": operator(200),
    "GET /api/notifications/v1/calendars/{kind}/{subject_id}.ics": everybody(404),
    "GET /api/notifications/v1/feeds/milestones.atom": everybody(200),
    "GET /api/notifications/v1/deliveries/{delivery_id}": operator(404),
    "POST /api/notifications/v1/deliveries/{delivery_id}/repetition": operator(404),
    "POST /api/notifications/v1/subscriptions/{subscription_id}/repetition": operator(202),
    "POST /api/notifications/v1/subscriptions/{subscription_id}/test": operator(202),
}
_OWN_ROUTES = {
    "registry": _REGISTRY,
    "reporting": _REPORTING,
    "metrics": _METRICS,
    "notifications": _NOTIFICATIONS,
}

Route = tuple[str, str, str]
"""Service, method and path."""

RIGHTS: dict[Route, Answers] = {
    (service, *route.replace("{service}", service).split(" ", 1)): answers  # type: ignore[misc]  # two parts
    for service, own in _OWN_ROUTES.items()
    for route, answers in (_ALL_SERVICES | own).items()
}

_FILLED = {
    "obligation_id": obligation_id_of(REPORT_ROUND, "vefsn-naervaer"),
    "letter_id": 1,
    "delivery_id": "0b54a9a6-8c0e-4d53-9a7e-6d0a9c1f2e12",
    "municipality_id": "ny-9001",
    "round_id": REPORT_ROUND,
    "name": "metrics",
    "person_id": "0b54a9a6-8c0e-4d53-9a7e-6d0a9c1f2e11",
    "token": "t" * 43,
    "version": 1,
    "kind": "programme",
    "table_id": "projects-by-county",
}
_NAMES = {"names": {"nb": "Saman"}}
_VERSION = {
    "number": "9001",
    "name": "Ny",
    "county_number": "90",
    "county_name": "Ny",
    "valid_from": "2000-01-01",
}
_METRIC = {"unit": "points", "kind": "score", "over_time": "mean", "better": "higher", **_NAMES}
_BODIES: dict[str, dict[str, Any]] = {
    "POST /api/reporting/v1/obligations/{obligation_id}/extension": {
        "until": "2030-01-01",
        "reason": "long illness",
    },
    "POST /api/reporting/v1/obligations/{obligation_id}/return": {"note": "goals are missing"},
    **{f"PUT {_API}/{path}": body for path, body in _KEPT.items()},
    **{
        f"POST {_API}/gatherings/{{gathering_id}}/{name}": body
        for name, (_, body) in _AT_A_GATHERING.items()
    },
    "PUT /api/registry/v1/metrics/{metric_id}": _METRIC,
    "PUT /api/registry/v1/municipalities/{municipality_id}": {"versions": [_VERSION]},
    "POST /api/registry/v1/municipality-changes": {
        "change_id": "renamed-9001",
        "kind": "rename",
        "on": "2010-01-01",
        "municipality_id": "ny-9001",
        "name": "Nyare",
    },
    "PUT /api/registry/v1/programmes/{programme_id}": _NAMES,
    "PUT /api/registry/v1/projects/{project_id}": {"programme_id": "some-thing", **_NAMES},
    "PUT /api/registry/v1/publishers/{organisation_number}": {"name": "Vefsn"},
    "PUT /api/reporting/v1/forms/{form_id}/versions/{version}": form(form_id="some-thing"),
    "POST /api/reporting/v1/forms/{form_id}/versions/{version}/trials": {"answers": {}},
    "PUT /api/reporting/v1/rounds/{round_id}": ROUND,
    "PUT /api/notifications/v1/subscriptions/{subscription_id}": {
        "channel": "webhook",
        "address": "https://hooks.example.org/x",
    },
    "POST /api/notifications/v1/subscriptions/{subscription_id}/repetition": {
        "since": "2013-01-01T00:00:00Z"
    },
}
_PARAMETERS = {
    f"GET {_API}/grant-sums": {"programme": "some-thing"},
    f"GET {_API}/tables/{{table_id}}": {"programme": "some-thing"},
    "GET /api/reporting/v1/figures": {"municipality": VEFSN},
    "GET /api/metrics/v1/series": {"subject": f"municipality/{VEFSN}", "window": "month"},
    "GET /api/metrics/v1/rankings": {
        "metric": "absence",
        "definition_key": "total.agreed.corrected.municipality-hr",
        "window": "year",
        "period": "2012",
    },
}


def address_of(path: str, **more: Any) -> str:
    """Fill the parameters of a path in; what has no value of its own is called `some-thing`."""
    filled = _FILLED | more

    def value(found: re.Match[str]) -> str:
        return str(filled.get(found[1], "some-thing"))

    return re.sub(r"\{(\w+)(?::\w+)?\}", value, path)


def _figure_for(path: str) -> dict[str, Any]:
    """Return the golden figure of the kind that a route takes, under a new id, of Vefsn."""
    kind = next(kind for kind in KINDS if path.endswith(f"/{kind.route}"))
    name = kind.contract.type.removeprefix("no.saman.")
    golden: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    payload: dict[str, Any] = golden["payload"]
    return payload | {"figure_id": str(uuid4()), "municipality": "9824"}


def request_of(route: Route, who: Who) -> dict[str, Any]:
    """Return what a well-meaning client sends; the operator posts in the publisher's name."""
    _, method, path = route
    name = f"{method} {path}"
    params = _PARAMETERS.get(name)
    if method in ("GET", "DELETE"):
        return {"params": params}
    if path.startswith("/registry/"):
        return {"content": b"key=guessed"}
    body = dict(_BODIES.get(name, {}))
    if "/consumers/" in path:
        body = {"since": "beginning"}
    if path.endswith("/release"):
        body = {"topic": "registry.publisher.v1", "key": ORGNR}
    if path.endswith("/discard"):
        body = {"reason": "sent by mistake"}
    if path.endswith("-figures"):
        body = _figure_for(path)
    if path.endswith("/withdrawal"):
        body = {"reason": "wrong"}
    if path.endswith("/submissions"):
        body = {"submission_id": str(uuid4())}
    if path.startswith("/api/reporting/v1/") and path.endswith(
        ("-figures", "/withdrawal", "/submissions")
    ):
        body |= {"publisher": ORGNR} if who is Who.OPERATOR else {}
    return {"json": body}
