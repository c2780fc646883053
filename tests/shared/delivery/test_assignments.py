"""A member that returns to an assignment which lacks partitions asks for them; nobody else
would.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment

from shared.clock import Clock
from shared.delivery.assignments import keep_assigned
from shared.delivery.consumers import Consumers
from shared.delivery.dead_letters import Failure
from shared.delivery.records import Record
from shared.delivery.submissions import Submission
from shared.delivery.subscribe import Router, subscribe_inbound
from shared.events.topics import Topic
from shared.kafka.broker import BusSettings
from shared.kafka.topics import apply
from shared.postgres.database import Connection
from tests.conftest import MakeDatabase
from tests.support.bus import Bus
from tests.support.infrastructure import Infra

ARRIVES_SECONDS = 30.0


class NothingForAnybody(RoundRobinPartitionAssignor):  # type: ignore[misc]  # aiokafka has no types
    """Leaves every member without partitions, as a leader does that has not learned of them yet."""

    @classmethod
    def assign(cls, _cluster: Any, members: Mapping[str, Any]) -> dict[str, Any]:
        return {
            member: ConsumerProtocolMemberAssignment(cls.version, [], b"") for member in members
        }


async def leave_empty_assignment(
    bus: BusSettings, *, topic: str, group: str, instance: str
) -> None:
    """Be the static member that was killed too early: join, get nothing, and go without saying
    goodbye.
    """
    consumer = AIOKafkaConsumer(
        topic,
        **bus.client_options(),
        group_id=group,
        group_instance_id=instance,
        partition_assignment_strategy=(NothingForAnybody,),
        session_timeout_ms=30_000,
        enable_auto_commit=False,
    )
    await consumer.start()
    assert not consumer.assignment()
    await consumer.stop()


async def test_partitions_that_nobody_reads_are_asked_for(
    infra: Infra, make_database: MakeDatabase, bus: Bus
) -> None:
    kind = f"kind-{secrets.token_hex(4)}"
    topic = f"inbound.310000019.{kind}.v1"
    settings = infra.bus.model_copy(update={"group_prefix": f"{secrets.token_hex(4)}."})
    await apply(infra.bus, [Topic(topic, from_outside=True)])
    arrived = asyncio.Event()
    router = Router("test")

    async def refuse(_conn: Connection, _record: Record, _failure: Failure) -> None:
        raise AssertionError("nothing is refused here")

    @subscribe_inbound(router, f"inbound.{{orgnr}}.{kind}.v1", refuse=refuse)
    async def on_submissions(
        submissions: Sequence[Submission], _conn: Connection, _now: datetime
    ) -> None:
        arrived.set()

    group = f"{settings.group_prefix}test.inbound.{kind}"
    await leave_empty_assignment(
        settings, topic=topic, group=group, instance=f"{group}.test-{settings.replica}"
    )
    consumers = Consumers(
        router.subscriptions,
        settings,
        await make_database("reporting"),
        service="test",
        clock=Clock(),
    )
    await consumers.start()
    watching = asyncio.create_task(keep_assigned(consumers, settings))
    try:
        await bus.submit(topic, {"any": "thing"}, type_="no.saman.inbound.Test.v1")
        await asyncio.wait_for(arrived.wait(), ARRIVES_SECONDS)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await consumers.stop()
