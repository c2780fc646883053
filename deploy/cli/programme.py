"""`saman programme load`: a programme as data."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.cli.connection import (
    AsJson,
    Connection,
    Folder,
    NoWait,
    find_connection,
    reached,
    until_heard,
)
from deploy.local.progress import Progress, shown, silent
from services.registry.programmes.folder import read_programme_folder
from shared.events.registry import ProgrammeRegistered, ProjectRegistered

REGISTRY = "/api/registry/v1"

programme = typer.Typer(help="A programme as a folder of readable files.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(programme, name="programme")


@dataclass
class Loaded:
    """What a load changed, by kind of thing."""

    registered: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)

    def note(self, name: str, answer: Any) -> None:
        """Sort a PUT's answer; version 1 is new."""
        kept = (
            self.unchanged
            if not answer["changed"]
            else self.registered
            if answer["version"] == 1
            else self.changed
        )
        kept.append(name)


@programme.command()
def load(
    folder: Annotated[Path, typer.Argument(help="Folder with programme.toml.", metavar="FOLDER")],
    dir_: Folder = None,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Register a programme with its cohorts, themes and projects. Repeatable; says what it
    changed.
    """
    connection = find_connection(dir_)
    with shown() as progress:
        loaded = reached(
            connection.bus, load_programme(connection, folder, wait=not no_wait, progress=progress)
        )
    if as_json:
        typer.echo(json.dumps(loaded.__dict__))
        return
    for what in ("registered", "changed"):
        names = getattr(loaded, what)
        if names:
            typer.echo(f"{what}: {', '.join(names)}")
    typer.echo(
        f"{len(loaded.registered)} registered, {len(loaded.changed)} changed,"
        f" {len(loaded.unchanged)} as they were"
    )


async def load_programme(
    connection: Connection, folder: Path, *, wait: bool, progress: Progress = silent
) -> Loaded:
    """Put all that a folder holds; see `load`."""
    content = read_programme_folder(folder)
    loaded = Loaded()
    async with connection.client() as api:
        for metric_id, body in content.metrics.items():
            answer = await api.call("PUT", f"{REGISTRY}/metrics/{metric_id}", json=body)
            loaded.note(metric_id, answer)
        answer = await api.call(
            "PUT", f"{REGISTRY}/programmes/{content.programme_id}", json=content.programme
        )
        loaded.note(content.programme_id, answer)
        for done, (project_id, body) in enumerate(content.projects.items(), start=1):
            answer = await api.call("PUT", f"{REGISTRY}/projects/{project_id}", json=body)
            loaded.note(project_id, answer)
            progress("Loading the programme", done=done, total=len(content.projects))
        for path, body in content.others.items():
            answer = await api.call("PUT", f"{REGISTRY}/{path}", json=body)
            loaded.note(path, answer)
    if wait:
        progress("Waiting until every service has heard it")
        await until_heard(
            connection, [ProjectRegistered.topic()], ("reporting", "metrics", "notifications")
        )
        await until_heard(connection, [ProgrammeRegistered.topic()], ("metrics", "notifications"))
    return loaded
