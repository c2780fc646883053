"""The workload of the benchmark: 428 municipalities, 60 months in order, 109 of them with a goal,
day counts.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path

from deploy.cli.connection import Connection
from deploy.cli.programme import load_programme
from deploy.cli.publishers import add_publisher
from deploy.client.figures import OutgoingFigure, figure
from deploy.demo.generated import DEFINITION
from services.registry.programmes.folder import read_programme_folder
from shared.values import Grain, Period

PROGRAMME = Path(__file__).parents[2] / "programmes" / "saman-2011"
PUBLISHERS = ("310000035", "310000043", "310000051", "310000078")
FIRST = Period(Grain.MONTH, 2012 * 12)
MONTHS = 60
DEFINITION_KEY = "total.agreed.corrected.municipality-hr"


async def prepare(connection: Connection) -> dict[str, list[tuple[str, str]]]:
    """Load the programme with a goal for every project, and add publishers for all municipalities
    of 2013.

    Returns:
        Per publisher, the id and number of each municipality that it speaks for.
    """
    await load_programme(connection, PROGRAMME, wait=True)
    goal = {
        "metric": "absence",
        "window": "year-to-date",
        "definition": DEFINITION,
        "direction": "falling",
        "baseline": {"value": "9.5", "period": "2012"},
        "target": "8.5",
        "due_on": "2017-12-31",
        "persons_per_point": "10",
    }
    async with connection.client() as api:
        for project_id, body in read_programme_folder(PROGRAMME).projects.items():
            with_goal = {**body, "goals": [{**goal, "goal_id": f"{project_id}-goal"}]}
            await api.call("PUT", f"/api/registry/v1/projects/{project_id}", json=with_goal)
        params = {"at": "2013-12-31", "limit": "1000"}
        listed = (await api.call("GET", "/api/registry/v1/municipalities", params=params))["items"]
    everyone = [(m["municipality_id"], m["versions"][0]["number"]) for m in listed]
    shares = {publisher: everyone[i :: len(PUBLISHERS)] for i, publisher in enumerate(PUBLISHERS)}
    for publisher, share in shares.items():
        ids = [municipality_id for municipality_id, _ in share]
        await add_publisher(connection, publisher, name="Benchmark", municipalities=ids, wait=True)
    return shares


def figures(
    shares: dict[str, list[tuple[str, str]]], *, months: int = MONTHS, seed: int = 1
) -> Iterator[tuple[str, OutgoingFigure, str]]:
    """Yield publisher, figure and the key of its MetricUpdated, month by month.

    2012 to 2016: in 2017 the first numbers of 2013 end.
    """
    chance = random.Random(seed)
    for period in (FIRST.plus(i) for i in range(months)):
        for publisher, share in shares.items():
            for municipality_id, number in share:
                agreed = chance.randint(2_000, 40_000)
                body = {
                    "municipality": number,
                    "period": str(period),
                    "lost_days": f"{agreed * chance.uniform(0.05, 0.12):.2f}",
                    "agreed_days": f"{agreed}.00",
                    "persons": agreed // 20,
                    "definition": DEFINITION,
                }
                key = f"municipality/{municipality_id}|absence|{DEFINITION_KEY}|{period}"
                yield publisher, figure(body, publisher=publisher), key


def encoded(figure: OutgoingFigure) -> bytes:
    """Return the record value of a figure."""
    return json.dumps(dict(figure.body)).encode()
