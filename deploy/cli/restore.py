"""`saman restore`: whether databases and log are of the same moment, and making them so."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from deploy.cli.connection import AsJson, Folder, operator_bus
from deploy.local.progress import Progress, showing, shown
from deploy.operate.rebuild import Target
from deploy.operate.rebuild import rebuild as rebuild_metrics
from deploy.operate.restore import Difference, examine
from deploy.operate.restore import repair as run_repair
from deploy.operate.restore.check import METRICS, Stores
from deploy.services import SERVICES
from shared.errors import RuleBroken
from shared.kafka.broker import BusSettings

restore = typer.Typer(
    help="After a restore: databases and log compared, and brought together.", no_args_is_help=True
)


@dataclass(frozen=True, slots=True)
class Found:
    """Where everything is, and metrics' database for the role that rebuilds, where that is
    known.
    """

    stores: Stores
    target: Target | None


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(restore, name="restore")


@restore.command()
def check(dir_: Folder = None, as_json: AsJson = False) -> None:
    """Say in what each database and the log differ, and what has to become of it; exit code 1 when
    they do.

    The services may run or not. Addresses come from the stack's folder, or from
    SAMAN_<SERVICE>_DATABASE_DSN and SAMAN_KAFKA_BOOTSTRAP. A stack that does not run is started for
    it, without its services.
    """

    async def run() -> list[Difference]:
        async with _found(_resolved(dir_)) as found:
            return await examine(found.stores)

    with showing("Comparing databases and log"):
        differences = asyncio.run(run())
    _tell(differences, as_json=as_json)
    if any(difference.sentences() for difference in differences):
        raise typer.Exit(1)


@restore.command()
def repair(dir_: Folder = None, as_json: AsJson = False) -> None:
    """Do what the check says, while the services are stopped. Repeatable; safe after it was killed.

    Rebuilding metrics, should it be needed, takes SAMAN_ADMIN_DSN and SAMAN_METRICS_OWNER_DSN as
    well.
    """

    async def run(progress: Progress) -> tuple[list[Difference], list[Difference]]:
        async with _found(_resolved(dir_)) as found:
            target = found.target
            rebuild = (
                (lambda: rebuild_metrics(target, progress=progress)) if target is not None else None
            )
            before = await run_repair(found.stores, rebuild, progress=progress)
            return before, await examine(found.stores)

    with shown() as progress:
        before, after = asyncio.run(run(progress))
    _tell(before, as_json=as_json)
    if left := [
        said for difference in after if difference.needs_rebuild for said in difference.sentences()
    ]:
        raise RuleBroken(
            f"metrics must not be started yet: {'; '.join(left)}; "
            "set SAMAN_ADMIN_DSN and SAMAN_METRICS_OWNER_DSN and repair again"
        )
    if not as_json:
        typer.echo("repaired; start the services, they read again what they have to")


def _tell(differences: list[Difference], *, as_json: bool) -> None:
    if as_json:
        typer.echo(
            json.dumps({difference.service: _written(difference) for difference in differences})
        )
        return
    sentences = [sentence for difference in differences for sentence in difference.sentences()]
    typer.echo("\n".join(sentences) or "databases and log are of the same moment")


def _written(difference: Difference) -> dict[str, Any]:
    return {
        "database_is_older": difference.is_database_older,
        "log_is_older": difference.is_log_older,
        "differences": difference.sentences(),
    }


def _resolved(folder: Path | None) -> Path | None:
    return None if folder is None else folder.expanduser().resolve()


@asynccontextmanager
async def _found(folder: Path | None) -> AsyncIterator[Found]:
    if folder is not None:
        async with _stack(folder) as found:
            yield found
        return
    databases = {
        name: os.environ.get(f"SAMAN_{name.upper()}_DATABASE_DSN", "") for name in SERVICES
    }
    if missing := [name for name, dsn in databases.items() if not dsn]:
        raise RuleBroken(
            f"say where the databases are: --dir FOLDER, or SAMAN_{missing[0].upper()}_DATABASE_DSN"
        )
    bus = BusSettings(client_id="saman-restore")
    admin, owner = os.environ.get("SAMAN_ADMIN_DSN"), os.environ.get("SAMAN_METRICS_OWNER_DSN")
    target = Target(admin, owner, databases[METRICS], bus) if admin and owner else None
    yield Found(Stores(databases, bus), target)


@asynccontextmanager
async def _stack(folder: Path) -> AsyncIterator[Found]:
    """Take the servers of a stack's folder, and start them where they do not run."""
    from deploy.local import accounts
    from deploy.local.infrastructure import (
        infrastructure,
    )  # needs wheels that the image of the services lacks
    from deploy.local.postgres import PostgresServer
    from deploy.local.stack import read_description, running_programs

    if running_programs(folder)["postgres"] is None:
        async with infrastructure(
            folder, kafka_options=accounts.options(folder, local=False)
        ) as started:
            yield _of(started.postgres, accounts.operator_at(folder, started.bootstrap))
    else:
        yield _of(PostgresServer(folder), operator_bus(read_description(folder)))


def _of(postgres: Any, bus: BusSettings) -> Found:
    databases = {name: postgres.dsn(name, name) for name in SERVICES}
    owner = postgres.dsn(METRICS, f"{METRICS}_owner")
    return Found(Stores(databases, bus), Target(postgres.dsn(), owner, databases[METRICS], bus))
