"""An idempotent producer for the relay, and what aiokafka does not offer: to ask before records
leave, to look topics up at once, and to close without waiting.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError
from aiokafka.protocol.produce import ProduceRequest

from shared.kafka import wire
from shared.kafka.broker import BusSettings

LOG = structlog.get_logger()

BATCH_BYTES = 262_144
"""aiokafka's batch size; only a larger event can be too large by itself."""

EXPIRY_SECONDS = 30
"""When the client gives up a batch for which no leader is known. It must be above what the relay
waits for a send: the client would go on with the batches behind it, and later events would
overtake.
"""

START_SECONDS = 10
CLOSE_SECONDS = 3


async def start_producer(bus: BusSettings, allow: Callable[[], Awaitable[None]]) -> Any:
    """Return a started producer.

    Args:
        bus: how to reach the broker.
        allow: called before each request that carries records, also those handed to the producer
            long before; what it raises keeps the request from leaving.

    Raises:
        KafkaError: the broker does not answer within `START_SECONDS`, or refuses.
    """
    wire.install()
    producer = AIOKafkaProducer(
        **bus.client_options(),
        acks="all",
        enable_idempotence=True,
        linger_ms=2,
        max_batch_size=BATCH_BYTES,
        request_timeout_ms=EXPIRY_SECONDS * 1_000,
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            await producer.start()
    except (OSError, TimeoutError) as unanswered:
        await abandon(producer)
        raise KafkaTimeoutError(f"no answer within {START_SECONDS} s") from unanswered
    except BaseException:
        await abandon(producer)
        raise
    _ask_before_sending(producer, allow)
    return producer


def _ask_before_sending(producer: Any, allow: Callable[[], Awaitable[None]]) -> None:
    send = producer.client.send

    async def send_if_allowed(node_id: int, request: Any, **how: Any) -> Any:
        if isinstance(request, ProduceRequest):
            await allow()
        return await send(node_id, request, **how)

    producer.client.send = send_if_allowed


async def existing_topics(producer: Any, topics: Collection[str]) -> set[str]:
    """Return those of the topics that the broker has, with one request for all of them."""
    for topic in topics:
        producer.client.add_topic(topic)
    await producer.client.force_metadata_update()
    cluster = producer.client.cluster
    return {topic for topic in topics if cluster.partitions_for_topic(topic)}


async def abandon(producer: Any) -> None:
    """Close a producer without the flush that its `stop` insists on.

    That flush waits for batches that may never be acknowledged, and goes on sending beside the next
    producer.
    """
    producer._closed = True
    sender = producer._sender.sender_task if producer._sender is not None else None
    if sender is not None:
        sender.cancel()
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await producer.client.close()
            if sender is not None:
                await asyncio.wait([sender])
    except (TimeoutError, KafkaError, OSError):
        LOG.warning("producer did not close in time")
    if sender is None:
        return
    if not sender.done():
        # Cancelled once, it waits for the answer to what is under way; cancelled twice, for
        # nothing.
        sender.cancel()
        await asyncio.wait([sender], timeout=CLOSE_SECONDS)
    if sender.done() and not sender.cancelled():
        sender.exception()  # retrieved, so that nobody logs that it never was
