"""`saman post`: figures from a file, by the client that outsiders may copy."""

import json
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from deploy.cli.connection import AsJson, Folder, find_bus, reached
from deploy.client.faults import FileUnreadable, NotReached
from deploy.client.figures import OutgoingFigure
from deploy.client.kafka import Receipts, chunks, connected
from deploy.client.reading import read_figures
from deploy.local.progress import Progress, shown, silent
from shared.errors import RuleBroken, Unavailable
from shared.kafka.broker import BusSettings

_POST_CHUNK = 200


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(post)


def post(
    figures: Annotated[
        Path,
        typer.Argument(help="CSV file; columns are named like the fields.", metavar="FIGURES.CSV"),
    ],
    publisher: Annotated[str, typer.Option(help="Organisation number.")],
    password: Annotated[
        str,
        typer.Option(
            envvar="SAMAN_PUBLISHER_PASSWORD",
            help="Of the publisher's Kafka account; without it the operator posts in its name.",
        ),
    ] = "",
    dir_: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Publish figures over Kafka and wait for their receipts: a reference client. Repeatable.

    Where Kafka is, a stack's folder says, or SAMAN_KAFKA_BOOTSTRAP and SAMAN_KAFKA_CA_FILE.
    """
    bus = find_bus(dir_).as_account(publisher, SecretStr(password))
    try:
        read = read_figures(figures, publisher=publisher)
    except FileUnreadable as error:
        raise RuleBroken(str(error), code="file-unreadable") from None
    with shown() as progress:
        receipts = reached(bus, post_figures(bus, publisher, read, progress=progress))
    if as_json:
        typer.echo(json.dumps({"accepted": receipts.accepted, "rejected": receipts.rejected}))
    else:
        typer.echo(f"{len(receipts.accepted)} accepted, {len(receipts.rejected)} rejected")
        for submission, content in receipts.rejected.items():
            typer.echo(f"  {submission}: {content['code']}: {content['message']}")
    if receipts.rejected:
        raise typer.Exit(1)


async def post_figures(
    bus: BusSettings,
    publisher: str,
    figures: list[OutgoingFigure],
    *,
    progress: Progress = silent,
) -> Receipts:
    """Publish figures and wait for their receipts; see `post`.

    Args:
        bus: Kafka, with the account of the publisher or the operator.

    Raises:
        Unavailable: Kafka is not there or does not let the account in, or receipts did not come.
    """
    step = f"Publishing {len(figures)} figures over Kafka"
    receipts = Receipts()
    try:
        async with connected(bus.client_options(), publisher) as client:
            for chunk in chunks(figures, _POST_CHUNK):
                await client.post(chunk)
            async for receipts in client.receipts(figures):
                progress(step, done=len(receipts), total=len(figures))
    except NotReached as error:
        raise Unavailable(str(error)) from None
    return receipts
