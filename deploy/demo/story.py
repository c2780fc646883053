"""What the demonstration does, step by step, through the doors that everybody else has too: HTTP
and Kafka.
"""

import asyncio
import csv
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from deploy.cli.connection import Api, Connection
from deploy.cli.people import PEOPLE, role_of
from deploy.cli.posting import post_figures
from deploy.cli.programme import load_programme
from deploy.cli.publishers import account_of, add_publisher
from deploy.client.figures import figure
from deploy.client.reading import read_figures
from deploy.demo import generated
from deploy.local.progress import Progress
from deploy.operate.restore.reader import reading
from shared.errors import Unavailable
from shared.events.metrics import MilestoneEvent, TargetLost, TargetReached
from shared.kafka.broker import BusSettings

PROGRAMME = Path(__file__).parents[2] / "programmes" / "saman-2011"
VEFSN = "vefsn-1824"
VEFSN_HR = "310000019"
"""Stands for the HR system of Vefsn. Numbers that begin with 3 are kept for synthetic
organisations.
"""

GENERATOR = "310000027"
SUBSCRIPTION = "demo-vefsn-prosjektleiar"
MAIL_ADDRESS = "prosjektleiar@vefsn.example"
QUIET_SECONDS = 180.0
MAIL_SECONDS = 30.0


@dataclass
class Outcome:
    """What the demonstration shows in the end.

    Attributes:
        milestones: those that deliveries tell of, as they stand on Kafka, the newest first.
        links: for whom, and the path that lets them in once.
    """

    board: Mapping[str, Any]
    milestones: list[MilestoneEvent]
    deliveries: list[Mapping[str, Any]]
    mails: list[Mapping[str, Any]]
    links: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return all of it as JSON has it."""
        return {
            **vars(self),
            "milestones": [json.loads(milestone.payload()) for milestone in self.milestones],
        }


async def tell(connection: Connection, mail_page: str, *, progress: Progress) -> Outcome:
    """Load the programme, subscribe, let the figures come in over Kafka, and wait until all have
    been counted.
    """
    await load_programme(connection, PROGRAMME, wait=True, progress=progress)
    progress("Adding publishers and a subscriber")
    async with connection.client() as api:
        taking_part = await participants(api)
        await _subscribe(api)
    hr_system = await _add(connection, VEFSN_HR, "Vefsn kommune, HR-system (demo)", [VEFSN])
    others = [entry for entry in taking_part if entry[0] != VEFSN]
    generator = await _add(connection, GENERATOR, "Genererte tal (demo)", [m for m, _ in others])
    real = read_figures(PROGRAMME / "figures" / "vefsn.csv", publisher=VEFSN_HR)
    made = [figure(body, publisher=GENERATOR) for body in generated.figures(others)]
    await post_figures(hr_system, VEFSN_HR, real, progress=progress)
    await post_figures(generator, GENERATOR, made, progress=progress)
    async with connection.client() as api:
        await until_quiet(api, progress)
        return await _outcome(connection.bus, api, mail_page)


PEOPLE_OF_DEMO = (
    ("the secretariat", "sekretariat@saman.example", "Siri Sekretariat", "secretariat", None),
    ("Vefsn's project manager", MAIL_ADDRESS, "Pål Prosjektleiar", "project-manager", "project"),
)


async def _let_in(api: Api) -> dict[str, str]:
    """Invite a few people and return for each the path of a link to sign in."""
    programme = PROGRAMME.name
    projects = await api.call("GET", "/api/registry/v1/projects", params={"limit": "1000"})
    project = next(
        each["project_id"]
        for each in projects["items"]
        if VEFSN in {member["municipality_id"] for member in each["members"]}
    )
    links = {}
    for who, email, name, role, where in PEOPLE_OF_DEMO:
        wanted = {
            "email": email,
            "display_name": name,
            "language": "nn",
            "roles": [role_of(role, programme, project if where else None)],
        }
        person = await api.call("POST", PEOPLE, json=wanted)
        made = await api.call("POST", f"{PEOPLE}/{person['person_id']}/sign-in-links")
        links[who] = made["path"]
    return links


async def _add(
    connection: Connection, publisher: str, name: str, municipalities: list[str]
) -> BusSettings:
    """Add a publisher and return how it reaches Kafka: with an account of its own, like any
    municipal system.
    """
    added = await add_publisher(
        connection,
        publisher,
        name=name,
        municipalities=municipalities,
        new_password=True,
        wait=True,
    )
    return account_of(connection, added)


async def until_quiet(api: Api, progress: Progress) -> None:
    """Wait until no service has anything left to consume, to publish or to send.

    Raises:
        Unavailable: it took too long.
    """
    deadline = time.monotonic() + QUIET_SECONDS
    quiet = 0
    while quiet < 3:
        waiting = 0
        for name in ("registry", "reporting", "metrics", "notifications"):
            status = await api.call("GET", f"/api/{name}/v1/status")
            waiting += status["outbox"]["waiting_count"] + sum(
                c["lag"] for c in status["consumers"]
            )
        progress("Waiting until everything has been counted and sent")
        quiet = quiet + 1 if waiting == 0 else 0
        if time.monotonic() > deadline:
            raise Unavailable(
                f"after {QUIET_SECONDS:.0f} s {waiting} records still wait; see /status"
            )
        await asyncio.sleep(0.1)


def expected_board() -> list[dict[str, str]]:
    """Return the rows of the slide."""
    with (PROGRAMME / "boards" / f"{VEFSN}.csv").open(newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


async def participants(api: Api) -> list[tuple[str, str]]:
    """Return each participating municipality's id and its number of 2013."""
    found: dict[str, str] = {}
    cursor = None
    members: set[str] = set()
    while True:
        params = {"limit": "1000", **({"cursor": cursor} if cursor else {})}
        page = await api.call("GET", "/api/registry/v1/projects", params=params)
        members |= {
            member["municipality_id"] for project in page["items"] for member in project["members"]
        }
        if (cursor := page["next"]) is None:
            break
    page = await api.call(
        "GET", "/api/registry/v1/municipalities", params={"at": "2013-07-31", "limit": "1000"}
    )
    for municipality in page["items"]:
        if municipality["municipality_id"] in members:
            found[municipality["municipality_id"]] = _number_in_2013(municipality)
    return sorted(found.items())


def _number_in_2013(municipality: Mapping[str, Any]) -> str:
    day = "2013-07-31"
    for version in municipality["versions"]:
        if version["valid_from"] <= day and (
            version["valid_to"] is None or day < version["valid_to"]
        ):
            return str(version["number"])
    raise Unavailable(f"{municipality['municipality_id']} bore no number on {day}")


async def _subscribe(api: Api) -> None:
    await api.call(
        "PUT",
        f"/api/notifications/v1/subscriptions/{SUBSCRIPTION}",
        json={
            "channel": "mail",
            "address": MAIL_ADDRESS,
            "language": "nn",
            "events": ["TargetReached", "TargetLost"],
            "subjects": [f"municipality/{VEFSN}"],
        },
    )


async def _outcome(bus: BusSettings, api: Api, mail_page: str) -> Outcome:
    deadline = time.monotonic() + MAIL_SECONDS
    while True:
        deliveries = await api.call(
            "GET",
            "/api/notifications/v1/deliveries",
            params={"subscription_id": SUBSCRIPTION, "limit": "100"},
        )
        if (
            any(d["state"] == "delivered" for d in deliveries["items"])
            or time.monotonic() > deadline
        ):
            break
        await asyncio.sleep(0.1)
    board = await api.call("GET", f"/api/metrics/v1/boards/{VEFSN}")
    mails = await api.call("GET", f"{mail_page}/api/v1/messages")
    milestones = await _milestones(
        bus, [UUID(delivery["event_id"]) for delivery in deliveries["items"]]
    )
    links = await _let_in(api)
    return Outcome(board, milestones, deliveries["items"], mails["messages"], links)


async def _milestones(bus: BusSettings, event_ids: Sequence[UUID]) -> list[MilestoneEvent]:
    async with reading(bus) as log:
        records = await log.find(set(event_ids), [TargetReached.topic()])
    kinds: dict[str, type[MilestoneEvent]] = {
        kind.type(): kind for kind in (TargetReached, TargetLost)
    }
    return [
        kinds[kind].from_wire(str(event_id), record.header("ce_time") or "", record.value)
        for event_id in event_ids
        if (record := records.get(event_id))
        and (kind := record.header("ce_type")) in kinds
        and record.value
    ]
