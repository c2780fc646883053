"""`saman topics`: the broker as code."""

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from deploy.cli.connection import AsJson, Folder, find_bus, reached
from deploy.local.progress import showing
from deploy.operate.accounts.known import known_publishers
from shared.events.catalogue import OWN_TOPICS
from shared.events.inbound import topics_of_publisher
from shared.events.topics import Topic
from shared.kafka import topics as kafka_topics
from shared.kafka.broker import BusSettings

topics = typer.Typer(
    help="Compare the broker's topics with what they must be, or make them so.",
    no_args_is_help=True,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(topics, name="topics")


@topics.command()
def check(dir_: Folder = None, as_json: AsJson = False) -> None:
    """Say in what the broker differs, publishers' topics included; exit code 1 when it does."""
    bus = find_bus(dir_)
    with showing("Comparing topics"):
        sentences = reached(bus, _disagreements(bus))
    typer.echo(
        json.dumps({"disagreements": sentences})
        if as_json
        else "\n".join(sentences) or "all as they must be"
    )
    if sentences:
        raise typer.Exit(1)


@topics.command()
def apply(
    publisher: Annotated[
        list[str] | None,
        typer.Option(help="Also the topics of this publisher that the registry has not told of."),
    ] = None,
    dir_: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Make what is missing and set what differs, publishers' topics included. A partition count is
    never changed.
    """
    bus = find_bus(dir_)
    with showing("Making topics what they must be"):
        done = reached(bus, apply_topics(bus, publisher or ()))
    typer.echo(json.dumps({"done": done}) if as_json else "\n".join(done) or "nothing to do")


async def apply_topics(bus: BusSettings, further: Sequence[str] = ()) -> list[str]:
    """Make the services' topics and those of all publishers what they must be; return what was
    done.
    """
    done = await kafka_topics.apply(bus, OWN_TOPICS)
    return done + await kafka_topics.apply(bus, await _publishers_topics(bus, further))


async def _disagreements(bus: BusSettings) -> list[str]:
    wanted = [*OWN_TOPICS, *await _publishers_topics(bus)]
    return await kafka_topics.disagreements(bus, wanted)


async def _publishers_topics(bus: BusSettings, further: Sequence[str] = ()) -> list[Topic]:
    known = await known_publishers(bus)
    numbers = sorted(
        known.live | known.revoked | set(further)
    )  # what a revoked one published stays
    return [topic for number in numbers for topic in topics_of_publisher(number)]
