"""Municipalities over HTTP, on the real app."""

from typing import Any

import pytest

from tests.registry.client import (
    API,
    COUNTY,
    code_of,
    found,
    new_number,
    put_programme_and_project,
    some_id,
)
from tests.support.apps import RunningService


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("number=1103&at=2019-12-31", ["stavanger-1103"]),
        ("number=1103&at=2020-01-01", ["stavanger-1103-2020"]),
        ("number=1824&at=2007-01-01", ["vefsn-1824"]),
        ("number=0301", ["oslo-0301"]),
        ("name=B%C3%B8&county=Telemark", ["bo-0821"]),
        ("name=Mosj%C3%B8en", ["vefsn-1824"]),
        ("number=9999", []),
    ],
)
async def test_anybody_may_ask_who_exists_on_a_day(
    registry: RunningService, query: str, expected: list[str]
) -> None:
    answer = await registry.client.get(f"{API}/municipalities?{query}")
    assert answer.status_code == 200
    assert [item["municipality_id"] for item in answer.json()["items"]] == expected


async def test_a_list_goes_on_at_its_cursor_and_misses_nobody(registry: RunningService) -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        answer = (
            await registry.client.get(f"{API}/municipalities?at=2013-06-30&limit=200{cursor}")
        ).json()
        seen += [item["municipality_id"] for item in answer["items"]]
        if answer["next"] is None:
            break
        cursor = f"&cursor={answer['next']}"
    assert len(seen) == len(set(seen)) == 428


async def test_one_municipality_shows_its_history(registry: RunningService) -> None:
    answer = await registry.client.get(f"{API}/municipalities/stokke-0720")
    assert answer.headers["etag"] == '"2"'
    assert answer.json() == {
        "municipality_id": "stokke-0720",
        "version": 2,
        "versions": [
            {
                "number": "0720",
                "name": "Stokke",
                "county_number": "07",
                "county_name": "Vestfold",
                "valid_from": "2013-01-01",
                "valid_to": "2017-01-01",
            }
        ],
        "aliases": [],
        "predecessors": [],
        "successors": [
            {"municipality_id": "sandefjord-0710-2017", "on": "2017-01-01"},
            {"municipality_id": "tonsberg-0704-2017", "on": "2017-01-01"},
        ],
    }


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("municipalities/atlantis-9999", (404, "municipality-unknown")),
        ("municipalities/%00", (422, "text-unstorable")),
        ("municipalities?number=824", (422, "string-pattern-mismatch")),
        ("municipalities?at=2013-13-01", (422, "day-malformed")),
        ("municipalities?at=0", (422, "day-malformed")),
        ("municipalities?county=%00", (422, "text-unstorable")),
        ("municipalities?limit=1001", (422, "less-than-equal")),
        ("municipalities?cursor=x", (422, "cursor-malformed")),
        ("municipalities?cursor=MQ", (422, "cursor-malformed")),
        ("municipalities?navn=Vefsn", (422, "unknown-field")),
        ("programmes/nothing", (404, "programme-unknown")),
        ("projects/nothing", (404, "project-unknown")),
    ],
)
async def test_what_cannot_be_answered_is_said(
    registry: RunningService, path: str, expected: tuple[int, str]
) -> None:
    assert code_of(await registry.client.get(f"{API}/{path}")) == expected


async def test_a_municipality_is_put_changed_and_guarded(registry: RunningService) -> None:
    number = new_number()
    path = f"{API}/municipalities/nyby-{number}"
    body = {
        "versions": [
            {
                "number": number,
                "name": "Nyby",
                "county_number": "70",
                "county_name": "Ny",
                "valid_from": "2013-01-01",
            }
        ]
    }

    created = await registry.operator.put(path, json=body)
    again = await registry.operator.put(path, json=body)
    changed = await registry.operator.put(
        path, json={**body, "aliases": ["Neustadt"]}, headers={"If-Match": created.headers["etag"]}
    )
    lost = await registry.operator.put(
        path, json=body, headers={"If-Match": created.headers["etag"]}
    )

    assert [a.status_code for a in (created, again, changed)] == [201, 200, 200]
    assert [a.json()["changed"] for a in (created, again, changed)] == [True, False, True]
    assert [a.headers["etag"] for a in (created, again, changed)] == ['"1"', '"1"', '"2"']
    assert code_of(lost) == (412, "lost-update")
    assert (await registry.client.get(path)).json()["aliases"] == ["Neustadt"]


async def test_what_was_got_can_be_put_back_and_changes_nothing(registry: RunningService) -> None:
    _, project_id, _ = await put_programme_and_project(registry.operator)
    programme_id = (await registry.client.get(f"{API}/projects/{project_id}")).json()[
        "programme_id"
    ]
    for path in (
        "municipalities/vefsn-1824",
        f"programmes/{programme_id}",
        f"projects/{project_id}",
    ):
        got = await registry.client.get(f"{API}/{path}")
        put = await registry.operator.put(
            f"{API}/{path}", json=got.json(), headers={"If-Match": got.headers["etag"]}
        )
        assert (put.status_code, put.json()["changed"]) == (200, False)
        assert put.headers["etag"] == got.headers["etag"]


async def test_a_merge_over_http_is_applied_once(registry: RunningService) -> None:
    (a, b), (number, _) = await found(registry.operator, 2)
    body = {
        "kind": "merge",
        "change_id": some_id("merge"),
        "on": "2020-01-01",
        "municipality_ids": [a, b],
        "into": [{"number": number, "name": "Storby", **COUNTY}],
    }

    first = await registry.operator.post(f"{API}/municipality-changes", json=body)
    second = await registry.operator.post(f"{API}/municipality-changes", json=body)

    assert (first.status_code, first.json()["repeated"]) == (201, False)
    assert (second.status_code, second.json()["repeated"]) == (200, True)
    assert first.json()["municipalities"] == second.json()["municipalities"]
    new = (await registry.client.get(f"{API}/municipalities/storby-{number}-2020")).json()
    assert new["predecessors"] == sorted([a, b])


async def test_parts_that_go_to_different_ones_are_named(registry: RunningService) -> None:
    (a, b, c), (one, two, _) = await found(registry.operator, 3)
    body = {
        "kind": "merge",
        "change_id": some_id("merge"),
        "on": "2020-01-01",
        "municipality_ids": [a, b, c],
        "into": [
            {"number": one, "name": "Vest", "from": [a, c], **COUNTY},
            {"number": two, "name": "Aust", "from": [b, c], **COUNTY},
        ],
    }
    answer = await registry.operator.post(f"{API}/municipality-changes", json=body)
    assert answer.status_code == 201, answer.text
    given = (await registry.client.get(f"{API}/municipalities/{c}")).json()
    assert [s["municipality_id"] for s in given["successors"]] == sorted(
        [f"vest-{one}-2020", f"aust-{two}-2020"]
    )

    short = {**body, "change_id": some_id("merge"), "into": body["into"][:1]}
    assert code_of(await registry.operator.post(f"{API}/municipality-changes", json=short)) == (
        422,
        "change-malformed",
    )


async def test_split_rename_and_renumber_over_http(registry: RunningService) -> None:
    (a, b), _ = await found(registry.operator, 2)
    changes: list[dict[str, Any]] = [
        {"kind": "rename", "on": "2015-01-01", "municipality_id": a, "name": "Nyby"},
        {
            "kind": "renumber",
            "on": "2016-01-01",
            "municipality_id": a,
            "number": new_number(),
            **COUNTY,
        },
        {
            "kind": "split",
            "on": "2017-01-01",
            "municipality_id": b,
            "into": [
                {"number": new_number(), "name": "Nord", **COUNTY},
                {"number": new_number(), "name": "Sør", **COUNTY},
            ],
        },
    ]
    for change in changes:
        answer = await registry.operator.post(
            f"{API}/municipality-changes", json={"change_id": some_id("change"), **change}
        )
        assert answer.status_code == 201, answer.text
    versions = (await registry.client.get(f"{API}/municipalities/{a}")).json()["versions"]
    assert [v["name"] for v in versions] == ["By", "Nyby", "Nyby"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"kind": "swallow"}, (422, "union-tag-invalid")),
        ({"kind": "rename"}, (422, "field-missing")),
        (
            {
                "kind": "rename",
                "change_id": "x-1",
                "on": "2025-01-01",
                "municipality_id": "atlantis-9999",
                "name": "A",
            },
            (422, "municipality-unknown"),
        ),
        (
            {
                "kind": "rename",
                "change_id": "x-1",
                "on": "2012-01-01",
                "municipality_id": "vefsn-1824",
                "name": "A",
            },
            (422, "change-out-of-order"),
        ),
        (
            {
                "kind": "renumber",
                "change_id": "x-1",
                "on": "2025-01-01",
                "municipality_id": "vefsn-1824",
                "number": "9924",
            },
            (422, "county-unknown"),
        ),
        (
            {
                "kind": "renumber",
                "change_id": "x-1",
                "on": "2025-01-01",
                "municipality_id": "vefsn-1824",
                "number": "1825",
            },
            (409, "number-taken"),
        ),
    ],
)
async def test_a_change_that_cannot_be_is_refused(
    registry: RunningService, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert (
        code_of(await registry.operator.post(f"{API}/municipality-changes", json=body)) == expected
    )
    assert (await registry.client.get(f"{API}/municipalities/vefsn-1824")).json()["version"] == 1
