"""What was appended before a moment and is not handled yet."""

import asyncio
from datetime import datetime

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.clock import Clock
from shared.delivery import positions
from shared.delivery.subscribe import Subscription
from shared.kafka.admin import administering
from shared.kafka.broker import BusSettings
from shared.kafka.consumer import learn
from shared.postgres.database import Connection

ASK_SECONDS = 5.0
"""For asking the brokers; a caller that waits longer is told that something may be unread."""

LOG = structlog.get_logger(__name__)


async def may_be_unread(
    conn: Connection,
    bus: BusSettings,
    subscription: Subscription,
    *,
    before: datetime,
    clock: Clock,
) -> bool:
    """Tell whether records of a subscription's topics that were appended before a moment may still
    be unread, by whichever replica; they may be as long as the brokers do not answer.

    Args:
        before: by the clock of the stack.
    """
    handled = await positions.list_(conn, subscription.group)
    try:
        async with asyncio.timeout(ASK_SECONDS):
            wanted = await _first_after(bus, subscription, clock.true_milliseconds(before))
    except (KafkaError, OSError) as error:  # a TimeoutError is an OSError
        LOG.warning("nobody can say what is unread", consumer=subscription.group, error=str(error))
        return True
    for place, (begin, end) in wanted.items():
        read = handled[place].next_offset if place in handled else 0
        if max(read, begin) < end:
            return True
    return False


async def _first_after(
    bus: BusSettings, subscription: Subscription, milliseconds: int
) -> dict[TopicPartition, tuple[int, int]]:
    """Return where each partition's log begins, and the first record that was appended at or after
    a moment, else where the log ends.
    """
    async with administering(bus) as admin:
        topics = [topic for topic in await admin.list_topics() if subscription.reads(topic)]
        places = await admin.places(topics) if topics else []
    if not places:
        return {}
    client = AIOKafkaConsumer(**bus.client_options())
    await client.start()
    try:
        await learn(client, set(topics))
        begins = await client.beginning_offsets(places)
        ends = await client.end_offsets(places)
        later = await client.offsets_for_times(dict.fromkeys(places, milliseconds))
    finally:
        await client.stop()
    return {
        place: (begins[place], found.offset if (found := later[place]) is not None else ends[place])
        for place in places
    }
