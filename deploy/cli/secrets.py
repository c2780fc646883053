"""`saman secrets`: the secrets of an installation as files."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.connection import AsJson
from deploy.containers import installation_secrets, secret_files
from deploy.operate.accounts.certificates import AUTHORITY
from shared.errors import NotFound

secrets = typer.Typer(
    help="The secrets of an installation, as files that containers mount.", no_args_is_help=True
)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(secrets, name="secrets")


@secrets.command()
def make(
    folder: Annotated[Path, typer.Argument(help="Gets a folder per reader.", metavar="FOLDER")],
    postgres: Annotated[
        str, typer.Option(help="Where the services reach PostgreSQL, host:port.")
    ] = "postgres:5432",
    kafka_name: Annotated[
        list[str] | None,
        typer.Option(help="Host name or address in Kafka's certificate; repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write random secrets and what follows from them, for each reader only what it needs.
    Repeatable: they stay.

    Kafka's certificate is made anew when its names change or it is about to expire.
    """
    installation_secrets.make(folder, postgres=postgres, kafka_names=kafka_name or ("localhost",))
    typer.echo(json.dumps({"folder": str(folder)}) if as_json else f"secrets are in {folder}")


@secrets.command()
def show(
    name: Annotated[
        str,
        typer.Argument(
            help="Such as SAMAN_OPERATOR_KEY, or ca.pem for Kafka's authority.", metavar="NAME"
        ),
    ] = "SAMAN_OPERATOR_KEY",
    as_json: AsJson = False,
) -> None:
    """Print one secret from the folder that SAMAN_SECRETS_DIR names; the operator's key if nothing
    is said.
    """
    folder = Path(os.environ.get(secret_files.FOLDER_VARIABLE, "/run/secrets"))
    found = secret_files.read(folder)
    if (authority := folder / AUTHORITY).is_file():
        found[AUTHORITY] = authority.read_text().strip()
    if name not in found:
        raise NotFound(f"there is no secret {name}; there are {', '.join(found) or 'none'}")
    typer.echo(json.dumps({name: found[name]}) if as_json else found[name])
