"""PostgreSQL and Kafka in containers, for tests on machines where a Docker engine answers and has
both images.

Nothing is ever pulled: in the middle of a test run that would be slow, or impossible. Both servers
are told the same as on the one-machine stack.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import DockerException, ImageNotFound
from testcontainers.community.kafka import KafkaContainer
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.config import testcontainers_config

from deploy.local import kafka, postgres
from deploy.local.databases import SUPERUSER
from deploy.local.jars import KAFKA_VERSION
from shared.events.catalogue import OWN_TOPICS
from shared.kafka.broker import BusSettings
from shared.kafka.topics import apply
from tests.support.infrastructure import Infra

POSTGRES_IMAGE = "postgres:18"
KAFKA_IMAGE = f"apache/kafka:{KAFKA_VERSION}"
ENGINE_SECONDS = 2
"""An engine that takes longer to say its version is not worth waiting for when nobody asked for
containers.
"""

START_SECONDS = 120
_PASSWORD = "superuser-of-the-tests"
_WANTED = "SAMAN_TEST_INFRA"


@dataclass(frozen=True, slots=True)
class Choice:
    """What tests run against, `containers` or `local`, and why."""

    kind: str
    why: str


def choose() -> Choice:
    """Return what SAMAN_TEST_INFRA asks for; `auto`, which is the default, takes containers where
    they can be had.
    """
    wanted = os.environ.get(_WANTED, "auto")
    if wanted not in ("auto", "containers", "local"):
        raise ValueError(f"{_WANTED} must be auto, containers or local, not {wanted!r}")
    if wanted == "local":
        return Choice("local", f"{_WANTED} asks for it")
    lack = what_is_missing()
    if lack is None:
        return Choice("containers", f"{POSTGRES_IMAGE} and {KAFKA_IMAGE}")
    if wanted == "containers":
        raise ValueError(f"{_WANTED} asks for containers, but {lack}")
    return Choice("local", lack)


def what_is_missing() -> str | None:
    """Return why there can be no containers here, None when there can."""
    if not _listens(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")):
        return "no Docker engine answers"
    try:
        client = docker.from_env(timeout=ENGINE_SECONDS)
    except DockerException:
        return "no Docker engine answers"
    try:
        lacking = [image for image in (POSTGRES_IMAGE, KAFKA_IMAGE) if not _has(client, image)]
        # Ryuk removes containers after a crash. Where it is not there, what a killed test run
        # leaves stays.
        if not _has(client, testcontainers_config.ryuk_image):
            testcontainers_config.ryuk_disabled = True
    except (DockerException, OSError):
        return "the Docker engine does not answer in time"
    finally:
        client.close()
    return f"the Docker engine has no image {lacking[0]}" if lacking else None


@asynccontextmanager
async def containers_infra() -> AsyncIterator[Infra]:
    """Run both servers in containers, for as long as the tests last."""
    database, broker = _postgres(), _Kafka()
    try:
        starts = (asyncio.to_thread(database.start), asyncio.to_thread(broker.start, START_SECONDS))
        for failed in await asyncio.gather(
            *starts, return_exceptions=True
        ):  # a thread cannot be broken off
            if isinstance(failed, BaseException):
                raise failed
        bootstrap = broker.get_bootstrap_server()
        await apply(BusSettings(bootstrap=bootstrap, client_id="test"), OWN_TOPICS)
        yield Infra("containers", bootstrap, f"{database.get_connection_url()}?sslmode=disable")
    finally:
        await asyncio.gather(asyncio.to_thread(database.stop), asyncio.to_thread(broker.stop))


class _Kafka(KafkaContainer):
    """The project's own image. The library knows another vendor's: only how the broker is started
    differs.
    """

    def __init__(self) -> None:
        super().__init__(KAFKA_IMAGE)
        self.kraft_enabled = (
            True  # `with_kraft` would compare the tag with the other vendor's versions
        )
        chosen_by_the_library = {
            "process.roles",
            "node.id",
            "controller.listener.names",
            "inter.broker.listener.name",
        }
        for name, value in kafka.PROPERTIES.items():
            if name not in chosen_by_the_library:
                self.with_env(variable_of(name), value)
        self.with_env("KAFKA_HEAP_OPTS", "-Xmx384m")

    def tc_start(self) -> None:
        """Tell the broker at which port of this machine it is found, which is known only now, and
        let it start.
        """
        outside = f"{self.listener_name}://{self.get_bootstrap_server()}"
        script = (
            f"export KAFKA_ADVERTISED_LISTENERS={outside},BROKER://localhost:9092\nexec"
            " /etc/kafka/docker/run\n"
        )
        self.create_file(script.encode(), KafkaContainer.TC_START_SCRIPT)


def variable_of(name: str) -> str:
    """Return the variable by which the image takes a property of the broker."""
    return f"KAFKA_{name.upper().replace('.', '_')}"


def server_arguments() -> list[str]:
    """Return what the image of PostgreSQL is told; where it listens is its own matter."""
    own = {"listen_addresses", "unix_socket_directories"}
    return [f"--{name}={value}" for name, value in postgres.SETTINGS.items() if name not in own]


def _postgres() -> PostgresContainer:
    database = PostgresContainer(
        POSTGRES_IMAGE, username=SUPERUSER, password=_PASSWORD, dbname="postgres", driver=None
    )
    database.with_env(
        "POSTGRES_INITDB_ARGS",
        "--encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8",
    )
    database.with_command(["postgres", *server_arguments()])
    return database


def _listens(address: str) -> bool:
    """Tell whether a local engine listens at all; the library would leave its socket open when none
    does.
    """
    if not address.startswith("unix://"):
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(ENGINE_SECONDS)
        try:
            probe.connect(address.removeprefix("unix://"))
        except OSError:
            return False
    return True


def _has(client: Any, image: str) -> bool:
    try:
        client.images.get(image)
    except ImageNotFound:
        return False
    return True
