"""Metrics over HTTP, on the real app."""

from typing import Any

import pytest

from services.registry.metrics.builtin.files import read_builtin
from tests.registry.client import API, code_of, project_body, put_programme_and_project, some_id
from tests.support.apps import RunningService

SCORE = {
    "names": {"en": "Reputation"},
    "unit": "points",
    "kind": "score",
    "over_time": "mean",
    "better": "higher",
}


async def test_a_metric_is_defined_read_changed_and_listed(registry: RunningService) -> None:
    path = f"{API}/metrics/{some_id('reputation')}"
    made = await registry.operator.put(path, json=SCORE)
    assert made.status_code == 201, made.text
    got = await registry.client.get(path)
    assert got.json() == {key: made.json()[key] for key in got.json()}
    assert got.headers["etag"] == made.headers["etag"] == '"1"'
    assert (got.json()["decimals"], got.json()["small_persons"], got.json()["axes"]) == (2, 5, [])

    again = await registry.operator.put(path, json=got.json())
    assert (again.status_code, again.json()["changed"]) == (200, False)
    changed = await registry.operator.put(
        path, json={**SCORE, "decimals": 1}, headers={"If-Match": '"1"'}
    )
    assert (changed.json()["version"], changed.json()["decimals"]) == (2, 1)
    stale = await registry.operator.put(path, json=SCORE, headers={"If-Match": '"1"'})
    assert code_of(stale) == (412, "lost-update")

    first = (await registry.client.get(f"{API}/metrics?limit=1")).json()
    assert first["items"][0]["metric_id"] == "absence"
    rest = (await registry.client.get(f"{API}/metrics?limit=1000&cursor={first['next']}")).json()
    ids = {item["metric_id"] for item in rest["items"]}
    assert ids >= {metric.metric_id for metric in read_builtin().values()} - {"absence"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"kind": "median"}, (422, "enum")),
        ({"kind": "share"}, (422, "metric-parts-wrong")),
        ({"names": {}}, (422, "name-malformed")),
        ({"names": {"nb": "Omdømme\u202e"}}, (422, "text-unseen")),
        ({"names": {"de": "Ruf"}}, (422, "unknown-field")),
        ({"axes": [{"id": "of", "values": ["A b"]}]}, (422, "metric-axis-malformed")),
        ({"bounds": {"min": "5", "max": "1"}}, (422, "metric-bounds-reversed")),
        ({"bounds": {"min": "1e2"}}, (422, "decimal-malformed")),
        ({"decimals": 1.5}, (422, "int-type")),
        ({"small_persons": -1}, (422, "metric-small-persons-malformed")),
    ],
    ids=str,
)
async def test_a_metric_that_cannot_be_is_refused(
    registry: RunningService, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    path = f"{API}/metrics/{some_id('reputation')}"
    assert code_of(await registry.operator.put(path, json={**SCORE, **changes})) == expected
    assert code_of(await registry.client.get(path)) == (404, "metric-unknown")


async def test_another_meaning_is_another_metric(registry: RunningService) -> None:
    path = f"{API}/metrics/{some_id('reputation')}"
    await registry.operator.put(path, json=SCORE)
    refused = await registry.operator.put(path, json={**SCORE, "unit": "stars"})
    assert code_of(refused) == (409, "metric-meaning-fixed")


async def test_a_goal_names_a_metric_that_is_defined(registry: RunningService) -> None:
    metric_id = some_id("reputation")
    await registry.operator.put(f"{API}/metrics/{metric_id}", json=SCORE)
    goal = {
        "goal_id": "known-for-more",
        "metric": metric_id,
        "window": "year",
        "definition": {},
        "direction": "rising",
        "baseline": {"value": "3.1", "period": "2012"},
        "target": "4",
        "due_on": "2015-12-31",
    }
    programme_id, project_id, answer = await put_programme_and_project(
        registry.operator, goals=[goal]
    )
    assert answer.status_code == 201, answer.text
    for change, expected in (
        ({"metric": "no-such-metric"}, (422, "metric-unknown")),
        ({"definition": {"source": "other"}}, (422, "definition-unknown")),
    ):
        body = project_body(programme_id, goals=[{**goal, **change}])
        answer = await registry.operator.put(f"{API}/projects/{project_id}", json=body)
        assert code_of(answer) == expected
