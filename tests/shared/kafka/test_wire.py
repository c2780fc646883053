"""What aiokafka is helped with."""

import asyncio
import re
import secrets
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.commit import OffsetFetchRequest, OffsetFetchResponse_v3
from aiokafka.protocol.metadata import MetadataRequest

from shared.kafka import wire
from tests.support.bus import Bus
from tests.support.infrastructure import Infra

ROOT = Path(__file__).parents[3]
SHARED, DEPLOY, SERVICES = ROOT / "shared", ROOT / "deploy", ROOT / "services"

LOADING, NOT_AVAILABLE, NOT_COORDINATOR = 14, 15, 16


async def test_metadata_is_asked_for_at_leisure(infra: Infra) -> None:
    wire.install()
    wire.install()
    options = infra.bus.client_options()
    client = AIOKafkaClient(**options)
    await client.bootstrap()
    begun = time.monotonic()
    for _ in range(2 * wire.METADATA_PER_SECOND + 2):
        assert await client.force_metadata_update()
    assert time.monotonic() - begun > 1.5
    await client.close()


@pytest.mark.parametrize("code", [LOADING, NOT_AVAILABLE, NOT_COORDINATOR])
async def test_a_coordinator_that_is_not_ready_does_not_make_a_consumer_start_from_the_beginning(
    infra: Infra, topic: str, bus: Bus, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    wire.install()
    for number in range(3):
        await bus.send_raw(topic, str(number).encode())
    group, place = f"test.{secrets.token_hex(4)}", TopicPartition(topic, 0)
    settings: dict[str, Any] = {
        "group_id": group,
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
    }
    before = AIOKafkaConsumer(topic, **infra.bus.client_options(), **settings)
    await before.start()
    await before.commit({place: 2})
    await before.stop()

    send, answers = AIOKafkaClient.send, [OffsetFetchResponse_v3(0, [], code)] * 2

    async def send_to_broker_that_has_just_started(
        client: Any, node: int, request: Any, **more: Any
    ) -> Any:
        if isinstance(request, OffsetFetchRequest) and answers:
            return answers.pop()
        return await send(client, node, request, **more)

    monkeypatch.setattr(AIOKafkaClient, "send", send_to_broker_that_has_just_started)
    after = AIOKafkaConsumer(topic, **infra.bus.client_options(), **settings)
    await after.start()
    try:
        assert (await after.getone()).value == b"2"
        assert not answers
    finally:
        await after.stop()


def test_a_connection_that_broke_a_moment_ago_gives_an_error_that_clients_know(
    infra: Infra,
) -> None:
    wire.install()

    async def send_on_a_broken_connection() -> None:
        client = AIOKafkaClient(**infra.bus.client_options())
        await client.bootstrap()
        node = client.get_random_node()
        assert await client.ready(node)
        connection = client._conns[node, ConnectionGroup.DEFAULT]
        connection._writer.transport._force_close(ConnectionResetError("the broker was killed"))
        await asyncio.sleep(
            0
        )  # now the transport is closed, and the task that reads has not been told
        assert connection.connected()
        with pytest.raises(KafkaConnectionError):
            await client.send(node, MetadataRequest([]))
        assert (await client.send(node, MetadataRequest([]))).brokers, (
            "the next one goes over a new connection"
        )
        await client.close()

    with asyncio.Runner(
        loop_factory=uvloop.new_event_loop
    ) as runner:  # the services' loop, which says it its own way
        runner.run(send_on_a_broken_connection())


def test_the_client_is_the_version_that_our_changes_to_it_were_written_for() -> None:
    assert {name: version(name) for name in wire.WRITTEN_FOR} == wire.WRITTEN_FOR


def test_nothing_outside_this_room_touches_the_private_parts_of_the_client() -> None:
    private = re.compile(r"\b(?:client|consumer|producer|subscriber\.consumer)\._[a-z]")
    files = [*SHARED.rglob("*.py"), *DEPLOY.rglob("*.py"), *SERVICES.rglob("*.py")]
    outside = [path for path in files if path.parent != SHARED / "kafka"]
    assert [str(path) for path in outside if private.search(path.read_text())] == []
