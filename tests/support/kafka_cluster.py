"""Three brokers that are one Kafka, each a `KafkaServer` of the one-machine stack with a copy of
everything.

Every broker is a controller as well, as in the smallest cluster that survives the loss of any one
of its machines.
"""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.metadata import MetadataRequest

from deploy.local.folder import StackFolder
from deploy.local.infrastructure import Server, erase
from deploy.local.kafka import KafkaOptions, KafkaServer, new_cluster_id
from deploy.local.ports import HOST, Ports
from deploy.local.postgres import PostgresServer
from shared.kafka.topics import min_insync

BROKERS = 3
IN_SYNC_SECONDS = 300.0
POLL_SECONDS = 0.1


class KafkaCluster:
    """The brokers of one folder, by node id from 1 on; each can be killed and started again.

    Args:
        folder: holds a folder for each broker.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        ports = Ports(folder)
        controllers = {
            node: ports.take(f"kafka-{node}-controller") for node in range(1, BROKERS + 1)
        }
        voters = ",".join(f"{node}@{HOST}:{port}" for node, port in controllers.items())
        cluster_id = new_cluster_id()
        self.brokers: dict[int, KafkaServer] = {}
        for node, port in controllers.items():
            own = self._folder_of(node)
            own.mkdir()
            Ports(own).take("kafka-controller", wanted=port)
            options = KafkaOptions(
                properties=_properties(node, voters), heap_megabytes=256, cluster_id=cluster_id
            )
            self.brokers[node] = KafkaServer(own, port=ports.take(f"kafka-{node}"), options=options)

    @property
    def bootstrap(self) -> str:
        """The addresses of all brokers."""
        return ",".join(broker.bootstrap for broker in self.brokers.values())

    def erase(self) -> None:
        """Remove the data of brokers that are stopped."""
        for node in self.brokers:
            shutil.rmtree(self._folder_of(node))

    def _folder_of(self, node: int) -> Path:
        return self._folder / f"kafka-{node}"

    async def kill(self, node: int) -> None:
        """Kill a broker as a crash would, and return when it is gone."""
        broker = self.brokers[node]
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGKILL)
        await broker.ended()

    async def leader_of(self, place: TopicPartition) -> int:
        """Return the node that leads a partition, as those say that can be reached; -1 while none
        does.
        """
        client = AIOKafkaClient(bootstrap_servers=self.bootstrap)
        client.set_topics([place.topic])
        await client.bootstrap()
        try:
            await client.force_metadata_update()
            leader = client.cluster.leader_for_partition(place)
            return -1 if leader is None else int(leader)
        finally:
            await client.close()

    async def until_in_sync(self) -> None:
        """Wait until every broker says that every copy of every partition is up to date.

        Raises:
            TimeoutError: they do not.
        """
        client = AIOKafkaClient(bootstrap_servers=self.bootstrap, metadata_max_age_ms=1_000)
        await client.bootstrap()
        try:
            async with asyncio.timeout(IN_SYNC_SECONDS):
                for node in self.brokers:
                    while not await _is_in_sync(client, node):  # noqa: ASYNC110 - a broker tells nobody by itself
                        await asyncio.sleep(POLL_SECONDS)
        finally:
            await client.close()


@dataclass(frozen=True, slots=True)
class ClusterServers:
    """PostgreSQL beside a cluster; what `Infrastructure` is with one broker."""

    postgres: PostgresServer
    kafka: KafkaCluster

    @property
    def servers(self) -> tuple[Server, ...]:
        """All of them."""
        return self.postgres, *self.kafka.brokers.values()

    @property
    def bootstrap(self) -> str:
        """Where services reach Kafka."""
        return self.kafka.bootstrap

    @property
    def admin_dsn(self) -> str:
        """Where the superuser reaches PostgreSQL."""
        return self.postgres.dsn()


@asynccontextmanager
async def cluster_servers(path: Path) -> AsyncIterator[ClusterServers]:
    """Run PostgreSQL and three brokers while the block runs, and erase their data afterwards."""
    folder = StackFolder(path)
    folder.prepare()
    folder.hold()
    servers = ClusterServers(PostgresServer(folder.path, attached=True), KafkaCluster(folder.path))
    try:
        async with asyncio.TaskGroup() as starts:
            for server in servers.servers:
                starts.create_task(server.start())
        yield servers
    finally:
        # Side by side: the last broker would wait for a majority that is gone.
        await asyncio.gather(*(server.stop() for server in servers.servers))
        folder.release()
        await erase(path)
        servers.kafka.erase()


def _properties(node: int, voters: str) -> dict[str, str]:
    copies, in_sync = str(BROKERS), str(min_insync(BROKERS))
    return {
        "node.id": str(node),
        "controller.quorum.voters": voters,
        # Offsets of consumers are worth as much as records: with one copy, its broker's end would
        # be everybody's.
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
    }


async def _is_in_sync(client: AIOKafkaClient, node: int) -> bool:
    """Ask one broker; another may not have heard yet what it knows."""
    try:
        answer = await client.send(node, MetadataRequest(None))
    except KafkaError:
        return False
    partitions = [
        partition for topic in answer.to_object()["topics"] for partition in topic["partitions"]
    ]
    return all(each["leader"] >= 0 and len(each["isr"]) == BROKERS for each in partitions)
