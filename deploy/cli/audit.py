"""`saman audit verify`: whether the audit logs are whole, and cover every figure that is kept."""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer

from deploy.cli.connection import AsJson, Folder
from deploy.local.progress import showing
from deploy.services import SERVICES, named
from services.reporting.figures import auditing as reporting_auditing
from shared.audit import log
from shared.audit.log import Verdict
from shared.errors import RuleBroken, Unavailable
from shared.postgres.database import DRIVER_FAILURES

audit = typer.Typer(help="Who changed what.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(audit, name="audit")


@audit.command()
def verify(
    service: Annotated[
        str | None, typer.Argument(help="One service; without it all four.", metavar="[SERVICE]")
    ] = None,
    heads: Annotated[
        Path | None,
        typer.Option(
            help="What an earlier `--json` wrote, kept elsewhere: the chain must still hold it."
        ),
    ] = None,
    dir_: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Work each chain out anew, straight from the database; exit code 1 when something is wrong.

    Addresses come from the stack's folder, or from SAMAN_<SERVICE>_OWNER_DSN or _DATABASE_DSN.
    """
    kept = _kept(heads)
    names = [service] if service is not None else list(SERVICES)
    verdicts = {}
    for name in names:
        with showing(f"Verifying {name}"):
            verdicts[name] = asyncio.run(verify_log(_dsn(name, dir_), name, kept.get(name, {})))
    if as_json:
        typer.echo(json.dumps({name: verdict.__dict__ for name, verdict in verdicts.items()}))
    else:
        for name, verdict in verdicts.items():
            typer.echo(f"{name:<14}{verdict.seal_count} entries sealed, head {verdict.head}")
            for fault in verdict.faults:
                typer.echo(f"    {fault}")
    if any(verdict.faults for verdict in verdicts.values()):
        raise typer.Exit(1)


async def verify_log(dsn: str, service: str, known: Mapping[int, str] | None = None) -> Verdict:
    """Verify one service's log, and in reporting that it covers the figures; see `verify`.

    Raises:
        Unavailable: the database does not answer.
    """
    try:
        conn = await asyncpg.connect(dsn, timeout=10)
        try:
            verdict = await log.verify(conn, known=known)
            if service == "reporting":
                verdict.faults += await reporting_auditing.unlike_the_log(conn)
            return verdict
        finally:
            await conn.close()
    except DRIVER_FAILURES as error:
        raise Unavailable(
            f"the database of {service} does not answer ({type(error).__name__}: {error})"
        ) from None


def _kept(path: Path | None) -> dict[str, dict[int, str]]:
    if path is None:
        return {}
    try:
        content: dict[str, Any] = json.loads(path.read_text())
        return {name: {verdict["seal_count"]: verdict["head"]} for name, verdict in content.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RuleBroken(
            f"{path} is not what `saman audit verify --json` writes ({error})"
        ) from None


def _dsn(service: str, folder: Path | None) -> str:
    named(service)
    if folder is not None:
        from deploy.local.stack import (
            read_description,
        )  # needs wheels that the image of the services does not have

        return str(read_description(folder)["databases"][service])
    names = (f"SAMAN_{service.upper()}_OWNER_DSN", f"SAMAN_{service.upper()}_DATABASE_DSN")
    if (dsn := next((os.environ[name] for name in names if os.environ.get(name)), None)) is None:
        raise RuleBroken(f"say where the database of {service} is: --dir FOLDER, or {names[0]}")
    return dsn
