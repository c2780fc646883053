"""`saman dead-letters`: records that wait for an operator's decision."""

import asyncio
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from deploy.cli.connection import AsJson, Connection, Folder, ask, find_connection
from deploy.local.progress import showing
from deploy.services import SERVICES, named
from shared.errors import RuleBroken
from shared.printable import printable, readable

_AGE = re.compile(r"(\d{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

ServiceName = Annotated[
    str, typer.Argument(help=f"One of {', '.join(SERVICES)}.", metavar="SERVICE")
]
LetterId = Annotated[int, typer.Argument(help="The letter's number.", metavar="ID")]

dead_letters = typer.Typer(help="Records that a service could not handle.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(dead_letters, name="dead-letters")


Topic = Annotated[str | None, typer.Option(help="Only records of this topic.")]
Consumer = Annotated[str | None, typer.Option(help="Only this consumer's.")]
Code = Annotated[
    str | None, typer.Option(help="Only this code, such as LookupError or record-unreadable.")
]
Key = Annotated[str | None, typer.Option(help="Only records with this key.")]
OlderThan = Annotated[
    str | None, typer.Option(help="Only letters at least so old: 90s, 15m, 2h, 7d.")
]
NewerThan = Annotated[
    str | None, typer.Option(help="Only letters that came since: 90s, 15m, 2h, 7d.")
]


@dead_letters.command("list")
def list_letters(
    service: ServiceName,
    *,
    state: Annotated[str, typer.Option(help="waiting, replayed, discarded or all.")] = "waiting",
    topic: Topic = None,
    consumer: Consumer = None,
    code: Code = None,
    key: Key = None,
    older_than: OlderThan = None,
    newer_than: NewerThan = None,
    dir_: Folder = None,
    as_json: AsJson = False,
) -> None:
    """List dead letters in the order they came."""
    which = _which(topic, consumer, code, key, older_than, newer_than)
    letters = asyncio.run(_list(find_connection(dir_), service, {"state": state, **which}))
    if as_json:
        typer.echo(json.dumps(letters))
        return
    for letter in letters:
        error = printable(letter["error"].partition("\n")[0])
        typer.echo(f"{letter['id']:>8}  {letter['origin']}  {printable(letter['code'])}: {error}")
    typer.echo(f"{len(letters)} {state}")


@dead_letters.command()
def show(
    service: ServiceName, letter_id: LetterId, dir_: Folder = None, as_json: AsJson = False
) -> None:
    """Show one letter with the error and the raw record; that you looked is noted in the audit log.

    Bytes are shown as text, or in hexadecimal where they are none; with --json as base64.
    """
    letter = ask(find_connection(dir_), "GET", f"{_path(service)}/{letter_id}")
    if as_json:
        typer.echo(json.dumps(letter))
        return
    for name in (
        "id",
        "consumer",
        "origin",
        "code",
        "attempts",
        "state",
        "reason",
        "created_at",
        "settled_at",
    ):
        if letter[name] is not None:
            typer.echo(f"{name + ':':<12}{printable(str(letter[name]))}")
    record = letter["record"]
    for name, value in record["headers"]:
        typer.echo(f"{'header:':<12}{printable(name)} = {_readable(value)}")
    typer.echo(f"{'key:':<12}{_readable(record['key'])}")
    typer.echo(f"error:\n{printable(letter['error'])}\nvalue:\n{_readable(record['value'])}")


@dead_letters.command()
def replay(
    service: ServiceName,
    letter_id: Annotated[
        int | None, typer.Argument(help="The letter's number.", metavar="ID")
    ] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="All that wait, or those of them that are meant.")
    ] = False,
    topic: Topic = None,
    consumer: Consumer = None,
    code: Code = None,
    key: Key = None,
    older_than: OlderThan = None,
    newer_than: NewerThan = None,
    dir_: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Hand a letter, or all that wait, once more to its consumer. What fails again stays.
    Repeatable.
    """
    which = _which(topic, consumer, code, key, older_than, newer_than)
    if (letter_id is None) is not everything or (which and not everything):
        raise RuleBroken("name one letter, or --all, which options may narrow")
    connection = find_connection(dir_)
    if letter_id is not None:
        replayed, failed = _replay_one(connection, service, letter_id)
    else:
        with showing("Replaying"):
            replayed, failed = asyncio.run(_replay_all(connection, service, which))
    if as_json:
        typer.echo(json.dumps({"replayed": replayed, "failed": failed}))
    else:
        typer.echo(f"{len(replayed)} replayed, {len(failed)} failed again")
        for number, sentence in failed.items():
            typer.echo(f"{number:>8}  {printable(sentence)}")
    if failed:
        raise typer.Exit(1)


@dead_letters.command()
def discard(
    service: ServiceName,
    letter_id: LetterId,
    reason: Annotated[str, typer.Option(help="Why; it is kept.")],
    dir_: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Give a letter up."""
    path = f"{_path(service)}/{letter_id}/discard"
    letter = ask(find_connection(dir_), "POST", path, json={"reason": reason})
    typer.echo(json.dumps(letter) if as_json else f"{letter_id} discarded")


async def _list(
    connection: Connection, service: str, params: dict[str, str]
) -> list[dict[str, Any]]:
    letters: list[dict[str, Any]] = []
    async with connection.client() as api:
        cursor: str | None = None
        while True:
            page = await api.call(
                "GET",
                _path(service),
                params={**params, "limit": "1000", **({"cursor": cursor} if cursor else {})},
            )
            letters += page["items"]
            if (cursor := page["next"]) is None:
                return letters


def _replay_one(
    connection: Connection, service: str, letter_id: int
) -> tuple[list[int], dict[int, str]]:
    try:
        ask(connection, "POST", f"{_path(service)}/{letter_id}/replay")
    except RuleBroken as broken:
        return [], {letter_id: broken.message}
    return [letter_id], {}


async def _replay_all(
    connection: Connection, service: str, which: Mapping[str, str]
) -> tuple[list[int], dict[int, str]]:
    replayed: list[int] = []
    failed: dict[int, str] = {}
    async with connection.client() as api:
        cursor: str | None = None
        while True:
            done = await api.call(
                "POST", f"{_path(service)}/replay", json={**which, "cursor": cursor}
            )
            replayed += done["replayed"]
            failed |= {letter["id"]: letter["error"] for letter in done["failed"]}
            if (cursor := done["next"]) is None:
                return replayed, failed


def _which(
    topic: str | None,
    consumer: str | None,
    code: str | None,
    key: str | None,
    older_than: str | None,
    newer_than: str | None,
) -> dict[str, str]:
    """Return what is meant as parameters of the HTTP interface."""
    given = {
        "topic": topic,
        "consumer": consumer,
        "code": code,
        "key": key,
        "created_before": _moment(older_than),
        "created_after": _moment(newer_than),
    }
    return {name: value for name, value in given.items() if value is not None}


def _moment(age: str | None) -> str | None:
    """Return the time that an age such as `15m` reaches back to."""
    if age is None:
        return None
    form = _AGE.fullmatch(age)
    if form is None:
        raise RuleBroken(f"an age is written like 90s, 15m, 2h or 7d, got {age!r}")
    return (datetime.now(UTC) - timedelta(seconds=int(form[1]) * _SECONDS[form[2]])).isoformat()


def _readable(value: str | None) -> str:
    return "(none)" if value is None else readable(b64decode(value))


def _path(service: str) -> str:
    return f"/api/{named(service)}/v1/dead-letters"
