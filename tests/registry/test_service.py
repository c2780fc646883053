"""The whole registry on the real broker, seen from outside: every kind of change is heard."""

import secrets
from typing import Any

from shared.events.registry import (
    MetricChanged,
    MetricDefined,
    MunicipalitiesMerged,
    MunicipalityChanged,
    MunicipalityRegistered,
    MunicipalitySplit,
    ProgrammeChanged,
    ProgrammeRegistered,
    ProjectChanged,
    ProjectEnded,
    ProjectRegistered,
    PublisherChanged,
    PublisherRegistered,
    PublisherRevoked,
)
from tests.conftest import RunService
from tests.registry.client import API, programme_body, project_body
from tests.registry.factories import organisation_number_of_nobody
from tests.support.bus import Bus

COUNTY = {"county_number": "80", "county_name": "Åker"}


def version(number: str) -> dict[str, Any]:
    """Return a first version, as a client sends it."""
    return {"number": number, "name": "By", "valid_from": "2013-01-01", **COUNTY}


def reforms(one: str, two: str) -> list[dict[str, Any]]:
    """Return a change of each kind, as a client sends them."""
    return [
        {"kind": "rename", "on": "2014-01-01", "municipality_id": f"by-{one}", "name": "Bø"},
        {
            "kind": "renumber",
            "on": "2015-01-01",
            "municipality_id": f"by-{one}",
            "number": "8299",
            **COUNTY,
        },
        {
            "kind": "merge",
            "on": "2020-01-01",
            "municipality_ids": [f"by-{one}", f"by-{two}"],
            "into": [{"number": "8299", "name": "Bø", **COUNTY}],
        },
        {
            "kind": "split",
            "on": "2024-01-01",
            "municipality_id": "bo-8299-2020",
            "into": [
                {"number": "8298", "name": "Nord", **COUNTY},
                {"number": "8297", "name": "Sør", **COUNTY},
            ],
        },
    ]


async def test_every_change_of_municipalities_is_heard(bus: Bus, run: RunService) -> None:
    operator = (await run("registry", reference=False)).operator
    await bus.follow(MunicipalityRegistered.topic())
    tag = secrets.token_hex(3)
    one, two = f"80{secrets.randbelow(100):02}", f"81{secrets.randbelow(100):02}"

    for number in (one, two):
        await operator.put(
            f"{API}/municipalities/by-{number}", json={"versions": [version(number)]}
        )
    for body in reforms(one, two):
        answer = await operator.post(
            f"{API}/municipality-changes", json={**body, "change_id": f"{body['kind']}-{tag}"}
        )
        assert answer.status_code == 201, answer.text

    registered = await bus.receive(MunicipalityRegistered, where=lambda e: e.key == f"by-{one}")
    assert (registered.version, registered.versions[0].county_name) == (1, "Åker")
    renumbered = await bus.receive(
        MunicipalityChanged, where=lambda e: e.change_id == f"renumber-{tag}"
    )
    assert [(v.number, v.name) for v in renumbered.versions] == [
        (one, "By"),
        (one, "Bø"),
        ("8299", "Bø"),
    ]
    merged = await bus.all(
        MunicipalitiesMerged, count=3, where=lambda e: e.change_id == f"merge-{tag}"
    )
    assert {e.key: e.version for e in merged} == {f"by-{one}": 4, f"by-{two}": 2, "bo-8299-2020": 1}
    split = await bus.all(MunicipalitySplit, count=3, where=lambda e: e.change_id == f"split-{tag}")
    ended = next(e for e in split if e.key == "bo-8299-2020")
    assert {s.municipality_id for s in ended.successors} == {"nord-8298-2024", "sor-8297-2024"}
    assert ended.predecessors == sorted([f"by-{one}", f"by-{two}"])


async def test_every_change_of_programmes_and_projects_is_heard(bus: Bus, run: RunService) -> None:
    operator = (await run("registry", reference=False)).operator
    for event in (ProgrammeRegistered, ProjectRegistered):
        await bus.follow(event.topic())
    programme_id, project_id = (
        f"programme-{secrets.token_hex(4)}",
        f"project-{secrets.token_hex(4)}",
    )
    await operator.put(
        f"{API}/municipalities/vefsn-1824",
        json={"versions": [{**version("1824"), "name": "Vefsn"}]},
    )

    for claimed in (110, 110, 109):
        body = programme_body(programme_id, claimed={"municipalities": claimed})
        await operator.put(f"{API}/programmes/{programme_id}", json=body)
    states: list[dict[str, Any]] = [
        {},
        {"theme_ids": []},
        {"theme_ids": [], "ended_on": "2015-12-31"},
    ]
    for changes in states:
        await operator.put(
            f"{API}/projects/{project_id}", json=project_body(programme_id, **changes)
        )

    registered = await bus.receive(ProgrammeRegistered, where=lambda e: e.key == programme_id)
    assert registered.cohorts[0].claimed == {"municipalities": 51}
    changed = await bus.all(ProgrammeChanged, count=1, where=lambda e: e.key == programme_id)
    assert [(e.version, e.claimed) for e in changed] == [(2, {"municipalities": 109})]
    project = await bus.receive(ProjectRegistered, where=lambda e: e.key == project_id)
    assert (project.members[0].municipality_id, str(project.goals[0].baseline.value)) == (
        "vefsn-1824",
        "8.6",
    )
    assert (await bus.receive(ProjectChanged, where=lambda e: e.key == project_id)).version == 2
    assert (
        str((await bus.receive(ProjectEnded, where=lambda e: e.key == project_id)).ended_on)
        == "2015-12-31"
    )


async def test_every_change_of_metrics_is_heard(bus: Bus, run: RunService) -> None:
    await bus.follow(MetricDefined.topic())
    operator = (await run("registry", reference=False)).operator
    metric_id = f"reputation-{secrets.token_hex(4)}"
    body = {
        "names": {"en": "Reputation"},
        "unit": "points",
        "kind": "score",
        "over_time": "mean",
        "better": "higher",
    }
    for decimals in (2, 2, 1):
        await operator.put(f"{API}/metrics/{metric_id}", json={**body, "decimals": decimals})

    defined = await bus.receive(MetricDefined, where=lambda e: e.key == metric_id)
    assert (defined.version, defined.value().decimals, defined.names.fallback) == (
        1,
        2,
        "Reputation",
    )
    changed = await bus.all(MetricChanged, count=1, where=lambda e: e.key == metric_id)
    assert [(event.version, event.decimals) for event in changed] == [(2, 1)]
    assert (await bus.receive(MetricDefined, where=lambda e: e.key == "absence")).key == "absence"


async def test_every_change_of_publishers_is_heard(bus: Bus, run: RunService) -> None:
    operator = (await run("registry", reference=False)).operator
    await bus.follow(PublisherRegistered.topic())
    number = organisation_number_of_nobody()

    await operator.put(f"{API}/publishers/{number}", json={"name": "HR"})
    key = (await operator.post(f"{API}/publishers/{number}/keys")).json()
    await operator.post(f"{API}/publishers/{number}/revocation")

    assert (await bus.receive(PublisherRegistered, where=lambda e: e.key == number)).keys == []
    with_key = await bus.receive(PublisherChanged, where=lambda e: e.key == number)
    assert [k.key_id for k in with_key.keys] == [key["key_id"]]
    assert key["key"].partition(".")[2] not in with_key.model_dump_json()
    revoked = await bus.receive(PublisherRevoked, where=lambda e: e.key == number)
    assert (revoked.keys, revoked.revoked_at is not None, revoked.version) == ([], True, 3)


async def test_the_reference_is_heard_whole(bus: Bus, run: RunService) -> None:
    await bus.follow(MunicipalityRegistered.topic())
    running = await run("registry")
    heard: set[str] = set()

    def completes(event: MunicipalityRegistered) -> bool:
        """Another registry on the same broker may be telling of the same municipalities; each key
        counts once.
        """
        if len(event.versions) == 1:
            heard.add(event.key)
        return len(heard) >= 428

    await bus.receive(MunicipalityRegistered, where=completes)
    divided = await bus.receive(MunicipalitySplit, where=lambda e: e.key == "alesund-1507-2020")

    assert [s.municipality_id for s in divided.successors] == [
        "alesund-1508-2024",
        "haram-1580-2024",
    ]
    status = (await running.client.get(f"{API}/status")).json()
    assert status["outbox"]["parked_count"] == 0
