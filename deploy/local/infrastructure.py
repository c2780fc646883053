"""PostgreSQL and Kafka of one stack folder, started and stopped together."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deploy.local import postgres_home, processes
from deploy.local.folder import StackFolder
from deploy.local.kafka import KafkaOptions, KafkaServer
from deploy.local.postgres import PostgresServer
from deploy.local.progress import Progress, silent


class Server(Protocol):
    """What a supervisor needs: wait until it ended, start it again."""

    name: str
    ready: bool

    @property
    def pid(self) -> int | None:
        """The process that was started last."""

    async def start(self, *, progress: Progress = silent) -> None:
        """Return when it answers."""

    async def stop(self) -> None:
        """Return when it is gone."""

    async def ended(self) -> None:
        """Return when it is gone, whatever it ended of."""


@dataclass(frozen=True, slots=True)
class Infrastructure:
    """The running servers of one folder."""

    folder: StackFolder
    postgres: PostgresServer
    kafka: KafkaServer

    @property
    def servers(self) -> tuple[Server, ...]:
        """Both, for a supervisor."""
        return self.postgres, self.kafka

    @property
    def bootstrap(self) -> str:
        """Where services reach Kafka."""
        return self.kafka.bootstrap

    @property
    def admin_dsn(self) -> str:
        """Where the superuser reaches PostgreSQL."""
        return self.postgres.dsn()

    async def stop(self) -> None:
        """Stop both and let go of the folder."""
        await asyncio.gather(*(server.stop() for server in self.servers))
        self.folder.release()


async def start_infrastructure(
    path: Path,
    *,
    attached: bool,
    postgres_port: int | None = None,
    kafka_port: int | None = None,
    kafka_options: KafkaOptions | None = None,
    progress: Progress = silent,
) -> Infrastructure:
    """Start PostgreSQL and Kafka side by side and return when both answer.

    Args:
        path: the folder that holds everything; made if need be.
        attached: whether both end when this process ends. Then the folder is held until `stop`,
            what an earlier run left behind is ended first, and what dies is the caller's to start
            again. Otherwise both stay, and what already runs is taken over.
        postgres_port: None for a free one at the first start, kept afterwards.
        kafka_port: likewise.
        kafka_options: further listeners and properties.
        progress: told what is being done.

    Raises:
        StackError: something foreseeable is in the way; nothing was left running.
    """
    folder = StackFolder(path)
    folder.prepare()
    folder.hold()
    postgres = PostgresServer(folder.path, attached=attached, port=postgres_port)
    kafka = KafkaServer(folder.path, attached=attached, port=kafka_port, options=kafka_options)
    infrastructure = Infrastructure(folder, postgres, kafka)
    starts = [
        asyncio.ensure_future(server.start(progress=progress)) for server in infrastructure.servers
    ]
    try:
        await asyncio.gather(*starts)
    except BaseException:
        for start in starts:
            start.cancel()
        await asyncio.gather(*starts, return_exceptions=True)
        await infrastructure.stop()
        raise
    if not attached:
        folder.release()
    return infrastructure


@asynccontextmanager
async def infrastructure(
    path: Path,
    *,
    keep: bool = True,
    progress: Progress = silent,
    kafka_options: KafkaOptions | None = None,
) -> AsyncIterator[Infrastructure]:
    """Run both while the block runs, and not a moment longer, whatever this process ends of.

    `keep=False` is for tests: it erases all data afterwards. To remove the folder is not enough,
    see `postgres_home`.
    """
    running = await start_infrastructure(
        path, attached=True, progress=progress, kafka_options=kafka_options
    )
    try:
        yield running
    finally:
        await running.stop()
        if not keep:
            await erase(path)


async def stop_infrastructure(path: Path) -> list[str]:
    """Stop what runs in the folder, whoever started it, and return the names."""
    return await processes.end_leftovers(
        StackFolder(path).path, PostgresServer.name, KafkaServer.name
    )


async def erase(path: Path) -> None:
    """Stop what runs in the folder and remove all its data for good."""
    folder = StackFolder(path)
    if not folder.path.exists():
        return
    folder.prepare()
    folder.hold()
    try:
        await processes.end_leftovers(folder.path)
        postgres_home.erase_data(folder.path)
        for name in ("accounts", "kafka", "logs", "mails", "run"):
            shutil.rmtree(folder.path / name, ignore_errors=True)
        for name in ("ports.json", "secrets.json", "services.env", "stack.json"):
            (folder.path / name).unlink(missing_ok=True)
    finally:
        folder.release()
