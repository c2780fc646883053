"""`saman outbox`: what waits for the broker, and what the broker refuses."""

import json
from typing import Annotated

import typer

from deploy.cli.connection import AsJson, Folder, ask, find_connection
from deploy.services import SERVICES, named
from shared.printable import printable

ServiceName = Annotated[
    str, typer.Argument(help=f"One of {', '.join(SERVICES)}.", metavar="SERVICE")
]
Topic = Annotated[str, typer.Argument(help="The topic that the events are for.", metavar="TOPIC")]
Key = Annotated[str, typer.Argument(help="The key that is parked.", metavar="KEY")]

outbox = typer.Typer(help="Events that wait to be published.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(outbox, name="outbox")


@outbox.command()
def status(dir_: Folder = None, as_json: AsJson = False) -> None:
    """Show what each service has still to publish; exit code 1 when a key is parked."""
    connection = find_connection(dir_)
    states = {name: ask(connection, "GET", f"/api/{name}/v1/status")["outbox"] for name in SERVICES}
    if as_json:
        typer.echo(json.dumps(states))
    else:
        for name, state in states.items():
            age = (
                f", the oldest for {state['oldest_seconds']:.1f} s"
                if state["oldest_seconds"] is not None
                else ""
            )
            parked = f", {state['parked_count']} parked" if state["parked_count"] else ""
            error = f"; last error: {state['last_error']}" if state["last_error"] else ""
            typer.echo(f"{name:<14}{state['waiting_count']} wait{age}{parked}{error}")
    if any(state["parked_count"] for state in states.values()):
        raise typer.Exit(1)


@outbox.command()
def parked(service: ServiceName, dir_: Folder = None, as_json: AsJson = False) -> None:
    """List the keys whose events the broker refuses, and why; exit code 1 when there are any."""
    keys = ask(find_connection(dir_), "GET", f"/api/{named(service)}/v1/parked-keys")["items"]
    if as_json:
        typer.echo(json.dumps(keys))
    else:
        for one in keys:
            typer.echo(
                f"{one['topic']}  {printable(one['key'])}  {one['event_count']} events since"
                f" {one['oldest_at']}: {printable(one['reason'])}"
            )
    if keys:
        raise typer.Exit(1)


@outbox.command()
def release(
    service: ServiceName, topic: Topic, key: Key, dir_: Folder = None, as_json: AsJson = False
) -> None:
    """Let a parked key's events go out, in their old order. Mend first why the broker refused
    them.
    """
    path = f"/api/{named(service)}/v1/parked-keys/release"
    released = ask(find_connection(dir_), "POST", path, json={"topic": topic, "key": key})
    typer.echo(
        json.dumps(released) if as_json else f"events that go out now: {released['event_count']}"
    )
