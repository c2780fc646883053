"""How commands find the system that they speak to: a stack's folder, or SAMAN_… variables."""

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import httpx2
import typer
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import SecretStr

from deploy.operate.accounts.rights import OPERATOR
from shared.errors import AppError, NotFound, RuleBroken, Unavailable
from shared.kafka.admin import Admin
from shared.kafka.broker import BusSettings
from shared.kafka.consumer import learn
from shared.service.clients import new_client

HEARD_SECONDS = 120.0
CLIENT_ID = "saman-cli"
Answer = TypeVar("Answer")

Folder = Annotated[
    Path | None,
    typer.Option(
        "--dir",
        envvar="SAMAN_DIR",
        help=(
            "Folder of the stack; else SAMAN_URL, SAMAN_OPERATOR_KEY, SAMAN_KAFKA_BOOTSTRAP (and"
            " …_USERNAME, …)."
        ),
    ),
]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Do not wait until the other services have heard it.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Write machine-readable output.")]


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the system is, and with what the operator comes to it.

    Attributes:
        bus: the broker, with the operator's account where it has any.
    """

    http: str
    bus: BusSettings
    operator_key: str

    @asynccontextmanager
    async def client(self) -> AsyncIterator["Api"]:
        """Speak HTTP as the operator while the block runs."""
        headers = {"Authorization": f"Bearer {self.operator_key}"}
        async with new_client(base_url=self.http, headers=headers, timeout=30) as client:
            yield Api(client)


class Api:
    """The HTTP API as commands use it: problem documents become errors with the same sentence."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """Call a route and return its JSON; raises as `answer` does."""
        answer = await self.answer(method, path, **options)
        return answer.json() if answer.content else None

    async def answer(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Call a route and return its answer.

        Raises:
            AppError: with the problem document's own code and sentence.
        """
        try:
            answer = await self._client.request(method, path, **options)
        except httpx2.HTTPError as error:
            raise Unavailable(
                f"{self._client.base_url} does not answer ({type(error).__name__})"
            ) from None
        if answer.status_code >= 400:
            raise _error_of(answer)
        return answer


def find_connection(folder: Path | None) -> Connection:
    """Return where the system is.

    Raises:
        RuleBroken: neither a folder nor the variables say so.
        StackError: no stack runs in the folder.
    """
    if folder is not None:
        stack = _stack(folder)
        return Connection(stack["http"], operator_bus(stack), stack["operator_key"])
    http, _, operator_key = (
        _set(name) for name in ("SAMAN_URL", "SAMAN_KAFKA_BOOTSTRAP", "SAMAN_OPERATOR_KEY")
    )
    return Connection(http, BusSettings(client_id=CLIENT_ID), operator_key)


def find_bus(folder: Path | None) -> BusSettings:
    """Return where Kafka is, with the operator's account of a stack, or that of the variables.

    Raises:
        RuleBroken, StackError: as `find_connection`.
    """
    if folder is not None:
        return operator_bus(_stack(folder))
    _set("SAMAN_KAFKA_BOOTSTRAP")
    return BusSettings(client_id=CLIENT_ID)


def _stack(folder: Path) -> dict[str, Any]:
    from deploy.local.stack import (
        read_description,
    )  # needs wheels that the image of the services does not have

    return read_description(folder)


def _set(name: str) -> str:
    if value := os.environ.get(name):
        return value
    raise RuleBroken(
        "say where the system is: --dir FOLDER, or SAMAN_URL, SAMAN_KAFKA_BOOTSTRAP,"
        " SAMAN_OPERATOR_KEY and, where Kafka has accounts, SAMAN_KAFKA_USERNAME,"
        f" SAMAN_KAFKA_PASSWORD, SAMAN_KAFKA_CA_FILE; {name} is not set"
    )


def reached(bus: BusSettings, work: Coroutine[Any, Any, Answer]) -> Answer:
    """Run work that needs the broker, and say in one sentence when it does not answer.

    Raises:
        Unavailable: it does not, or it refuses.
    """
    try:
        return asyncio.run(work)
    except (KafkaError, OSError) as error:
        raise Unavailable(
            f"Kafka at {bus.bootstrap} does not answer ({type(error).__name__})"
        ) from None


def operator_bus(stack: Mapping[str, Any]) -> BusSettings:
    """Return how the operator of a stack reaches its broker, by what `stack.json` tells."""
    return BusSettings(
        bootstrap=stack["kafka_publishers"],
        client_id=CLIENT_ID,
        username=OPERATOR,
        password=SecretStr(stack["kafka_password"]),
        ca_file=Path(stack["kafka_ca"]),
    )


async def until_heard(
    connection: Connection, topics: Iterable[str], services: Sequence[str]
) -> None:
    """Wait until the registry has published what it was told, and the services have taken it in.

    Raises:
        Unavailable: it took too long; the message says who is behind.
    """
    deadline = time.monotonic() + HEARD_SECONDS
    async with connection.client() as api:
        while (await api.call("GET", "/api/registry/v1/status"))["outbox"]["waiting_count"]:
            _still(deadline, "the registry's outbox is not empty")
            await asyncio.sleep(0.05)
    admin = Admin(**connection.bus.client_options())
    await admin.start()
    try:
        ends = await _ends(admin, connection.bus, topics)
        for topic, service in itertools.product(ends, services):
            group = f"{service}.{topic.rsplit('.v', 1)[0]}"
            while not await _has_read(admin, group, ends[topic]):
                _still(deadline, f"{group} is behind")
                await asyncio.sleep(0.05)
    finally:
        await admin.close()


async def _has_read(admin: Admin, group: str, ends: dict[TopicPartition, int]) -> bool:
    done = await admin.list_consumer_group_offsets(group, partitions=list(ends))
    return all(place in done and done[place].offset >= offset for place, offset in ends.items())


async def _ends(
    admin: Admin, bus: BusSettings, topics: Iterable[str]
) -> dict[str, dict[TopicPartition, int]]:
    """Return where each topic ends now, without its empty partitions."""
    topics = list(topics)
    places = await admin.places(topics)
    consumer = AIOKafkaConsumer(**bus.client_options())
    await consumer.start()
    try:
        await learn(consumer, topics)
        ends, starts = await consumer.end_offsets(places), await consumer.beginning_offsets(places)
        written = [place for place in places if ends[place] > starts[place]]
        return {
            topic: {place: ends[place] for place in written if place.topic == topic}
            for topic in topics
        }
    finally:
        await consumer.stop()


def _still(deadline: float, what: str) -> None:
    if time.monotonic() > deadline:
        raise Unavailable(f"after {HEARD_SECONDS:.0f} s {what}; see /status")


def _error_of(answer: httpx2.Response) -> AppError:
    try:
        problem = answer.json()
        sentence, code = problem["detail"], problem["code"]
        sentence += "".join(
            f"\n  {fault['pointer'] or '/'}: {fault['message']}"
            for fault in problem.get("errors", [])
        )
    except (ValueError, KeyError, TypeError):
        return Unavailable(
            f"{answer.request.url} answered {answer.status_code}: {answer.text[:200]}"
        )
    kind = NotFound if answer.status_code == 404 else RuleBroken
    return kind(sentence, code=code)


def ask(connection: Connection, method: str, path: str, **options: Any) -> Any:
    """Ask once over HTTP and return the answer; raises as `Api.call` does."""

    async def call() -> Any:
        async with connection.client() as api:
            return await api.call(method, path, **options)

    return asyncio.run(call())
