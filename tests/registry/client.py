"""What a client of the registry sends, and how tests read what it gets."""

import secrets
from itertools import count
from typing import Any

from httpx2 import AsyncClient, Response

from tests.registry.factories import organisation_number_of_nobody

API = "/api/registry/v1"


_NUMBERS = count(6000)


def new_number() -> str:
    """Return a municipality number that no municipality of Norway and no other test has."""
    return str(next(_NUMBERS))


def some_id(what: str) -> str:
    """Return an id that no other test has."""
    return f"{what}-{secrets.token_hex(5)}"


def programme_body(programme_id: str, /, **changes: Any) -> dict[str, Any]:
    """Return a programme with one cohort and one theme, as a client sends it."""
    return {
        "names": {"nb": "Saman", "nn": None, "en": "Together"},
        "cohorts": [
            {
                "id": f"{programme_id}-1",
                "names": {"nb": "Pulje 1"},
                "starts_on": "2012-01-01",
                "claimed": {"municipalities": 51},
            }
        ],
        "themes": [
            {
                "id": "reputation",
                "names": {"nb": "Omdømme"},
                "options": [{"id": "open_house", "names": {"nb": "Åpent hus"}}],
            }
        ],
        "report_kinds": [{"id": "annual", "names": {"nb": "Årsrapport"}}],
        "claimed": {"municipalities": 110},
        **changes,
    }


GOAL = {
    "goal_id": "vefsn-naervaer",
    "window": "year-to-date",
    "definition": {
        "certification": "total",
        "denominator": "agreed",
        "holiday": "corrected",
        "source": "municipality-hr",
    },
    "direction": "falling",
    "baseline": {"value": "8.6", "period": "2007-2010"},
    "target": "6.9",
    "due_on": "2013-12-31",
    "persons_per_point": "10",
}


def project_body(programme_id: str, /, **changes: Any) -> dict[str, Any]:
    """Return Vefsn's project, as a client sends it."""
    body = {
        "programme_id": programme_id,
        "names": {"nb": "Vefsn"},
        "cohort_id": f"{programme_id}-1",
        "theme_ids": ["reputation"],
        "members": [{"municipality_id": "vefsn-1824", "from": "2012-01-01"}],
        "goals": [GOAL],
    }
    return {**body, **changes}


async def put_programme_and_project(
    operator: AsyncClient, **changes: Any
) -> tuple[str, str, Response]:
    """Put a programme and a project in it; return both ids and the answer to the second."""
    programme_id, project_id = some_id("programme"), some_id("project")
    await operator.put(f"{API}/programmes/{programme_id}", json=programme_body(programme_id))
    answer = await operator.put(
        f"{API}/projects/{project_id}", json=project_body(programme_id, **changes)
    )
    return programme_id, project_id, answer


def code_of(answer: Response) -> tuple[int, str]:
    """Return the status and the stable code of a problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


COUNTY = {"county_number": "80", "county_name": "A"}


async def found(operator: AsyncClient, count: int) -> tuple[list[str], list[str]]:
    """Register municipalities; return their ids and numbers."""
    numbers = [new_number() for _ in range(count)]
    for number in numbers:
        version = {"number": number, "name": "By", "valid_from": "2013-01-01", **COUNTY}
        answer = await operator.put(
            f"{API}/municipalities/by-{number}", json={"versions": [version]}
        )
        assert answer.status_code == 201, answer.text
    return [f"by-{number}" for number in numbers], numbers


async def put_publisher(operator: AsyncClient) -> str:
    """Register a publisher for Vefsn; return its number."""
    number = organisation_number_of_nobody()
    body = {"name": "Vefsn HR", "may_speak_for": [{"municipality_id": "vefsn-1824"}]}
    answer = await operator.put(f"{API}/publishers/{number}", json=body)
    assert answer.status_code == 201, answer.text
    return number
