"""The system under chaos: servers, two processes of every service behind proxies, and somebody who
restarts.
"""

import asyncio
import hashlib
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from deploy.cli.connection import Connection
from deploy.local import processes
from deploy.local.databases import Database
from deploy.local.errors import StackError
from deploy.local.folder import write_private
from deploy.local.infrastructure import Infrastructure, Server, infrastructure
from deploy.local.kafka import KafkaOptions, Listener
from deploy.local.ports import HOST, Ports
from deploy.local.processes import Program, Running
from deploy.services import SERVICES, migration_folders
from shared.events.catalogue import OWN_TOPICS
from shared.kafka.broker import BusSettings
from shared.kafka.topics import apply
from shared.postgres.database import migrate
from shared.service.clients import new_client
from tests.faults import world
from tests.faults.chaos.disk import Disk, limited_disk
from tests.faults.chaos.schedule import PROCESSES, SESSION_SECONDS
from tests.support.proxy import Proxy, proxy_before

OPERATOR_KEY = "operator-of-the-chaos"
READY_SECONDS = 120.0
RESTART_SECONDS = 0.5


@dataclass
class System:
    """What runs, and what became of it.

    Attributes:
        broker: stands between the services and Kafka.
        database: stands between the services and PostgreSQL.
        variants: what the services are run as; see tests/faults/variants.py.
        ended: how often each program ended, by name.
    """

    folder: Path
    servers: Infrastructure
    databases: dict[str, Database]
    broker: Proxy
    database: Proxy
    disk: Disk
    variants: str = ""
    processes: dict[str, Running] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)

    def address(self, process: str) -> str:
        """Where a process answers."""
        return f"http://{HOST}:{Ports(self.folder).take(process)}"

    @property
    def bootstrap(self) -> str:
        """Where outsiders reach Kafka, past the proxy."""
        return self.servers.bootstrap

    @property
    def connection(self) -> Connection:
        """The registry's door, for an operator."""
        return Connection(
            self.address("registry-0"), BusSettings(bootstrap=self.bootstrap), OPERATOR_KEY
        )

    def start(self, process: str) -> None:
        """Start a service process; it becomes ready by itself."""
        service, _, replica = process.partition("-")
        env_file = self.folder / f"{process}.env"
        settings = {
            f"SAMAN_{service.upper()}_DATABASE_DSN": self.database.through(
                self.databases[service].service_dsn
            ),
            "SAMAN_KAFKA_BOOTSTRAP": f"{HOST}:{self.broker.port}",
            "SAMAN_KAFKA_REPLICA": replica,
            "SAMAN_KAFKA_SESSION_SECONDS": str(SESSION_SECONDS),
            "SAMAN_OPERATOR_KEY_HASH": hashlib.sha256(OPERATOR_KEY.encode()).hexdigest(),
            "SAMAN_LOG_LEVEL": "WARNING",
            **world.SETTINGS.get(service, {}),
        }
        write_private(env_file, "".join(f"{name}='{value}'\n" for name, value in settings.items()))
        port = str(Ports(self.folder).take(process))
        program = Program(
            name=process,
            argv=(
                *(sys.executable, "-m", "tests.faults.variants", self.variants, "serve", service),
                *("--env-file", str(env_file), "--port", port),
            ),
            marker=str(env_file),
            cwd=Path.cwd(),
            log=self.folder / "logs" / f"{process}.log",
        )
        self.processes[process] = processes.start(program, self.folder, attached=True)

    async def keep(self, process: str) -> None:
        """Start a service process again whenever it ended."""
        while True:
            await self.processes[process].ended()
            self.ended[process] = self.ended.get(process, 0) + 1
            self.start(process)

    async def keep_server(self, server: Server) -> None:
        """Start PostgreSQL or Kafka again whenever it ended; a full disk may need several tries."""
        while True:
            await server.ended()
            self.ended[server.name] = self.ended.get(server.name, 0) + 1
            try:
                await server.start()
            except StackError:
                await asyncio.sleep(RESTART_SECONDS)

    async def until_ready(self, tell: Callable[[str], None]) -> None:
        """Wait until all service processes are ready.

        Raises:
            AssertionError: one takes too long.
        """
        deadline = time.monotonic() + READY_SECONDS
        async with new_client(timeout=5) as client:
            for process in PROCESSES:
                said = "no answer"
                while True:
                    try:
                        answer = await client.get(f"{self.address(process)}/-/ready")
                        if answer.status_code == 200:
                            break
                        said = answer.text
                    except httpx2.HTTPError as error:
                        said = repr(error)
                    assert time.monotonic() < deadline, f"{process} is not ready: {said}"
                    await asyncio.sleep(0.1)
        tell("all services are ready")


@asynccontextmanager
async def running(
    folder: Path, *, disk_gigabytes: int, variants: str = ""
) -> AsyncIterator[System]:
    """Run a fresh system in an empty folder while the block runs; nothing stays behind."""
    async with AsyncExitStack() as stack:
        disk = stack.enter_context(limited_disk(folder, gigabytes=disk_gigabytes))
        ports = Ports(folder)
        outside = Listener(name="OUTSIDE", protocol="PLAINTEXT")
        broker = await stack.enter_async_context(proxy_before(HOST, ports.take("kafka-outside")))
        inside = ports.take("kafka")
        options = KafkaOptions(
            listeners=(outside,),
            properties={
                "advertised.listeners": f"INTERNAL://{HOST}:{inside},OUTSIDE://{HOST}:{broker.port}",
                "group.min.session.timeout.ms": "1000",
                # An hour of events would fill the disk: compacted and forgotten sooner than in
                # production.
                "log.segment.bytes": str(64 << 20),
                # Our reader must see every version of a state before it is compacted away.
                "log.cleaner.min.compaction.lag.ms": str(10 * 60 * 1_000),
            },
        )
        servers = await stack.enter_async_context(
            infrastructure(folder, keep=False, kafka_options=options)
        )
        database = await stack.enter_async_context(proxy_before(HOST, servers.postgres.port))
        await apply(BusSettings(bootstrap=servers.bootstrap), OWN_TOPICS)
        databases = {}
        for name in SERVICES:
            databases[name] = await servers.postgres.create_database(name)
            await asyncio.to_thread(migrate, databases[name].owner_dsn, migration_folders(name))
        system = System(folder, servers, databases, broker, database, disk, variants)
        for process in PROCESSES:
            system.start(process)
        keepers = [asyncio.create_task(system.keep(process)) for process in PROCESSES]
        keepers += [asyncio.create_task(system.keep_server(server)) for server in servers.servers]
        try:
            yield system
        finally:
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            broker.heal()
            database.heal()
            await asyncio.gather(*(each.stop() for each in system.processes.values()))
