"""Networks, gatherings, commitments, grants and knowledge over HTTP, on the real app."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.registry.client import API, code_of, put_programme_and_project, some_id
from tests.support.apps import RunningService


async def bodies(operator: AsyncClient) -> dict[str, dict[str, Any]]:
    """Put a project; return a body for each kind of thing around it, in the order in which they
    stand on each other, by path.
    """
    programme_id, project_id, _ = await put_programme_and_project(operator)
    network_id, gathering_id = some_id("network"), some_id("gathering")
    return {
        f"networks/{network_id}": {
            "programme_id": programme_id,
            "names": {"en": "Absence"},
            "members": [{"project_id": project_id, "from": "2012-03-01"}],
        },
        f"gatherings/{gathering_id}": {
            "programme_id": programme_id,
            "network_id": network_id,
            "kind": "network",
            "names": {"nb": "Annen samling"},
            "starts_at": "2012-09-12T10:00:00+02:00",
            "ends_at": "2012-09-13T15:00:00+02:00",
            "place": "Bergen",
            "panel": [{"municipality_id": "vefsn-1824"}],
        },
        f"commitments/{some_id('commitment')}": {
            "gathering_id": gathering_id,
            "project_id": project_id,
            "text": "Kalle inn partene",
            "due_on": "2012-10-01",
        },
        f"grants/{some_id('grant')}": {
            "project_id": project_id,
            "year": 2012,
            "amount": "250000.00",
            "conditional": True,
        },
        f"knowledge/{some_id('example')}": {
            "programme_id": programme_id,
            "kind": "good-example",
            "names": {"nb": "Tavla"},
            "project_ids": [project_id],
            "source": {"by": "Vefsn kommune", "on": "2013-10-29"},
        },
    }


async def test_each_is_put_read_listed_and_guarded(registry: RunningService) -> None:
    for path, body in (await bodies(registry.operator)).items():
        made = await registry.operator.put(f"{API}/{path}", json=body)
        assert made.status_code == 201, made.text
        got = await registry.client.get(f"{API}/{path}")
        assert got.headers["etag"] == made.headers["etag"] == '"1"'
        assert got.json() == {key: made.json()[key] for key in got.json()}

        again = await registry.operator.put(f"{API}/{path}", json=got.json())
        assert (again.status_code, again.json()["changed"]) == (200, False), again.text
        lost = await registry.operator.put(f"{API}/{path}", json=body, headers={"If-Match": '"9"'})
        assert code_of(lost) == (412, "lost-update")
        anonymous = await registry.client.put(f"{API}/{path}", json=body)
        assert anonymous.status_code == 401

        kind, _, own_id = path.partition("/")
        listed: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = (await registry.client.get(f"{API}/{kind}?limit=2{cursor}")).json()
            listed += page["items"]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert [item for item in listed if own_id in item.values()] == [got.json()]


async def test_people_sign_up_are_seated_and_come(registry: RunningService) -> None:
    paths = await bodies(registry.operator)
    for path, body in list(paths.items())[:2]:
        await registry.operator.put(f"{API}/{path}", json=body)
    gathering = f"{API}/{list(paths)[1]}"

    counts = {"elected": 2, "administration": 3, "union_and_staff": 1}
    signed = await registry.operator.post(
        f"{gathering}/sign-ups", json={"municipality_id": "vefsn-1824", "counts": counts}
    )
    assert sum(each["count"] for each in signed.json()["signed_up"]) == 6
    seated = (await registry.operator.post(f"{gathering}/seating", json={"table_size": 3})).json()
    assert (seated["pairs"]["municipality"], seated["bound"]) == (6, 6)
    assert [sum(seat["count"] for seat in table["seats"]) for table in seated["tables"]] == [3, 3]

    attended = [{"municipality_id": "vefsn-1824", "party": "elected", "count": 2}]
    held = await registry.operator.post(f"{gathering}/attendance", json={"attended": attended})
    assert (held.json()["state"], held.json()["attended"]) == ("held", attended)
    late = await registry.operator.post(f"{gathering}/cancellation", json={"reason": "Uvær"})
    assert code_of(late) == (409, "gathering-over")


@pytest.mark.parametrize(
    ("place", "change", "expected"),
    [
        (0, {"members": [{"project_id": "nobody"}]}, (422, "project-unknown")),
        (1, {"ends_at": "2012-09-11T10:00:00Z"}, (422, "times-reversed")),
        (1, {"ends_at": "2012-09-13"}, (422, "moment-malformed")),
        (1, {"kind": "party"}, (422, "enum")),
        (2, {"state": "dropped"}, (422, "note-missing")),
        (2, {"text": "a\u202eb"}, (422, "text-unseen")),
        (3, {"amount": "-1"}, (422, "amount-malformed")),
        (3, {"amount": "1e3"}, (422, "decimal-malformed")),
        (4, {"status": "much"}, (422, "status-unknown")),
        (4, {"author": "Kari"}, (422, "unknown-field")),
    ],
)
async def test_what_cannot_be_is_refused(
    registry: RunningService, place: int, change: dict[str, Any], expected: tuple[int, str]
) -> None:
    paths = await bodies(registry.operator)
    for path, body in list(paths.items())[:place]:
        assert (await registry.operator.put(f"{API}/{path}", json=body)).status_code == 201
    path, body = list(paths.items())[place]
    assert (
        code_of(await registry.operator.put(f"{API}/{path}", json={**body, **change})) == expected
    )
    assert (await registry.client.get(f"{API}/{path}")).status_code == 404


async def test_grants_are_added_up(registry: RunningService) -> None:
    paths = await bodies(registry.operator)
    path, body = list(paths.items())[3]
    await registry.operator.put(f"{API}/{path}", json=body)
    programme_id = next(iter(paths.values()))["programme_id"]
    sums = (await registry.client.get(f"{API}/grant-sums?programme={programme_id}")).json()["sums"]
    assert sums[0] == {
        "by": "all",
        "value": programme_id,
        "amount": "250000.00",
        "conditional": "250000.00",
    }
    unknown = await registry.client.get(f"{API}/grant-sums?programme=nothing")
    assert code_of(unknown) == (404, "programme-unknown")
