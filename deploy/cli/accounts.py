"""`saman accounts` and `saman readers`: who may do what on Kafka, as code, and downstream
consumers.
"""

import json
import os
from typing import Annotated

import typer

from deploy.cli.connection import AsJson, Folder, find_bus, reached
from deploy.cli.way_in import way_in
from deploy.operate.accounts import applying
from deploy.operate.accounts.known import known_publishers
from deploy.operate.accounts.rights import OPERATOR, Quota, reader_account
from deploy.services import SERVICES

accounts = typer.Typer(
    help="Compare Kafka's accounts and rights with what they must be, or make them so."
)
readers = typer.Typer(
    help="Downstream consumers: who may read the open topics.", no_args_is_help=True
)
Name = Annotated[
    str, typer.Argument(help="Lower case letters, digits and hyphens.", metavar="NAME")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(accounts, name="accounts", no_args_is_help=True)
    app.add_typer(readers, name="readers")


@accounts.command()
def check(dir_: Folder = None, as_json: AsJson = False) -> None:
    """Say in what the broker differs; exit code 1 when it does."""
    bus = find_bus(dir_)
    sentences = applying.difference(bus, reached(bus, known_publishers(bus))).sentences()
    typer.echo(
        json.dumps({"differences": sentences})
        if as_json
        else "\n".join(sentences) or "all as they must be"
    )
    if sentences:
        raise typer.Exit(1)


@accounts.command()
def apply(dir_: Folder = None, as_json: AsJson = False) -> None:
    """Give what is missing and take what is too much, for services, publishers and readers.
    Repeatable.

    The services' passwords are taken from SAMAN_<SERVICE>_KAFKA_PASSWORD, the operator's from
    SAMAN_KAFKA_PASSWORD; where one is not said, that account stays as it is.
    """
    bus = find_bus(dir_)
    variables = {service: f"SAMAN_{service.upper()}_KAFKA_PASSWORD" for service in SERVICES}
    passwords = {
        account: os.environ[name] for account, name in variables.items() if os.environ.get(name)
    }
    if own := bus.password.get_secret_value():
        passwords[OPERATOR] = own
    done = applying.apply(bus, passwords, reached(bus, known_publishers(bus)))
    typer.echo(json.dumps({"done": done}) if as_json else "\n".join(done) or "nothing to do")


@readers.command()
def add(
    name: Name,
    new_password: Annotated[
        bool, typer.Option("--new-password", help="Another password; the old one ends.")
    ] = False,
    dir_: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Let somebody read the open topics of metrics; the password is shown once. Repeatable."""
    account, bus = reader_account(name), find_bus(dir_)
    password = applying.admit(bus, account, quota=Quota(), new_password=new_password)
    told = way_in(bus, account)
    if as_json:
        made = {"account": account, **told.fields(), "kafka_password": password}
        typer.echo(json.dumps(made))
        return
    typer.echo(f"{account} may read the open topics")
    typer.echo("\n".join(told.sentences()))
    if password:
        typer.echo(f"password for Kafka, shown once: {password}")


@readers.command()
def remove(name: Name, dir_: Folder = None, as_json: AsJson = False) -> None:
    """Take a reader's account away. Repeatable."""
    account = reader_account(name)
    applying.expel(find_bus(dir_), account)
    typer.echo(json.dumps({"removed": account}) if as_json else f"{account} may not read any more")
