"""A whole system of its own: PostgreSQL, Kafka, the four services as processes that can be killed
and started.

A process is named like its service, further replicas with a number behind it: `reporting`,
`reporting-1`.
"""

import asyncio
import hashlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from deploy.cli.connection import Connection
from deploy.local.databases import Database
from deploy.local.infrastructure import Infrastructure, infrastructure
from deploy.local.ports import HOST, Ports
from deploy.services import SERVICES, migration_folders
from shared.events.catalogue import OWN_TOPICS
from shared.kafka.broker import BusSettings
from shared.kafka.topics import apply
from shared.postgres.database import migrate
from shared.service.clients import new_client
from tests.support.kafka_cluster import ClusterServers

Servers = Infrastructure | ClusterServers
OPERATOR_KEY = "operator-of-the-system"
COMMAND = ("-m", "deploy.cli.main")
READY_SECONDS = 400.0
STOP_SECONDS = 20.0
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass
class System:
    """Four services in processes of their own beside PostgreSQL and Kafka.

    Attributes:
        settings: by service; the same for its replicas.
        replicas: how many processes of each service there are.
    """

    folder: Path
    servers: Servers
    settings: dict[str, dict[str, str]]
    databases: Mapping[str, Database]
    replicas: int = 1
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    def address(self, process: str) -> str:
        """Where a process answers."""
        return f"http://{HOST}:{Ports(self.folder).take(process)}"

    def processes_of(self, service: str) -> list[str]:
        """Return the names of all processes of a service."""
        return [service, *(f"{service}-{number}" for number in range(1, self.replicas))]

    @property
    def names(self) -> list[str]:
        """The names of all processes."""
        return [process for service in SERVICES for process in self.processes_of(service)]

    @property
    def bootstrap(self) -> str:
        """Where Kafka is."""
        return self.servers.bootstrap

    @property
    def connection(self) -> Connection:
        """The registry's door and the broker; enough to load a programme."""
        return Connection(
            self.address("registry"), BusSettings(bootstrap=self.servers.bootstrap), OPERATOR_KEY
        )

    async def start(
        self,
        process: str,
        *,
        command: Sequence[str] = COMMAND,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start one process; does not wait until it is ready.

        Args:
            process: which.
            command: what Python runs with `serve <service>`, for variants of the real command line.
            environment: added to its settings.
        """
        port = str(Ports(self.folder).take(process))
        service, _, replica = process.partition("-")
        own = {"SAMAN_KAFKA_REPLICA": replica or "0", "SAMAN_LOG_LEVEL": "WARNING"}
        with (self.folder / "logs" / f"{process}.log").open("ab") as log:
            self.processes[process] = await asyncio.create_subprocess_exec(
                *(sys.executable, *command, "serve", service, "--port", port),
                env={**os.environ, **self.settings[service], **own, **(environment or {})},
                stdout=log,
                stderr=log,
            )

    async def until_ready(self, process: str) -> None:
        """Wait until a process is ready.

        Raises:
            AssertionError: it ended, or took too long.
        """
        deadline = time.monotonic() + READY_SECONDS
        async with new_client(timeout=5) as client:
            while True:
                try:
                    answer = await client.get(f"{self.address(process)}/-/ready")
                except httpx2.HTTPError:
                    answer = None
                if answer is not None and answer.status_code == 200:
                    return
                assert self.processes[process].returncode is None, (
                    f"{process} ended: see {self.folder}/logs"
                )
                assert time.monotonic() < deadline, (
                    f"{process} is not ready: {answer.text if answer else 'no answer'}"
                )
                await asyncio.sleep(0.05)

    async def kill(self, process: str) -> None:
        """Kill a process as a crash would; does nothing when it is dead already."""
        running = self.processes[process]
        if running.returncode is None:
            running.send_signal(signal.SIGKILL)
        await running.wait()

    def is_frozen(self, process: str) -> bool:
        """Tell whether a process was stopped by SIGSTOP."""
        return _stat(self.processes[process].pid)[:1] == ["T"]

    async def stop(self) -> None:
        """Stop all processes, by their ids."""
        running = [process for process in self.processes.values() if process.returncode is None]
        for process in running:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in running:
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()

    def cpu_seconds(self) -> dict[str, float]:
        """CPU time that each part has used so far, PostgreSQL with all its backends."""
        used = {name: _cpu(process.pid) for name, process in self.processes.items()}
        for server in self.servers.servers:
            used[server.name] = sum(_cpu(pid) for pid in _family(server.pid or 0))
        return used

    def memory_bytes(self) -> dict[str, int]:
        """Resident memory of each process that runs."""
        pages = {
            name: _resident_pages(each.pid)
            for name, each in self.processes.items()
            if each.returncode is None
        }
        return {name: count * PAGE_BYTES for name, count in pages.items() if count}


@asynccontextmanager
async def running(
    folder: Path,
    *,
    extra: Mapping[str, Mapping[str, str]] | None = None,
    replicas: int = 1,
    servers: Servers | None = None,
) -> AsyncIterator[System]:
    """Run a fresh system while the block runs.

    Args:
        folder: for data and logs.
        extra: further settings, by service.
        replicas: processes of each service.
        servers: fresh ones that run already; by default PostgreSQL and one broker, for as long as
            the system.
    """
    async with nullcontext(servers) if servers else infrastructure(folder, keep=False) as servers:
        await apply(BusSettings(bootstrap=servers.bootstrap), OWN_TOPICS)
        settings, databases = {}, {}
        for name in SERVICES:
            database = databases[name] = await servers.postgres.create_database(name)
            await asyncio.to_thread(migrate, database.owner_dsn, migration_folders(name))
            settings[name] = {
                f"SAMAN_{name.upper()}_DATABASE_DSN": database.service_dsn,
                "SAMAN_KAFKA_BOOTSTRAP": servers.bootstrap,
                "SAMAN_OPERATOR_KEY_HASH": hashlib.sha256(OPERATOR_KEY.encode()).hexdigest(),
                **(extra or {}).get(name, {}),
            }
        system = System(folder, servers, settings, databases, replicas)
        try:
            for name in system.names:
                await system.start(name)
            for name in system.names:
                await system.until_ready(name)
            yield system
        finally:
            await system.stop()


def _stat(pid: int) -> list[str]:
    """Return what the kernel says of a process, from its state on; nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _resident_pages(pid: int) -> int:
    """Return how much of a process is in memory; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0


def _cpu(pid: int) -> float:
    # utime, stime and those of children that ended
    return sum(int(ticks) for ticks in _stat(pid)[11:15]) / TICKS


def _family(pid: int) -> list[int]:
    everyone = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid, *(one for one in everyone if _stat(one)[1:2] == [str(pid)])]
