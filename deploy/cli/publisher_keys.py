"""`saman publishers show`: a publisher, for whom it speaks, and what became of its keys."""

import asyncio
import json
from typing import Annotated, Any

import typer

from deploy.cli.connection import AsJson, Connection, Folder, find_connection
from deploy.services import SERVICES


def show(
    organisation_number: Annotated[str, typer.Argument(help="Nine digits.", metavar="ORGNR")],
    dir_: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Show a publisher and, for each key that works, when and where it was last used; about a
    minute may be missing.
    """
    publisher = asyncio.run(read_publisher(find_connection(dir_), organisation_number))
    if as_json:
        typer.echo(json.dumps(publisher))
        return
    state = f", revoked at {publisher['revoked_at']}" if publisher["revoked_at"] else ""
    typer.echo(f"{publisher['name']} ({organisation_number}){state}")
    for mandate in publisher["may_speak_for"]:
        typer.echo(f"  may speak for {mandate['municipality_id']}{days_of(mandate)}")
    for key in publisher["keys"]:
        ends = f", until {key['expires_at']}" if key["expires_at"] else ""
        used = (
            f"last used at {key['last_used_at']} ({key['last_used_by']})"
            if key["last_used_at"]
            else "never used"
        )
        typer.echo(f"  key {key['key_id']}, made {key['created_at']}{ends}: {used}")


async def read_publisher(connection: Connection, organisation_number: str) -> dict[str, Any]:
    """Ask the registry for the publisher and every service for the uses of its keys, and put the
    two together.

    The registry does not know the uses: a key is used at any service, each checks it by itself, and
    none asks another.
    """
    async with connection.client() as api:
        publisher: dict[str, Any] = await api.call(
            "GET", f"/api/registry/v1/publishers/{organisation_number}"
        )
        uses: dict[str, tuple[str, str]] = {}
        for service in SERVICES:
            answer = await api.call("GET", f"/api/{service}/v1/key-uses/{organisation_number}")
            for use in answer["items"]:
                uses[use["key_id"]] = max(
                    uses.get(use["key_id"], ("", "")), (use["last_used_at"], service)
                )
    for key in publisher["keys"]:
        key["last_used_at"], key["last_used_by"] = uses.get(key["key_id"], (None, None))
    return publisher


def days_of(mandate: dict[str, Any]) -> str:
    """Return the days of a mandate as the end of a sentence; nothing for one without bounds."""
    since = f" from {mandate['from']}" if mandate.get("from") else ""
    return since + (f" to {mandate['to']}" if mandate.get("to") else "")
