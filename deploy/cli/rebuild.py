"""`saman rebuild metrics`: the projection anew from the log, while it serves."""

import asyncio
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.connection import AsJson, Folder, operator_bus
from deploy.local.progress import shown
from deploy.operate.rebuild import Target
from deploy.operate.rebuild import rebuild as run
from shared.errors import RuleBroken
from shared.kafka.broker import BusSettings

VARIABLES = ("SAMAN_ADMIN_DSN", "SAMAN_METRICS_OWNER_DSN", "SAMAN_METRICS_DATABASE_DSN")
SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(rebuild)


def rebuild(
    service: Annotated[
        str, typer.Argument(help="metrics; the others' databases are the truth themselves.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only compare, and say which states differ.")
    ] = False,
    dir_: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Fill a second database from the log while metrics serves, compare, and put it in the first
    one's place.

    States that come out equal keep their version and nobody hears of it; the others are published
    once. Addresses come from the stack's folder, or from SAMAN_ADMIN_DSN, SAMAN_METRICS_OWNER_DSN,
    SAMAN_METRICS_DATABASE_DSN and SAMAN_KAFKA_BOOTSTRAP.
    """
    if service != "metrics":
        raise RuleBroken(f"{service!r} cannot be rebuilt; only metrics follows from the log alone")
    with shown() as progress:
        outcome = asyncio.run(run(_target(dir_), dry_run=dry_run, progress=progress))
    if as_json:
        typer.echo(json.dumps(asdict(outcome)))
        return
    typer.echo(f"{outcome.record_count} records read, {outcome.state_count} states compared")
    for key in outcome.different[:SHOWN]:
        typer.echo(f"    another now: {key}")
    typer.echo(f"{len(outcome.different)} states are others now")
    if outcome.kept_as is not None:
        typer.echo(
            f"switched in {outcome.switch_seconds} s; the old database is kept as {outcome.kept_as}"
        )


def _target(folder: Path | None) -> Target:
    if folder is not None:
        from deploy.local.postgres import (
            PostgresServer,
        )  # needs wheels that the image of the services does not have
        from deploy.local.stack import read_description

        bus = operator_bus(read_description(folder))
        postgres = PostgresServer(folder.expanduser().resolve())
        return Target(
            postgres.dsn(),
            postgres.dsn("metrics", "metrics_owner"),
            postgres.dsn("metrics", "metrics"),
            bus,
        )
    admin, owner, service = (os.environ.get(name, "") for name in VARIABLES)
    if not (admin and owner and service):
        raise RuleBroken(f"say where metrics is: --dir FOLDER, or {', '.join(VARIABLES)}")
    return Target(admin, owner, service, BusSettings(client_id="saman-rebuild"))
