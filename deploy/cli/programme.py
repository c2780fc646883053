"""`saman programme load`, `saman publishers add`, `saman post`: what an operator does to get a programme going."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from stdnum.no import orgnr

from deploy import client as reference
from deploy.cli.connection import Api, AsJson, Connection, Folder, find_connection, until_heard
from deploy.local.progress import Progress, shown, silent
from services.registry.programme_folder import read_programme_folder
from shared.errors import NotFound, RuleBroken
from shared.events.registry import ProgrammeRegistered, ProjectRegistered, PublisherRegistered
from shared.messaging.topics import apply, topics_of_publisher

REGISTRY = "/api/registry/v1"
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait until the other services have heard it.")]
_POST_CHUNK = 200

programme = typer.Typer(help="A programme as a folder of readable files.", no_args_is_help=True)
publishers = typer.Typer(help="Who may publish figures.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(programme, name="programme")
    app.add_typer(publishers, name="publishers")
    app.command()(post)


@dataclass
class Loaded:
    """What a load changed, by kind of thing."""

    registered: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)

    def note(self, name: str, answer: Any) -> None:
        """Sort a PUT's answer; version 1 is new."""
        kept = self.unchanged if not answer["changed"] else self.registered if answer["version"] == 1 else self.changed
        kept.append(name)


@programme.command()
def load(
    folder: Annotated[Path, typer.Argument(help="Folder with programme.toml.", metavar="FOLDER")],
    dir_: Folder = None,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Register a programme with its cohorts, themes and projects. Repeatable; says what it changed."""
    connection = find_connection(dir_)
    with shown() as progress:
        loaded = asyncio.run(load_programme(connection, folder, wait=not no_wait, progress=progress))
    if as_json:
        typer.echo(json.dumps(loaded.__dict__))
        return
    for what in ("registered", "changed"):
        names = getattr(loaded, what)
        if names:
            typer.echo(f"{what}: {', '.join(names)}")
    typer.echo(
        f"{len(loaded.registered)} registered, {len(loaded.changed)} changed, {len(loaded.unchanged)} as they were"
    )


@publishers.command()
def add(
    organisation_number: Annotated[str, typer.Argument(help="Nine digits.", metavar="ORGNR")],
    name: Annotated[str, typer.Option(help="The publisher's name.")],
    municipality: Annotated[list[str], typer.Option(help="Municipality id it may speak for; repeatable.")],
    dir_: Folder = None,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Register a publisher or let it speak for more; make its topics, and a key (shown once) if it has none."""
    connection = find_connection(dir_)
    added = asyncio.run(
        add_publisher(connection, organisation_number, name=name, municipalities=municipality, wait=not no_wait)
    )
    if as_json:
        typer.echo(json.dumps(added))
        return
    typer.echo(f"{name} ({organisation_number}) may speak for {', '.join(municipality)}")
    for sentence in added["topics"]:
        typer.echo(sentence)
    if added["key"]:
        typer.echo(f"key, shown once: {added['key']}")


@publishers.command()
def revoke(
    organisation_number: Annotated[str, typer.Argument(help="Nine digits.", metavar="ORGNR")],
    dir_: Folder = None,
    no_wait: NoWait = False,
) -> None:
    """Take back a publisher's right to publish, and all its keys. What it published stays. Repeatable."""
    asyncio.run(revoke_publisher(find_connection(dir_), organisation_number, wait=not no_wait))
    typer.echo(f"{organisation_number} may not publish any more; its keys are gone")


def post(
    figures: Annotated[
        Path, typer.Argument(help="CSV file; columns are named like the fields.", metavar="FIGURES.CSV")
    ],
    publisher: Annotated[str, typer.Option(help="Organisation number.")],
    dir_: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Publish figures over Kafka and wait for their receipts: a reference client. Repeatable."""
    connection = find_connection(dir_)
    read = reference.read_figures(figures, publisher=publisher)
    with shown() as progress:
        receipts = asyncio.run(post_figures(connection.kafka, publisher, read, progress=progress))
    if as_json:
        typer.echo(json.dumps({"accepted": receipts.accepted, "rejected": receipts.rejected}))
    else:
        typer.echo(f"{len(receipts.accepted)} accepted, {len(receipts.rejected)} rejected")
        for submission, content in receipts.rejected.items():
            typer.echo(f"  {submission}: {content['code']}: {content['message']}")
    if receipts.rejected:
        raise typer.Exit(1)


async def load_programme(connection: Connection, folder: Path, *, wait: bool, progress: Progress = silent) -> Loaded:
    """Put a folder's programme and projects; see `load`."""
    content = read_programme_folder(folder)
    loaded = Loaded()
    async with connection.client() as api:
        answer = await api.call("PUT", f"{REGISTRY}/programmes/{content.programme_id}", json=content.programme)
        loaded.note(content.programme_id, answer)
        for done, (project_id, body) in enumerate(content.projects.items(), start=1):
            answer = await api.call("PUT", f"{REGISTRY}/projects/{project_id}", json=body)
            loaded.note(project_id, answer)
            progress("Loading the programme", done=done, total=len(content.projects))
    if wait:
        progress("Waiting until every service has heard it")
        await until_heard(connection, [ProjectRegistered.topic()], ("reporting", "metrics", "notifications"))
        await until_heard(connection, [ProgrammeRegistered.topic()], ("metrics", "notifications"))
    return loaded


async def add_publisher(
    connection: Connection, organisation_number: str, *, name: str, municipalities: list[str], wait: bool
) -> dict[str, Any]:
    """Register a publisher with topics and a key; see `add`."""
    if not orgnr.is_valid(organisation_number):
        raise RuleBroken(
            f"{organisation_number!r} is no organisation number: nine digits, the last a check digit (mod 11)"
        )
    topics = await apply(connection.bus, topics_of_publisher(organisation_number))
    path = f"{REGISTRY}/publishers/{organisation_number}"
    async with connection.client() as api:
        known = await _find_publisher(api, path)
        mandates = list(known["may_speak_for"]) if known else []
        held = {mandate["municipality_id"] for mandate in mandates}
        mandates += [{"municipality_id": wanted} for wanted in municipalities if wanted not in held]
        await api.call("PUT", path, json={"name": name, "may_speak_for": mandates})
        key = None if known and known["keys"] else (await api.call("POST", f"{path}/keys"))["key"]
    if wait:
        await _until_publisher_heard(connection)
    return {"organisation_number": organisation_number, "topics": topics, "key": key}


async def revoke_publisher(connection: Connection, organisation_number: str, *, wait: bool) -> None:
    """End a publisher's right to publish; see `revoke`.

    Raises:
        NotFound: there is no such publisher.
    """
    async with connection.client() as api:
        await api.call("POST", f"{REGISTRY}/publishers/{organisation_number}/revocation")
    if wait:
        await _until_publisher_heard(connection)


async def post_figures(
    bootstrap: str, publisher: str, figures: list[reference.OutgoingFigure], *, progress: Progress = silent
) -> reference.Receipts:
    """Publish figures and wait for their receipts; see `post`."""
    step = f"Publishing {len(figures)} figures over Kafka"
    receipts = reference.Receipts()
    async with reference.connected(bootstrap, publisher) as client:
        for chunk in reference.chunks(figures, _POST_CHUNK):
            await client.post(chunk)
        async for receipts in client.receipts(figures):
            progress(step, done=len(receipts), total=len(figures))
    return receipts


async def _until_publisher_heard(connection: Connection) -> None:
    await until_heard(connection, [PublisherRegistered.topic()], ("registry", "reporting", "metrics", "notifications"))


async def _find_publisher(api: Api, path: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = await api.call("GET", path)
    except NotFound:
        return None
    return found
