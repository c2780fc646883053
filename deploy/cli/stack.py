"""`saman stack` and `saman demo`: the whole system on one machine."""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.cli.connection import AsJson, Connection, operator_bus
from deploy.demo import show, story
from deploy.local import stack as local
from deploy.local.errors import StackError
from deploy.local.infrastructure import erase
from deploy.local.progress import Progress, showing, shown
from deploy.local.stack import Stack, start_stack, stop_stack, watched

StackFolder = Annotated[Path, typer.Option("--dir", help="Folder that holds everything.")]

stack = typer.Typer(
    help="The whole system on this machine, empty, in the background.", no_args_is_help=True
)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(stack, name="stack")
    app.command()(demo)


def default_folder() -> Path:
    """Return where the demo keeps its data."""
    return (
        Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "saman" / "demo"
    )


@stack.command()
def start(dir_: StackFolder, as_json: AsJson = False) -> None:
    """Start the system and return when all four services are ready; on a running folder, say where
    it is.
    """
    with shown() as progress:
        started = asyncio.run(start_stack(dir_, attached=False, progress=progress))
    description = started.description()
    if as_json:
        typer.echo(json.dumps(description))
        return
    typer.echo(f"pages and HTTP  {description['http']}\nKafka           {description['kafka']}")
    typer.echo(
        f"mail            {description['mail']}\nkeys and more   {started.path / 'stack.json'}"
    )


@stack.command()
def status(dir_: StackFolder, as_json: AsJson = False) -> None:
    """Say what runs; exit code 1 when something does not."""
    programs = local.running_programs(dir_)
    if as_json:
        typer.echo(json.dumps({"pids": programs}))
    else:
        for name, pid in programs.items():
            typer.echo(f"{name:<10}{f'runs as process {pid}' if pid else 'does not run'}")
    if not all(programs.values()):
        raise typer.Exit(1)


@stack.command()
def stop(dir_: StackFolder, as_json: AsJson = False) -> None:
    """Stop what runs in the folder, by process id; its data stay."""
    with showing("Stopping"):
        names = asyncio.run(stop_stack(dir_))
    if as_json:
        typer.echo(json.dumps({"stopped": names}))
        return
    typer.echo(f"stopped {', '.join(names)}" if names else "nothing ran")


def demo(
    once: Annotated[
        bool,
        typer.Option(
            "--once", help="Check the board against its source, and that a mail came, and end."
        ),
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Remove what an earlier demo kept.")
    ] = False,
    dir_: Annotated[
        Path | None, typer.Option("--dir", help="Folder that holds everything.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the whole system with the model programme: real figures of Vefsn, generated ones for all
    others.
    """
    folder = dir_ or default_folder()
    wrong = asyncio.run(_demo(folder, once=once, fresh=fresh, as_json=as_json))
    if wrong:
        raise StackError(f"The demonstration is not as it must be: {'; '.join(wrong)}.")


async def _demo(folder: Path, *, once: bool, fresh: bool, as_json: bool) -> list[str]:
    """Run the story and stay until a signal; return what is wrong."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    story_task = asyncio.ensure_future(_run(folder, once=once, fresh=fresh, as_json=as_json))
    signalled = asyncio.ensure_future(stopped.wait())
    await asyncio.wait({story_task, signalled}, return_when=asyncio.FIRST_COMPLETED)
    signalled.cancel()
    # After a signal the run is broken off wherever it is; its own `finally` stops what it started.
    story_task.cancel()
    try:
        return await story_task
    except asyncio.CancelledError:
        return []


async def _run(folder: Path, *, once: bool, fresh: bool, as_json: bool) -> list[str]:
    console = Console(stderr=as_json)
    with shown() as progress:
        if fresh:
            progress("Removing what an earlier demo kept")
            await erase(folder)
        started = await start_stack(folder, attached=True, progress=progress)
    try:
        async with watched(started, tell=lambda sentence: console.print(sentence, style="yellow")):
            with shown() as progress:
                outcome = await _told(started, progress)
            show.print_board(console, outcome.board)
            wrong = show.differences(outcome.board) + show.undelivered(outcome.deliveries)
            show.print_source_cells(console)
            show.print_milestones(console, outcome)
            _print_addresses(console, started)
            _print_links(console, started, outcome)
            if as_json:
                typer.echo(json.dumps({"wrong": wrong, **outcome.as_json()}))
            if not once and not wrong:
                console.print("Ctrl-C stops everything; the data stay for the next time.")
                await asyncio.Event().wait()
            return wrong
    finally:
        console.print("stopping")
        await started.stop()


async def _told(started: Stack, progress: Progress) -> story.Outcome:
    connection = Connection(
        started.services.address, operator_bus(started.description()), started.operator_key
    )
    return await story.tell(connection, started.mail.address, progress=progress)


def _print_links(console: Console, started: Stack, outcome: story.Outcome) -> None:
    console.print("Sign in, once within 15 minutes, as")
    for who, path in outcome.links.items():
        console.print(f"  {who}: {started.services.address}{path}", soft_wrap=True)
    console.print()


def _print_addresses(console: Console, started: Stack) -> None:
    http = started.services.address
    console.print(f"\nmap of the municipalities  {http}/")
    console.print(f"scoreboard of Vefsn        {http}/metrics/boards/{story.VEFSN}")
    console.print(f"status of the services     {http}/status")
    console.print(f"mails that were sent       {started.mail.address}/")
    told = started.description()
    console.print(f"Kafka, for accounts (TLS)  {told['kafka_publishers']}")
    if told["kafka"] != told["kafka_publishers"]:
        console.print(f"Kafka, open on loopback    {told['kafka']}")
    console.print(f"keys and more              {started.path / 'stack.json'}\n")
