"""A whole system of its own: PostgreSQL, Kafka, the four services as four processes that can be killed and started."""

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
from shared.database import migrate
from shared.messaging.broker import BusSettings
from shared.messaging.topics import OWN_TOPICS, apply
from tests.support.kafka_cluster import ClusterServers

Servers = Infrastructure | ClusterServers
OPERATOR_KEY = "operator-of-the-system"
COMMAND = ("-m", "deploy.cli.main")
READY_SECONDS = 300.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class System:
    """Four services in four processes beside PostgreSQL and Kafka."""

    folder: Path
    servers: Servers
    settings: dict[str, dict[str, str]]
    databases: Mapping[str, Database]
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    def address(self, service: str) -> str:
        """Where a service answers."""
        return f"http://{HOST}:{Ports(self.folder).take(service)}"

    @property
    def connection(self) -> Connection:
        """The registry's door and the broker; enough to load a programme."""
        return Connection(self.address("registry"), BusSettings(bootstrap=self.servers.bootstrap), OPERATOR_KEY)

    async def start(
        self, service: str, *, command: Sequence[str] = COMMAND, environment: Mapping[str, str] | None = None
    ) -> None:
        """Start one service; does not wait until it is ready.

        Args:
            service: which.
            command: what Python runs with `serve <service>`, for variants of the real command line.
            environment: added to its settings.
        """
        port = str(Ports(self.folder).take(service))
        with (self.folder / "logs" / f"{service}.log").open("ab") as log:
            self.processes[service] = await asyncio.create_subprocess_exec(
                *(sys.executable, *command, "serve", service, "--port", port),
                env={**os.environ, **self.settings[service], "SAMAN_LOG_LEVEL": "WARNING", **(environment or {})},
                stdout=log,
                stderr=log,
            )

    async def until_ready(self, service: str) -> None:
        """Wait until a service is ready.

        Raises:
            AssertionError: it ended, or took too long.
        """
        deadline = time.monotonic() + READY_SECONDS
        async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
            while True:
                try:
                    answer = await client.get(f"{self.address(service)}/-/ready")
                except httpx2.HTTPError:
                    answer = None
                if answer is not None and answer.status_code == 200:
                    return
                assert self.processes[service].returncode is None, f"{service} ended: see {self.folder}/logs"
                assert time.monotonic() < deadline, f"{service} is not ready: {answer.text if answer else 'no answer'}"
                await asyncio.sleep(0.05)

    async def kill(self, service: str) -> None:
        """Kill a service as a crash would; does nothing when it is dead already."""
        process = self.processes[service]
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()

    def is_frozen(self, service: str) -> bool:
        """Tell whether a service was stopped by SIGSTOP."""
        return _stat(self.processes[service].pid)[:1] == ["T"]

    async def stop(self) -> None:
        """Stop the services by process id."""
        for process in self.processes.values():
            if process.returncode is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.processes.values():
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:
                process.kill()

    def cpu_seconds(self) -> dict[str, float]:
        """CPU time that each part has used so far, PostgreSQL with all its backends."""
        used = {name: _cpu(process.pid) for name, process in self.processes.items()}
        for server in self.servers.servers:
            used[server.name] = sum(_cpu(pid) for pid in _family(server.pid or 0))
        return used


@asynccontextmanager
async def running(
    folder: Path, *, extra: Mapping[str, Mapping[str, str]] | None = None, servers: Servers | None = None
) -> AsyncIterator[System]:
    """Run a fresh system while the block runs.

    Args:
        folder: for data and logs.
        extra: further settings, by service.
        servers: fresh ones that run already; by default PostgreSQL and one broker, for as long as the system.
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
        system = System(folder, servers, settings, databases)
        try:
            for name in SERVICES:
                await system.start(name)
            for name in SERVICES:
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


def _cpu(pid: int) -> float:
    # utime, stime and those of children that ended
    return sum(int(ticks) for ticks in _stat(pid)[11:15]) / TICKS


def _family(pid: int) -> list[int]:
    everyone = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid, *(one for one in everyone if _stat(one)[1:2] == [str(pid)])]
