"""`saman publishers`: who may publish."""

import asyncio
import json
from contextlib import suppress
from datetime import date
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from stdnum.no import orgnr

from deploy.cli import publisher_keys
from deploy.cli.connection import (
    Api,
    AsJson,
    Connection,
    Folder,
    NoWait,
    find_connection,
    reached,
    until_heard,
)
from deploy.cli.publisher_keys import days_of
from deploy.cli.way_in import WayIn, way_in
from deploy.local.progress import showing
from deploy.operate.accounts import applying
from deploy.operate.accounts.broker import NoAccounts
from deploy.operate.accounts.rights import Quota
from shared.clock import Clock
from shared.errors import NotFound, RuleBroken
from shared.events.inbound import topics_of_publisher
from shared.events.registry import PublisherRegistered
from shared.kafka.broker import BusSettings
from shared.kafka.topics import apply

PUBLISHERS = "/api/registry/v1/publishers"
HEARING = "Waiting until every service has heard of it"

publishers = typer.Typer(help="Who may publish figures.", no_args_is_help=True)
publishers.command()(publisher_keys.show)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(publishers, name="publishers")


@publishers.command()
def add(
    organisation_number: Annotated[str, typer.Argument(help="Nine digits.", metavar="ORGNR")],
    name: Annotated[str, typer.Option(help="The publisher's name.")],
    municipality: Annotated[
        list[str], typer.Option(help="Municipality id it may speak for; repeatable.")
    ],
    new_password: Annotated[
        bool,
        typer.Option(
            "--new-password", help="Give its Kafka account another password; the old one ends."
        ),
    ] = False,
    dir_: Folder = None,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Register a publisher or let it speak for more, with topics, a Kafka account, and a key.
    Repeatable.

    Key and password are shown once, when they are made: where there is none yet.
    """
    connection = find_connection(dir_)
    added = reached(
        connection.bus,
        add_publisher(
            connection,
            organisation_number,
            name=name,
            municipalities=municipality,
            new_password=new_password,
            wait=False,
        ),
    )
    # What is shown once is shown before anything is waited for that may not come.
    told = way_in(connection.bus, organisation_number)
    typer.echo(json.dumps(added | told.fields())) if as_json else _show(added, name, told)
    if not no_wait:
        with showing(HEARING):
            reached(connection.bus, _until_publisher_heard(connection))


def _show(added: dict[str, Any], name: str, told: WayIn) -> None:
    organisation_number = added["organisation_number"]
    typer.echo(f"{name} ({organisation_number}) may speak for {spoken_for(added)}")
    for sentence in added["topics"]:
        typer.echo(sentence)
    if added["key"]:
        typer.echo(f"key for HTTP, shown once: {added['key']}")
    for sentence in told.sentences():
        typer.echo(sentence)
    if added["kafka_password"]:
        typer.echo(
            f"password for Kafka (account {organisation_number}), shown once:"
            f" {added['kafka_password']}"
        )
    if added["kafka_without_accounts"]:
        typer.echo(added["kafka_without_accounts"], err=True)


def spoken_for(added: dict[str, Any]) -> str:
    """Return for whom a publisher that was added may speak, and in which days."""
    return ", ".join(
        f"{mandate['municipality_id']}{days_of(mandate)}" for mandate in added["may_speak_for"]
    )


@publishers.command()
def revoke(
    organisation_number: Annotated[str, typer.Argument(help="Nine digits.", metavar="ORGNR")],
    dir_: Folder = None,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Take back a publisher's right to publish, all its keys and its Kafka account. Repeatable.

    What it published stays, and so do its topics.
    """
    connection = find_connection(dir_)
    with showing(HEARING):
        reached(connection.bus, revoke_publisher(connection, organisation_number, wait=not no_wait))
    if as_json:
        typer.echo(json.dumps({"revoked": organisation_number}))
        return
    typer.echo(
        f"{organisation_number} may not publish any more; its keys and its Kafka account are gone"
    )


async def add_publisher(
    connection: Connection,
    organisation_number: str,
    *,
    name: str,
    municipalities: list[str],
    new_password: bool = False,
    wait: bool,
) -> dict[str, Any]:
    """Register a publisher with topics, account and key; see `add`.

    The registry comes first: it refuses one that was revoked, which must not get its rights on the
    broker back.
    """
    if not orgnr.is_valid(organisation_number):
        raise RuleBroken(
            f"{organisation_number!r} is no organisation number: nine digits, the last a check"
            " digit (mod 11)"
        )
    path = f"{PUBLISHERS}/{organisation_number}"
    async with connection.client() as api:
        known, tag = await _find_publisher(api, path)
        mandates = _mandates(known["may_speak_for"] if known else [], municipalities)
        guard = {"If-Match": tag} if tag else {"If-None-Match": "*"}
        put = await api.call(
            "PUT", path, json={"name": name, "may_speak_for": mandates}, headers=guard
        )
        topics = await apply(connection.bus, topics_of_publisher(organisation_number))
        password, lack = await _admit(
            connection.bus, organisation_number, new_password=new_password
        )
        key = None if known and known["keys"] else (await api.call("POST", f"{path}/keys"))["key"]
    if wait:
        await _until_publisher_heard(connection)
    return {
        "organisation_number": organisation_number,
        "may_speak_for": [
            m for m in put["may_speak_for"] if m["municipality_id"] in municipalities and _lasts(m)
        ],
        "topics": topics,
        "key": key,
        "kafka_password": password,
        "kafka_without_accounts": lack,
    }


async def revoke_publisher(connection: Connection, organisation_number: str, *, wait: bool) -> None:
    """End a publisher's right to publish; see `revoke`.

    Raises:
        NotFound: there is no such publisher.
    """
    async with connection.client() as api:
        await api.call("POST", f"{PUBLISHERS}/{organisation_number}/revocation")
    with suppress(NoAccounts):
        await asyncio.to_thread(applying.expel, connection.bus, organisation_number)
    if wait:
        await _until_publisher_heard(connection)


def account_of(connection: Connection, added: dict[str, Any]) -> BusSettings:
    """Return how a publisher whose password was just made reaches Kafka; without accounts as
    everybody else.
    """
    return connection.bus.as_account(
        added["organisation_number"], SecretStr(added["kafka_password"] or "")
    )


async def _admit(
    bus: BusSettings, organisation_number: str, *, new_password: bool
) -> tuple[str | None, str | None]:
    """Return the password, if one was made, and the sentence that says that the broker knows no
    accounts.
    """
    try:
        made = await asyncio.to_thread(
            applying.admit, bus, organisation_number, quota=Quota(), new_password=new_password
        )
    except NoAccounts as lack:
        return None, lack.message
    return made, None


async def _until_publisher_heard(connection: Connection) -> None:
    await until_heard(
        connection,
        [PublisherRegistered.topic()],
        ("registry", "reporting", "metrics", "notifications"),
    )


async def _find_publisher(api: Api, path: str) -> tuple[dict[str, Any] | None, str | None]:
    """Return a publisher with its entity tag, on which a change is based; none of both where there
    is none yet.
    """
    try:
        answer = await api.answer("GET", path)
    except NotFound:
        return None, None
    return answer.json(), answer.headers["ETag"]


def _mandates(held: list[dict[str, Any]], municipalities: list[str]) -> list[dict[str, Any]]:
    """Return the mandates that are held and those that are wanted besides; one that has ended
    begins anew today.
    """
    ever, now = (
        {m["municipality_id"] for m in mandates} for mandates in (held, filter(_lasts, held))
    )
    lacking = [one for one in dict.fromkeys(municipalities) if one not in now]
    anew = {"from": Clock().today().isoformat()}
    return held + [{"municipality_id": one, **(anew if one in ever else {})} for one in lacking]


def _lasts(mandate: dict[str, Any]) -> bool:
    """Tell whether a mandate has not ended; its `to` is its last day."""
    return mandate["to"] is None or date.fromisoformat(mandate["to"]) >= Clock().today()
