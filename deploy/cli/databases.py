"""`saman databases`: the services' databases and roles as code."""

import asyncio
import json
import os
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg
import typer

from deploy.cli.connection import AsJson
from deploy.local import databases as postgres
from deploy.services import SERVICES
from shared.errors import RuleBroken, Unavailable

databases = typer.Typer(
    help="The services' databases, each with two roles of its own.", no_args_is_help=True
)

ADMIN = "SAMAN_ADMIN_DSN"


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(databases, name="databases")


@dataclass(frozen=True, slots=True)
class Account:
    """Who enters which database with what password, as an address says it."""

    database: str
    role: str
    password: str


@databases.command()
def apply(
    service: Annotated[
        list[str] | None, typer.Argument(help="Services; all when not given.", metavar="SERVICE")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the databases and roles that the settings name, or put their passwords and rights right.
    Repeatable.

    The administrator's address is read from SAMAN_ADMIN_DSN; names and passwords from
    SAMAN_<SERVICE>_OWNER_DSN and SAMAN_<SERVICE>_DATABASE_DSN, the same settings that `saman
    migrate` and `saman serve` use.
    """
    made = {}
    for name in service or SERVICES:
        owner, worker = (
            account(f"SAMAN_{name.upper()}_OWNER_DSN"),
            account(f"SAMAN_{name.upper()}_DATABASE_DSN"),
        )
        if owner.database != worker.database:
            raise RuleBroken(
                f"{name} has two databases: {owner.database} for its owner, {worker.database} for"
                " itself"
            )
        asyncio.run(_make(owner, worker))
        made[name] = {"database": owner.database, "owner": owner.role, "service": worker.role}
        if not as_json:
            typer.echo(
                f"{name}: database {owner.database}, owner {owner.role}, service {worker.role}"
            )
    if as_json:
        typer.echo(json.dumps(made))


def account(variable: str) -> Account:
    """Return what an address in the environment names.

    Raises:
        RuleBroken: the variable is not set, or lacks a part.
    """
    parts = urlsplit(os.environ.get(variable, ""))
    database = parts.path.lstrip("/")
    if not (parts.username and parts.password and database):
        raise RuleBroken(f"set {variable} to postgresql://role:password@host:port/database")
    return Account(database, unquote(parts.username), unquote(parts.password))


async def _make(owner: Account, worker: Account) -> None:
    account(ADMIN)  # says what is missing
    admin = urlsplit(os.environ[ADMIN])
    passwords = {owner.role: owner.password, worker.role: worker.password}

    def as_administrator(database: str) -> str:
        return urlunsplit(admin._replace(path=f"/{database}"))

    try:
        await postgres.create(
            as_administrator,
            passwords.__getitem__,
            owner.database,
            owner=owner.role,
            service=worker.role,
        )
    except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError) as error:
        raise Unavailable(
            f"PostgreSQL at {admin.hostname} does not answer ({type(error).__name__})"
        ) from None
    except asyncpg.InvalidPasswordError:
        raise RuleBroken(
            f"PostgreSQL at {admin.hostname} does not take the password in {ADMIN}: its data were"
            " made with another one"
        ) from None
