"""`saman topics`: the broker as code."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Annotated, Any

import typer
from aiokafka.errors import KafkaError

from shared.errors import Unavailable
from shared.messaging import topics as kafka_topics
from shared.messaging.broker import BusSettings

AsJson = Annotated[bool, typer.Option("--json", help="Write machine-readable output.")]

topics = typer.Typer(help="Compare the broker's topics with what they must be, or make them so.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(topics, name="topics")


@topics.command()
def check(as_json: AsJson = False) -> None:
    """Say in what the broker differs; exit code 1 when it does."""
    sentences = _reached(kafka_topics.disagreements(BusSettings(), kafka_topics.OWN_TOPICS))
    typer.echo(json.dumps({"disagreements": sentences}) if as_json else "\n".join(sentences) or "all as they must be")
    if sentences:
        raise typer.Exit(1)


@topics.command()
def apply(
    publisher: Annotated[list[str] | None, typer.Option(help="Also this publisher's topics; repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make what is missing and set what differs. A partition count is never changed."""
    wanted = list(kafka_topics.OWN_TOPICS)
    for number in publisher or []:
        wanted += kafka_topics.topics_of_publisher(number)
    done = _reached(kafka_topics.apply(BusSettings(), wanted))
    typer.echo(json.dumps({"done": done}) if as_json else "\n".join(done) or "nothing to do")


def _reached(work: Coroutine[Any, Any, list[str]]) -> list[str]:
    try:
        return asyncio.run(work)
    except (KafkaError, OSError) as error:
        raise Unavailable(f"Kafka at {BusSettings().bootstrap} does not answer ({type(error).__name__})") from None
