"""The whole system on one machine: servers, databases, topics, the four services, the mail
catcher.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from deploy.local import accounts, clock, processes
from deploy.local.databases import Database
from deploy.local.errors import StackError
from deploy.local.folder import Secrets, StackFolder, write_private
from deploy.local.infrastructure import Infrastructure, Server, start_infrastructure
from deploy.local.kafka import KafkaServer
from deploy.local.ports import HOST, Ports
from deploy.local.postgres import PostgresServer
from deploy.local.programs import ProgramServer, mail_server, services_server
from deploy.local.progress import Progress, silent
from deploy.operate.accounts import applying
from deploy.operate.accounts.known import known_publishers
from deploy.services import SERVICES, migration_folders
from shared.events.catalogue import OWN_TOPICS
from shared.events.inbound import topics_of_publisher
from shared.kafka.topics import apply
from shared.postgres.database import migrate

OPERATOR_KEY = "operator"
RESTART_SECONDS_MIN = 0.5
RESTART_SECONDS_MAX = 10.0
PASSED_ON = ("SAMAN_LOG_LEVEL",)
"""Settings of the caller's environment that the services get as well."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A running system.

    Attributes:
        servers: everything that runs, in the order of starting.
        operator_key: may do everything over HTTP.
    """

    path: Path
    infrastructure: Infrastructure
    databases: Mapping[str, Database]
    services: ProgramServer
    mail: ProgramServer
    operator_key: str

    @property
    def servers(self) -> tuple[Server, ...]:
        return (*self.infrastructure.servers, self.mail, self.services)

    def description(self) -> dict[str, Any]:
        """What `stack.json` tells (CONTRACTS 4)."""
        return {
            "http": self.services.address,
            **accounts.description(self.path, self.infrastructure.kafka, local=accounts.is_open()),
            "smtp": f"{HOST}:{Ports(self.path).take('smtp')}",
            "mail": self.mail.address,
            "operator_key": self.operator_key,
            "databases": {name: database.service_dsn for name, database in self.databases.items()},
            "pids": {server.name: server.pid for server in self.servers},
            "version": version("saman"),
        }

    def write_description(self) -> None:
        """Keep `stack.json` true."""
        write_private(self.path / "stack.json", json.dumps(self.description(), indent=1))

    async def stop(self) -> None:
        """Stop everything, those first that use the others."""
        await self.services.stop()
        await self.mail.stop()
        await self.infrastructure.stop()


async def start_stack(path: Path, *, attached: bool, progress: Progress = silent) -> Stack:
    """Start the whole system, empty or with what it kept, and return when all four services are
    ready.

    Args:
        path: the folder that holds everything.
        attached: whether everything ends with this process; see `start_infrastructure`.

    Raises:
        StackError: something foreseeable is in the way; nothing was left running.
    """
    path = StackFolder(path).path
    options = accounts.options(path, local=accounts.is_open())
    infrastructure = await start_infrastructure(
        path, attached=attached, kafka_options=options, progress=progress
    )
    mail = mail_server(path, attached=attached)
    try:
        databases = await _databases(infrastructure, progress)
        await _topics_and_accounts(infrastructure, progress)
        await _set_clock(infrastructure, databases)
        operator_key = Secrets(path).make(OPERATOR_KEY)
        settings = _settings(path, infrastructure, databases, operator_key)
        services = services_server(path, settings, attached=attached)
        stack = Stack(path, infrastructure, databases, services, mail, operator_key)
        await asyncio.gather(mail.start(progress=progress), services.start(progress=progress))
    except BaseException:
        await processes.end_leftovers(path, "services", mail.name)
        await infrastructure.stop()
        raise
    stack.write_description()
    return stack


@asynccontextmanager
async def watched(stack: Stack, *, tell: Callable[[str], None]) -> AsyncIterator[None]:
    """Start again whatever part of the stack dies while the block runs.

    Args:
        tell: gets a sentence about each thing that happens.
    """
    watchers = [asyncio.create_task(_watch(stack, server, tell)) for server in stack.servers]
    try:
        yield
    finally:
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)


async def _watch(stack: Stack, server: Server, tell: Callable[[str], None]) -> None:
    pause = RESTART_SECONDS_MIN
    while True:
        await server.ended()
        tell(f"{server.name} ended; starting it again")
        try:
            await server.start()
        except StackError as error:
            tell(str(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, RESTART_SECONDS_MAX)
        else:
            pause = RESTART_SECONDS_MIN
            stack.write_description()
            tell(f"{server.name} runs again")


async def stop_stack(path: Path) -> list[str]:
    """Stop what runs in the folder, whoever started it, and return the names.

    Raises:
        StackError: there is no such folder.
    """
    folder = _existing(path)
    names = await processes.end_leftovers(folder, "services", "mail")
    names += await processes.end_leftovers(folder, KafkaServer.name, PostgresServer.name)
    (folder / "stack.json").unlink(missing_ok=True)
    return names


def running_programs(path: Path) -> dict[str, int | None]:
    """Return the pid of each part of the stack, None for what does not run.

    Raises:
        StackError: there is no such folder.
    """
    folder = _existing(path)
    found = {
        name: processes.find(folder, name)
        for name in (PostgresServer.name, KafkaServer.name, "mail", "services")
    }
    return {name: running.pid if running is not None else None for name, running in found.items()}


def read_description(path: Path) -> dict[str, Any]:
    """Return `stack.json` of a folder.

    Raises:
        StackError: no stack was started there.
    """
    file = path.expanduser().resolve() / "stack.json"
    try:
        content: dict[str, Any] = json.loads(file.read_text())
    except FileNotFoundError:
        raise StackError(
            f"No stack runs in {path}: start one with `saman stack start --dir {path}`."
        ) from None
    return content


async def _databases(infrastructure: Infrastructure, progress: Progress) -> dict[str, Database]:
    databases = {}
    for done, name in enumerate(SERVICES):
        progress("Bringing the databases up to date", done=done, total=len(SERVICES))
        database = await infrastructure.postgres.create_database(name)
        await asyncio.to_thread(migrate, database.owner_dsn, migration_folders(name))
        databases[name] = database
    progress("Bringing the databases up to date", done=len(SERVICES), total=len(SERVICES))
    return databases


async def _topics_and_accounts(infrastructure: Infrastructure, progress: Progress) -> None:
    path = infrastructure.folder.path
    bus = accounts.operator_at(path, infrastructure.bootstrap)
    progress("Making the topics")
    await apply(bus, OWN_TOPICS)
    publishers = await known_publishers(bus)
    await apply(
        bus, [topic for number in sorted(publishers.live) for topic in topics_of_publisher(number)]
    )
    progress("Making the accounts")
    await asyncio.to_thread(applying.apply, bus, accounts.passwords(path), publishers)


async def _set_clock(infrastructure: Infrastructure, databases: Mapping[str, Database]) -> None:
    """Keep the offset that the stack's clock is to have, if it may be moved to it."""
    path = infrastructure.folder.path
    wanted = clock.wanted_offset(path)
    if wanted == clock.kept_offset(path):
        return
    bus = accounts.operator_at(path, infrastructure.bootstrap)
    publishers = await known_publishers(bus)
    topics = [
        topic.name
        for number in sorted(publishers.live)
        for topic in topics_of_publisher(number)
        if topic.from_outside
    ]
    await clock.refuse_unread(bus, topics, databases["reporting"].service_dsn)
    clock.keep(path, wanted)


def _settings(
    path: Path, infrastructure: Infrastructure, databases: Mapping[str, Database], operator_key: str
) -> dict[str, str]:
    ports = Ports(path)
    http = f"http://{HOST}:{ports.take('services')}"
    return {
        **{
            f"SAMAN_{name.upper()}_DATABASE_DSN": database.service_dsn
            for name, database in databases.items()
        },
        **{
            f"SAMAN_{name.upper()}_KAFKA_PASSWORD": accounts.passwords(path)[name]
            for name in databases
        },
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
        clock.OFFSET_SETTING: str(clock.kept_offset(path)),
        "SAMAN_KAFKA_BOOTSTRAP": infrastructure.bootstrap,
        "SAMAN_OPERATOR_KEY_HASH": hashlib.sha256(operator_key.encode()).hexdigest(),
        "SAMAN_SESSION_KEYS": Secrets(path).make("sessions"),
        **{
            f"SAMAN_{name}_{what}": value
            for name in ("REGISTRY", "NOTIFICATIONS")
            for what, value in (
                ("MAIL_HOST", HOST),
                ("MAIL_PORT", str(ports.take("smtp"))),
                ("PUBLIC_URL", http),
            )
        },
        "SAMAN_NOTIFICATIONS_WEBHOOK_KEY": Secrets(path).make("webhooks"),
        "SAMAN_NOTIFICATIONS_ALLOW_PRIVATE_WEBHOOKS": "true",
    }


def _existing(path: Path) -> Path:
    folder = path.expanduser().resolve()
    if not folder.is_dir():
        raise StackError(
            f"There is no stack folder {folder}: start one with `saman stack start --dir {folder}`."
        )
    return folder
