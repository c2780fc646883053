"""`saman people`: who may sign in."""

import asyncio
import json
from datetime import date, datetime
from typing import Annotated, Any

import typer

from deploy.cli.connection import AsJson, Connection, Folder, find_connection

PEOPLE = "/api/registry/v1/people"

people = typer.Typer(help="Who may sign in, and as what.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(people, name="people")


@people.command()
def invite(
    email: Annotated[str, typer.Argument(help="Where links to sign in go.")],
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[str, typer.Option(help="Such as secretariat or project-manager.")],
    programme: Annotated[str, typer.Option(help="Id of the programme.")],
    project: Annotated[str | None, typer.Option(help="Id of the project, for its roles.")] = None,
    party: Annotated[str | None, typer.Option(help="For a party's representative.")] = None,
    language: Annotated[str, typer.Option(help="nb, nn or en.")] = "nb",
    to: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day.")] = None,
    link: Annotated[
        bool, typer.Option("--link", help="Print a link to sign in, good once for 15 minutes.")
    ] = False,
    dir_: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Invite somebody by mail; who has the role already is told nothing new."""
    wanted = {
        "email": email,
        "display_name": name,
        "language": language,
        "roles": [role_of(role, programme, project, party=party, to=to.date() if to else None)],
    }
    person, address = asyncio.run(_invite(find_connection(dir_), wanted, with_link=link))
    if as_json:
        typer.echo(json.dumps({**person, "link": address}))
        return
    typer.echo(f"{person['display_name']} <{person['email']}> is person {person['person_id']}")
    if address is not None:
        typer.echo(address)


def role_of(
    role: str,
    programme: str,
    project: str | None = None,
    *,
    party: str | None = None,
    to: date | None = None,
) -> dict[str, Any]:
    """Return a role as the registry takes it."""
    return {
        "role": role,
        "scope": {"programme": programme, "project": project},
        "party": party,
        "to": None if to is None else to.isoformat(),
    }


async def _invite(
    connection: Connection, wanted: dict[str, Any], *, with_link: bool
) -> tuple[dict[str, Any], str | None]:
    async with connection.client() as api:
        person = await api.call("POST", PEOPLE, json=wanted)
        if not with_link:
            return person, None
        made = await api.call("POST", f"{PEOPLE}/{person['person_id']}/sign-in-links")
    return person, f"{connection.http}{made['path']}"
