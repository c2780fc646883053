"""The client that asks the broker about topics and groups. It goes on when one broker of several is
lost.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocol
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    KafkaConnectionError,
    NodeNotReadyError,
)

from shared.kafka.broker import BusSettings

COORDINATOR_SECONDS = 10.0
AGAIN_SECONDS = 0.1


class Admin(AIOKafkaAdminClient):  # type: ignore[misc]  # aiokafka has no types
    """Asks another broker where the one asked does not answer.

    aiokafka asks a broker at random, and one that died stays in its list for some seconds. Requests
    for the controller go to any broker too, which passes them on, because the metadata may name the
    dead one as the controller. All requests here can be repeated.
    """

    async def places(self, topics: Iterable[str]) -> list[TopicPartition]:
        """Return the partitions of topics; a topic that does not exist has none."""
        described = await self.describe_topics(list(topics))
        return [
            TopicPartition(t["topic"], p["partition"]) for t in described for p in t["partitions"]
        ]

    async def assigned_counts(self, groups: Iterable[str]) -> dict[str, int]:
        """Return how many partitions the members of each stable group read together.

        Raises:
            KafkaError: a coordinator does not answer; where that passes, it says `retriable`.
        """
        counts = {}
        for name in groups:  # one by one: aiokafka 0.14 cannot read an answer about several
            for answer in await self.describe_consumer_groups([name]):
                for _, group, state, _, _, members, *_ in answer.groups:
                    if state == "Stable":
                        counts[group] = sum(_count(member[-1]) for member in members)
        return counts

    async def find_coordinator(self, group_id: str, coordinator_type: int = 0) -> int:
        """Return the broker that keeps a group's offsets.

        Nobody knows it just after an election, and while the topic for the offsets is made, which
        the first request causes; both are over soon.
        """
        deadline = time.monotonic() + COORDINATOR_SECONDS
        while True:
            try:
                return int(await super().find_coordinator(group_id, coordinator_type))
            except GroupCoordinatorNotAvailableError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(AGAIN_SECONDS)

    async def _send_request(self, request: Any, node_id: int | None = None) -> Any:
        if node_id is not None:
            return await super()._send_request(request, node_id)
        failure: Exception = NodeNotReadyError("no broker is known")
        nodes = [broker.nodeId for broker in self._client.cluster.brokers()]
        for node in random.sample(nodes, len(nodes)):
            try:
                return await super()._send_request(request, node)
            except (KafkaConnectionError, NodeNotReadyError) as error:
                failure = error
        raise failure

    async def _send_to_controller(self, request: Any) -> Any:
        return await self._send_request(request)


def _count(assignment: bytes) -> int:
    """Return how many partitions a member's assignment names."""
    if not assignment:
        return 0
    decoded = ConsumerProtocol.ASSIGNMENT.decode(assignment)
    return sum(len(partitions) for _, partitions in decoded.assignment)


@asynccontextmanager
async def administering(bus: BusSettings) -> AsyncIterator[Admin]:
    """Give a connected client for the block.

    Raises:
        KafkaConnectionError: no broker of the list answers.
    """
    admin = Admin(**bus.client_options())
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()
