"""Programmes and projects over HTTP, on the real app."""

from typing import Any

import pytest

from tests.registry.client import (
    API,
    GOAL,
    code_of,
    project_body,
    put_programme_and_project,
)
from tests.support.apps import RunningService


async def test_goals_are_kept_exactly_whether_sent_as_text_or_as_numbers(
    registry: RunningService,
) -> None:
    goal = {
        **GOAL,
        "baseline": {"value": 8.6, "period": "2007-2010"},
        "target": 6.90,
        "persons_per_point": 10,
    }
    _, project_id, answer = await put_programme_and_project(registry.operator, goals=[goal])
    assert answer.status_code == 201, answer.text
    kept = (await registry.client.get(f"{API}/projects/{project_id}")).json()["goals"][0]
    assert (kept["baseline"]["value"], kept["target"], kept["persons_per_point"]) == (
        "8.6",
        "6.9",
        "10",
    )


MEASURE = {
    "measure_id": "rota-by-wish",
    "kind": "rota",
    "names": {"nb": "Ønsketurnus"},
    "starts_on": "2012-02-01",
}


async def test_a_project_in_full_is_answered_as_it_was_sent(registry: RunningService) -> None:
    profile = {"open_house": {"every_nth": 4, "note": None}, "other": ["ungdom"]}
    _, project_id, answer = await put_programme_and_project(
        registry.operator,
        planned_end_year=2014,
        joint_unit={"id": "helgeland", "names": {"nb": "Helgeland regionråd"}},
        profile={"reputation": profile},
        measures=[MEASURE],
        success_factors={"leaders-take-part": True},
    )
    assert answer.status_code == 201, answer.text
    got = (await registry.client.get(f"{API}/projects/{project_id}")).json()
    assert got["profile"] == {"reputation": {**profile, "not_decided": False}}
    assert (got["planned_end_year"], got["joint_unit"]["id"]) == (2014, "helgeland")
    assert (got["measures"][0]["status"], got["success_factors"]) == (
        "planned",
        {"leaders-take-part": True},
    )
    again = await registry.operator.put(f"{API}/projects/{project_id}", json=got)
    assert again.json()["changed"] is False, again.text

    quality = (await registry.client.get(f"{API}/projects/{project_id}/quality")).json()
    assert quality == {"project_id": project_id, "findings": []}


async def test_an_upset_order_of_puts_is_caught_by_the_etag(registry: RunningService) -> None:
    programme_id, project_id, first = await put_programme_and_project(registry.operator)
    path = f"{API}/projects/{project_id}"
    seen = {"If-Match": first.headers["etag"]}

    newer = await registry.operator.put(
        path, json=project_body(programme_id, theme_ids=[]), headers=seen
    )
    older = await registry.operator.put(
        path, json=project_body(programme_id, goals=[]), headers=seen
    )

    assert newer.status_code == 200
    assert code_of(older) == (412, "lost-update")
    kept = (await registry.client.get(path)).json()
    assert (kept["theme_ids"], len(kept["goals"])) == ([], 1)


async def test_projects_are_listed_by_what_they_have(registry: RunningService) -> None:
    programme_id, project_id, _ = await put_programme_and_project(registry.operator)
    for query in (
        f"programme={programme_id}",
        f"cohort={programme_id}-1",
        f"programme={programme_id}&theme=reputation",
    ):
        listed = (await registry.client.get(f"{API}/projects?{query}")).json()
        assert [item["project_id"] for item in listed["items"]] == [project_id]
    listed = (await registry.client.get(f"{API}/projects?municipality=oslo-0301")).json()
    assert listed == {"items": [], "next": None}


async def test_a_number_stands_for_the_one_municipality_that_bore_it(
    registry: RunningService,
) -> None:
    programme_id, project_id, _ = await put_programme_and_project(registry.operator)
    path = f"{API}/projects?programme={programme_id}"
    listed = (await registry.client.get(f"{path}&municipality=1824")).json()
    assert [item["project_id"] for item in listed["items"]] == [project_id]

    ambiguous = await registry.client.get(f"{path}&municipality=1103")
    assert code_of(ambiguous) == (422, "municipality-number-ambiguous")
    assert (
        "stavanger-1103 (from 2013-01-01 until 2020-01-01), stavanger-1103-2020 (from"
        in (ambiguous.json()["detail"])
    )
    unknown = await registry.client.get(f"{path}&municipality=9999")
    assert code_of(unknown) == (422, "municipality-unknown")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"kommentar": "Kari er syk"}, (422, "unknown-field")),
        ({"programme_id": "nothing"}, (422, "programme-unknown")),
        ({"cohort_id": "nothing"}, (422, "cohort-unknown")),
        ({"theme_ids": ["nothing"]}, (422, "theme-unknown")),
        ({"members": [{"municipality_id": "atlantis-9999"}]}, (422, "municipality-unknown")),
        ({"members": [{"municipality_id": "vefsn-1824"}] * 2}, (422, "member-repeated")),
        ({"names": {"nb": ""}}, (422, "string-too-short")),
        ({"goals": [{**GOAL, "target": "9.9"}]}, (422, "goal-contradicts-itself")),
        ({"goals": [{**GOAL, "target": "1e3"}]}, (422, "decimal-malformed")),
        ({"goals": [{**GOAL, "window": "week"}]}, (422, "string-pattern-mismatch")),
        ({"ended_on": "31.12.2015"}, (422, "day-malformed")),
        ({"ended_on": "2015-02-29"}, (422, "day-malformed")),
        ({"ended_on": 0}, (422, "day-malformed")),
        ({"profile": {"reputation": {"open_house": True}}}, (422, "profile-malformed")),
        ({"profile": {"reputation": {"closed": {}}}}, (422, "profile-option-unknown")),
        ({"measures": [{**MEASURE, "status": "late"}]}, (422, "enum")),
        ({"measures": [{**MEASURE, "ends_on": "2011-01-01"}]}, (422, "days-reversed")),
    ],
)
async def test_a_project_that_cannot_be_is_refused(
    registry: RunningService, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    _, project_id, answer = await put_programme_and_project(registry.operator, **changes)
    assert code_of(answer) == expected
    assert (await registry.client.get(f"{API}/projects/{project_id}")).status_code == 404
