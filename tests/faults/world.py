"""The small world that is written about: municipalities, projects with goals, publishers, and who
is told.
"""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from deploy.cli.connection import until_heard
from deploy.cli.publishers import add_publisher
from deploy.demo.generated import DEFINITION
from deploy.services import SERVICES, subscriptions
from shared.events.topics import Topic
from shared.kafka.broker import BusSettings
from shared.kafka.topics import apply
from shared.service.clients import new_client
from tests.notifications.receiver import Receiver
from tests.support.system import OPERATOR_KEY, System

PROGRAMME = "prove"
PUBLISHERS = ("310000035", "310000043")
MUNICIPALITIES = 12
DEFINITION_KEY = "total.agreed.corrected.municipality-hr"
TARGET = "8.5"
VICTIM = "somebody.elses.topic"
"""Where records that ask for an answer want it to go; nothing of ours may ever arrive there."""

WEBHOOK_KEY = "a key of the proof that is long enough to be one"
SETTINGS = {
    "notifications": {
        "SAMAN_NOTIFICATIONS_WEBHOOK_KEY": WEBHOOK_KEY,
        "SAMAN_NOTIFICATIONS_ALLOW_PRIVATE_WEBHOOKS": "true",
    }
}


@dataclass(frozen=True)
class World:
    """What there is to write about.

    Attributes:
        shares: per publisher, id and number of each municipality that it speaks for.
        keys: per publisher, its key.
        groups: the members of each group, by subject; counties aside.
        goals: the municipality of each goal.
        followed: the subjects whose metrics the second webhook follows.
        secrets: what may turn up nowhere, by what it is.
    """

    shares: dict[str, list[tuple[str, str]]]
    keys: dict[str, str]
    groups: dict[str, list[str]]
    goals: dict[str, str]
    followed: list[str]
    secrets: dict[str, str]


async def prepare(system: System, receiver: Receiver) -> World:
    """Register the world over HTTP, and wait until every service has heard of it."""
    everyone = await _municipalities(system)
    ids = [municipality_id for municipality_id, _ in everyone]
    groups: dict[str, list[str]] = {f"programme/{PROGRAMME}": ids}
    goals = {}
    await _put(system, "registry", f"programmes/{PROGRAMME}", _programme())
    for number, municipality_id in enumerate(ids[:-2]):
        project, goal = f"prosjekt-{number:02}", f"maal-{number:02}"
        goals[goal] = municipality_id
        await _put(
            system, "registry", f"projects/{project}", _project(number, [municipality_id], goal)
        )
        _join(groups, number, project, [municipality_id])
    await _put(system, "registry", "projects/saman", _project(0, ids[-2:], None))
    _join(groups, 0, "saman", ids[-2:])
    shares = {publisher: everyone[i :: len(PUBLISHERS)] for i, publisher in enumerate(PUBLISHERS)}
    keys = {}
    for publisher, share in shares.items():
        mine = [municipality_id for municipality_id, _ in share]
        added = await add_publisher(
            system.connection, publisher, name="Proof", municipalities=mine, wait=False
        )
        keys[publisher] = added["key"]
    await apply(BusSettings(bootstrap=system.servers.bootstrap), [Topic(VICTIM)])
    followed = [f"municipality/{ids[0]}", "project/saman"]
    plain = {
        "channel": "webhook",
        "address": receiver.url,
        "language": "nb",
        "windows": [],
        "active": True,
    }
    followers = {
        "milestones": {"events": ["TargetReached", "TargetLost"], "subjects": []},
        "metrics": {"events": ["MetricUpdated"], "subjects": followed},
        "rounds": {"events": ["ReportDue", "ReportOverdue"], "subjects": []},
    }
    secrets = {f"the key of {publisher}": key.partition(".")[2] for publisher, key in keys.items()}
    secrets |= {"the operator's key": OPERATOR_KEY, "the key of the webhooks": WEBHOOK_KEY}
    for service, database in system.databases.items():
        secrets[f"the password of {service}"] = str(urlsplit(database.service_dsn).password)
    for name, wanted in followers.items():
        answer = await _put(system, "notifications", f"subscriptions/{name}", plain | wanted)
        secrets[f"the secret of {name}"] = answer["secret"]
    for service in SERVICES:
        topics = {
            each.topic
            for each in subscriptions(service).values()
            if each.topic.startswith("registry.")
        }
        await until_heard(system.connection, topics, [service])
    return World(shares, keys, groups, goals, followed, secrets)


async def put_round(system: System, round_id: str, *, opens_on: date, due_on: date) -> None:
    """Let every project of the world owe a report."""
    body = {
        "programme_id": PROGRAMME,
        "report_kind": "annual",
        "period": "2013",
        "opens_on": str(opens_on),
        "due_on": str(due_on),
    }
    await _put(system, "reporting", f"rounds/{round_id}", body)


def _join(groups: dict[str, list[str]], number: int, project: str, members: list[str]) -> None:
    for subject in (f"project/{project}", f"cohort/pulje-{number % 2}", f"theme/tema-{number % 3}"):
        groups.setdefault(subject, []).extend(members)


def _programme() -> dict[str, Any]:
    def named(id_: str) -> dict[str, Any]:
        return {"id": id_, "names": {"nb": id_}}

    return {
        "names": {"nb": "Prøve"},
        "cohorts": [{**named(f"pulje-{i}"), "starts_on": "2012-01-01"} for i in range(2)],
        "themes": [named(f"tema-{i}") for i in range(3)],
    }


def _project(number: int, members: list[str], goal: str | None) -> dict[str, Any]:
    aim = {
        "goal_id": goal,
        "window": "year-to-date",
        "definition": DEFINITION,
        "direction": "falling",
        "baseline": {"value": "9.5", "period": "2011"},
        "target": TARGET,
        "due_on": "2013-12-31",
    }
    return {
        "programme_id": PROGRAMME,
        "names": {"nb": f"Prosjekt {number}"},
        "cohort_id": f"pulje-{number % 2}",
        "theme_ids": [f"tema-{number % 3}"],
        "members": [{"municipality_id": one} for one in members],
        "goals": [aim] if goal else [],
    }


async def _municipalities(system: System) -> list[tuple[str, str]]:
    """Return some that bore one number all the time that is written about."""
    params = {"at": "2013-12-31", "limit": "1000"}
    async with new_client(timeout=30) as client:
        answer = await client.get(
            f"{system.address('registry')}/api/registry/v1/municipalities", params=params
        )
    found = [
        (each["municipality_id"], each["versions"][0]["number"])
        for each in answer.json()["items"]
        if (each["versions"][0]["valid_to"] or "9999") > "2014"
    ]
    assert len(found) >= MUNICIPALITIES, f"only {len(found)} municipalities kept their number"
    return found[:MUNICIPALITIES]


async def _put(system: System, service: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {OPERATOR_KEY}"}
    async with new_client(timeout=30, headers=headers) as client:
        answer = await client.put(f"{system.address(service)}/api/{service}/v1/{path}", json=body)
    said: dict[str, Any] = answer.json()
    assert answer.status_code in (200, 201), (
        f"{path}: {answer.status_code} {json.dumps(said)[:500]}"
    )
    return said
