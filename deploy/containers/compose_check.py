"""Follow figures from outside to mails through a running system.

Run it with `python -m deploy.containers.compose_check`. It is for the system in containers, and
uses only the doors that everybody has: HTTP, Kafka and the page of the mail catcher. It registers
what it needs under names of its own, so it may be run again, but not beside real data.

- At the door: `/-/ready` of the services is not to be had, and a body of 2 MB is refused.
- Over HTTP: a new publisher posts one figure with its key, as `curl` would; a goal is reached; the
  mail comes.
- Over Kafka: Vefsn's real figures reach its goal in April 2013; the mail comes. On a system that
  has them already, all are receipted again and change nothing.

The system is found by SAMAN_URL, SAMAN_KAFKA_BOOTSTRAP and SAMAN_OPERATOR_KEY, the catcher by
SAMAN_MAIL_PAGE.
"""

import asyncio
import logging
import os
import random
import secrets
import sys
import time
import uuid
from collections.abc import Mapping
from typing import Any

import httpx2
from stdnum.no import orgnr

from deploy.cli.connection import Api, Connection, find_connection
from deploy.cli.posting import post_figures
from deploy.cli.programme import load_programme
from deploy.cli.publishers import account_of, add_publisher
from deploy.client.reading import read_figures
from deploy.demo.story import PROGRAMME, VEFSN, VEFSN_HR
from shared.errors import AppError, Unavailable
from shared.service.clients import new_client

MAIL_SECONDS = 60.0
DEFINITION = {
    "certification": "total",
    "denominator": "agreed",
    "holiday": "corrected",
    "source": "municipality-hr",
}


async def check(connection: Connection, mail_page: str) -> None:
    """Let a figure in by each door and wait for its mail.

    Raises:
        AppError: the system did not do what it promises; the message says what.
    """
    run = secrets.token_hex(4)
    async with connection.client() as api:
        began = time.monotonic()
        loaded = await load_programme(connection, PROGRAMME, wait=True)
        say(
            began,
            f"the programme is loaded: {len(loaded.registered)} registered, {len(loaded.unchanged)}"
            " as they were",
        )
        await by_the_gateway(connection)
        await by_http(connection, api, mail_page, run)
        await by_kafka(connection, api, mail_page, run)


async def by_the_gateway(connection: Connection) -> None:
    """What must not get in, and what must not get out, is refused with a problem document.

    Raises:
        Unavailable: it was not, or not so.
    """
    began = time.monotonic()
    async with new_client(base_url=connection.http, timeout=30) as client:
        answers = {
            "not-found": await client.get("/-/ready"),
            "body-too-large": await client.post(
                "/api/reporting/v1/absence-figures", content=b" " * 2_000_000
            ),
        }
    for code, answer in answers.items():
        if (
            answer.headers["content-type"] != "application/problem+json"
            or answer.json()["code"] != code
        ):
            raise Unavailable(
                f"expected {code}, but {answer.request.url} answered {answer.status_code}"
                f" {answer.text}"
            )
    say(began, "the gateway keeps inside what is inside, and 2 MB outside")


async def by_http(connection: Connection, api: Api, mail_page: str, run: str) -> None:
    """A publisher of this run posts a figure that reaches a goal of this run."""
    municipality, number = await _somebody(api)
    publisher = _organisation_number()
    project, address = f"check-{run}", f"http-{run}@check.example"
    await _subscribe(api, f"check-http-{run}", address, municipality)
    await api.call(
        "PUT", f"/api/registry/v1/projects/{project}", json=_project(municipality, f"goal-{run}")
    )
    added = await add_publisher(
        connection, publisher, name="Check", municipalities=[municipality], wait=True
    )
    figure = {
        "figure_id": str(uuid.uuid4()),
        "municipality": number,
        "period": "2013-04",
        "window": "period",
        "lost_days": "1200.50",
        "agreed_days": "20000",
        "persons": 900,
        "definition": DEFINITION,
    }
    began = time.monotonic()
    headers = {"Authorization": f"Bearer {added['key']}"}
    await api.call("POST", "/api/reporting/v1/absence-figures", json=figure, headers=headers)
    say(began, f"HTTP took the figure of {municipality}")
    mail = await _mail_to(api, mail_page, address)
    say(began, f"HTTP to mail: {mail['Subject']!r} to {address}")


async def by_kafka(connection: Connection, api: Api, mail_page: str, run: str) -> None:
    """Vefsn's HR system publishes its real figures."""
    address = f"kafka-{run}@check.example"
    known = await api.call(
        "GET", "/api/metrics/v1/series", params={"subject": f"municipality/{VEFSN}", "limit": "1"}
    )
    await _subscribe(api, f"check-kafka-{run}", address, VEFSN)
    added = await add_publisher(
        connection,
        VEFSN_HR,
        name="Vefsn kommune, HR",
        municipalities=[VEFSN],
        new_password=True,
        wait=True,
    )
    figures = read_figures(PROGRAMME / "figures" / "vefsn.csv", publisher=VEFSN_HR)
    began = time.monotonic()
    receipts = await post_figures(account_of(connection, added), VEFSN_HR, figures)
    if receipts.rejected:
        raise Unavailable(
            f"{len(receipts.rejected)} of Vefsn's figures were rejected: {receipts.rejected}"
        )
    say(began, f"Kafka took {len(receipts.accepted)} figures of {VEFSN}, each with a receipt")
    if known["items"]:
        say(began, f"{VEFSN} had its figures already, so nothing changes and no mail is due")
        return
    mail = await _mail_to(api, mail_page, address)
    say(began, f"Kafka to mail: {mail['Subject']!r} to {address}")


def say(began: float, sentence: str) -> None:
    """Tell what was seen, and how long it took."""
    print(f"{time.monotonic() - began:6.2f} s  {sentence}", flush=True)


async def _somebody(api: Api) -> tuple[str, str]:
    """Return a municipality that no earlier run is likely to have used, and its number in 2013."""
    at = {"at": "2013-04-30", "limit": "1000"}
    found = (await api.call("GET", "/api/registry/v1/municipalities", params=at))["items"]
    chosen = random.choice([each for each in found if each["municipality_id"] != VEFSN])  # noqa: S311 - no secret
    version = next(
        v for v in chosen["versions"] if v["valid_to"] is None or v["valid_to"] > at["at"]
    )
    return chosen["municipality_id"], version["number"]


async def _subscribe(api: Api, subscription: str, address: str, municipality: str) -> None:
    wanted = {
        "channel": "mail",
        "address": address,
        "language": "nn",
        "events": ["TargetReached"],
        "subjects": [f"municipality/{municipality}"],
    }
    await api.call("PUT", f"/api/notifications/v1/subscriptions/{subscription}", json=wanted)


async def _mail_to(api: Api, mail_page: str, address: str) -> Mapping[str, Any]:
    """Wait for the first mail to an address and return what the catcher tells of it.

    Raises:
        Unavailable: none came in time.
    """
    deadline = time.monotonic() + MAIL_SECONDS
    while time.monotonic() < deadline:
        mails = (await api.call("GET", f"{mail_page}/api/v1/messages"))["messages"]
        for mail in mails:
            if any(recipient["Address"] == address for recipient in mail["To"]):
                found: Mapping[str, Any] = mail
                return found
        await asyncio.sleep(0.1)
    raise Unavailable(f"no mail to {address} came in {MAIL_SECONDS:.0f} s; see /status")


def _project(municipality: str, goal: str) -> dict[str, Any]:
    name = "Kontroll av ein installasjon"
    return {
        "programme_id": "saman-2011",
        "names": {"nb": name, "nn": name, "en": "Check of an installation"},
        "members": [{"municipality_id": municipality}],
        "goals": [
            {
                "goal_id": goal,
                "window": "month",
                "definition": DEFINITION,
                "direction": "falling",
                "baseline": {"value": "8.6", "period": "2012"},
                "target": "6.9",
                "due_on": "2013-12-31",
            }
        ],
    }


def _organisation_number() -> str:
    """Return a synthetic organisation number; those begin with 3."""
    while not orgnr.is_valid(
        number := f"31{secrets.randbelow(10_000_000):07d}"
    ):  # one of eleven is
        pass
    return number


def main() -> int:
    """Run the check: 0 when both mails came, 1 with one sentence when not."""
    logging.getLogger("aiokafka").setLevel(
        logging.CRITICAL
    )  # it complains while new topics choose their leaders
    mail_page = os.environ.get("SAMAN_MAIL_PAGE", "http://127.0.0.1:8025")
    try:
        asyncio.run(check(find_connection(None), mail_page))
    except (AppError, httpx2.HTTPError) as error:
        print(f"compose_check: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
