"""`saman dead-letters`, `saman outbox`: what waits for an operator's decision, and what waits for the broker."""

import asyncio
import json
from typing import Annotated, Any

import typer

from deploy.cli.connection import AsJson, Connection, Folder, find_connection
from deploy.services import SERVICES
from shared.errors import RuleBroken

ServiceName = Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.", metavar="SERVICE")]
LetterId = Annotated[int, typer.Argument(help="The letter's number.", metavar="ID")]

dead_letters = typer.Typer(help="Records that a service could not handle.", no_args_is_help=True)
outbox = typer.Typer(help="Events that wait to be published.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(dead_letters, name="dead-letters")
    app.add_typer(outbox, name="outbox")


@dead_letters.command("list")
def list_letters(
    service: ServiceName,
    state: Annotated[str, typer.Option(help="waiting, replayed or discarded.")] = "waiting",
    code: Annotated[str | None, typer.Option(help="Only this code.")] = None,
    dir_: Folder = None,
    as_json: AsJson = False,
) -> None:
    """List dead letters in the order they came."""
    letters = asyncio.run(_list(find_connection(dir_), service, {"state": state, **({"code": code} if code else {})}))
    if as_json:
        typer.echo(json.dumps(letters))
        return
    for letter in letters:
        typer.echo(f"{letter['id']:>8}  {letter['origin']}  {letter['code']}: {letter['error'].splitlines()[0]}")
    typer.echo(f"{len(letters)} {state}")


@dead_letters.command()
def show(service: ServiceName, letter_id: LetterId, dir_: Folder = None) -> None:
    """Show one letter with the error and the raw record (bytes as base64)."""
    letter = _call(find_connection(dir_), "GET", f"{_path(service)}/{letter_id}")
    typer.echo(json.dumps(letter, indent=1))


@dead_letters.command()
def replay(
    service: ServiceName,
    letter_id: Annotated[int | None, typer.Argument(help="The letter's number.", metavar="ID")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that wait.")] = False,
    dir_: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Hand a letter, or all that wait, once more to its consumer. What fails again stays. Repeatable."""
    if (letter_id is None) is not everything:
        raise RuleBroken("name one letter, or --all")
    connection = find_connection(dir_)
    replayed, failed = asyncio.run(_replay(connection, service, letter_id))
    if as_json:
        typer.echo(json.dumps({"replayed": replayed, "failed": failed}))
    else:
        typer.echo(f"{len(replayed)} replayed, {len(failed)} failed again")
        for number, sentence in failed.items():
            typer.echo(f"{number:>8}  {sentence}")
    if failed:
        raise typer.Exit(1)


@dead_letters.command()
def discard(
    service: ServiceName,
    letter_id: LetterId,
    reason: Annotated[str, typer.Option(help="Why; it is kept.")],
    dir_: Folder = None,
) -> None:
    """Give a letter up."""
    _call(find_connection(dir_), "POST", f"{_path(service)}/{letter_id}/discard", json={"reason": reason})
    typer.echo(f"{letter_id} discarded")


@outbox.command("status")
def outbox_status(dir_: Folder = None, as_json: AsJson = False) -> None:
    """Show what each service has still to publish; exit code 1 when a key is parked."""
    connection = find_connection(dir_)
    states = {name: _call(connection, "GET", f"/api/{name}/v1/status")["outbox"] for name in SERVICES}
    if as_json:
        typer.echo(json.dumps(states))
    else:
        for name, state in states.items():
            age = f", the oldest for {state['oldest_seconds']:.1f} s" if state["oldest_seconds"] is not None else ""
            parked = f", {state['parked_count']} parked" if state["parked_count"] else ""
            error = f"; last error: {state['last_error']}" if state["last_error"] else ""
            typer.echo(f"{name:<14}{state['waiting_count']} wait{age}{parked}{error}")
    if any(state["parked_count"] for state in states.values()):
        raise typer.Exit(1)


async def _list(connection: Connection, service: str, params: dict[str, str]) -> list[dict[str, Any]]:
    letters: list[dict[str, Any]] = []
    async with connection.client() as api:
        cursor: str | None = None
        while True:
            page = await api.call(
                "GET", _path(service), params={**params, "limit": "1000", **({"cursor": cursor} if cursor else {})}
            )
            letters += page["items"]
            if (cursor := page["next"]) is None:
                return letters


async def _replay(connection: Connection, service: str, letter_id: int | None) -> tuple[list[int], dict[int, str]]:
    wanted = [letter_id] if letter_id is not None else [letter["id"] for letter in await _list(connection, service, {})]
    replayed: list[int] = []
    failed: dict[int, str] = {}
    async with connection.client() as api:
        for number in wanted:
            try:
                await api.call("POST", f"{_path(service)}/{number}/replay")
            except RuleBroken as broken:
                failed[number] = broken.message
            else:
                replayed.append(number)
    return replayed, failed


def _call(connection: Connection, method: str, path: str, **options: Any) -> Any:
    async def call() -> Any:
        async with connection.client() as api:
            return await api.call(method, path, **options)

    return asyncio.run(call())


def _path(service: str) -> str:
    if service not in SERVICES:
        raise RuleBroken(f"there is no service {service!r}; choose one of {', '.join(SERVICES)}")
    return f"/api/{service}/v1/dead-letters"
