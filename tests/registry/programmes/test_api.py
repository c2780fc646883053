"""Programmes over HTTP: what is taken, answered and refused."""

import pytest

from services.registry.programmes.folder import read_programme_folder
from tests.registry.client import (
    API,
    code_of,
    put_programme_and_project,
    some_id,
)
from tests.registry.programmes.test_folder import MODEL
from tests.support.apps import RunningService


async def test_a_programme_shows_what_is_claimed_beside_what_is_counted(
    registry: RunningService,
) -> None:
    programme_id, _, _ = await put_programme_and_project(registry.operator)
    got = (await registry.client.get(f"{API}/programmes/{programme_id}")).json()
    assert (got["claimed"], got["counted"]) == (
        {"municipalities": 110},
        {"municipalities": 1, "projects": 1, "memberships": 1},
    )
    assert got["cohorts"][0]["claimed"] == {"municipalities": 51}
    assert got["cohorts"][0]["counted"]["municipalities"] == 1
    assert got["names"] == {"nb": "Saman", "nn": None, "en": "Together"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", (422, "json-malformed")),
        (b'{"names": {"nb": "A", "nb": "B"}}', (422, "json-duplicate-key")),
        (b'{"names": {"nb": NaN}}', (422, "number-not-finite")),
        (b'{"names": {"nb": "a\\u0000"}}', (422, "text-unstorable")),
        (b'{"names": {"nb": "' + b"a" * 300_000 + b'"}}', (413, "body-too-large")),
        (b"[]", (422, "model-attributes-type")),
    ],
)
async def test_a_body_that_hides_or_overloads_is_refused(
    registry: RunningService, body: bytes, expected: tuple[int, str]
) -> None:
    answer = await registry.operator.put(
        f"{API}/programmes/{some_id('programme')}",
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert code_of(answer) == expected


async def test_the_model_programme_is_loaded_and_counted_as_its_folder_says(
    registry: RunningService,
) -> None:
    folder = read_programme_folder(MODEL)
    path = f"{API}/programmes/{folder.programme_id}"
    for changed in (True, False):
        answer = await registry.operator.put(path, json=folder.programme)
        assert answer.json()["changed"] is changed, answer.text
        for project_id, body in folder.projects.items():
            answer = await registry.operator.put(f"{API}/projects/{project_id}", json=body)
            assert answer.json()["changed"] is changed, answer.text

    got = (await registry.client.get(path)).json()
    assert got["counted"] == {"municipalities": 109, "projects": 97, "memberships": 111}
    assert [
        (c["claimed"]["municipalities"], c["counted"]["municipalities"]) for c in got["cohorts"]
    ] == [
        (51, 51),
        (59, 60),
    ]
    assert [(c["claimed"]["projects"], c["counted"]["projects"]) for c in got["cohorts"]] == [
        (48, 45),
        (51, 52),
    ]
    for query, expected in (("cohort=saman-2011-cohort-1", 51), ("cohort=saman-2011-cohort-2", 60)):
        listed = (await registry.client.get(f"{API}/municipalities?limit=1000&{query}")).json()
        assert len(listed["items"]) == expected
    both = f"{API}/municipalities?cohort=saman-2011-cohort-1&theme=sickness-absence&name=Vefsn"
    assert [
        item["municipality_id"] for item in (await registry.client.get(both)).json()["items"]
    ] == ["vefsn-1824"]
