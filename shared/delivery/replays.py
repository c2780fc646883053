"""Replays a consumer from a moment: plans what would be read again, and orders it.

The broker refuses to move the offsets of a group that has members, and a static member stays one
for a session after its process ended. So the offsets are not moved from outside: the order is
written to the service's database, and each process carries it out for the partitions that it reads
(`positions.Resumption`), without a pause.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.audit import log as audit
from shared.delivery import positions
from shared.delivery.subscribe import Subscription
from shared.errors import NotFound, Unavailable
from shared.kafka.admin import Admin, administering
from shared.kafka.broker import BusSettings
from shared.kafka.consumer import learn
from shared.postgres.database import Connection


@dataclass(frozen=True, slots=True)
class Rereading:
    """What would be read again of one partition.

    Attributes:
        first: the offset of the first record of it.
        committed: how far the group has read.
    """

    topic: str
    partition: int
    first: int
    committed: int

    @property
    def count(self) -> int:
        """The number of records at most; compaction may have removed some."""
        return self.committed - self.first


async def plan(
    bus: BusSettings,
    subscription: Subscription,
    since: datetime | None,
    topics: Collection[str] = (),
) -> list[Rereading]:
    """Return what a consumer would read again, by the timestamps of its records.

    Args:
        bus: how to reach the broker.
        subscription: the consumer's.
        since: the moment; None for the beginning of the log.
        topics: only these of its topics; none means all.

    Raises:
        NotFound: it reads no such topic.
        Unavailable: the broker does not answer.
    """
    client = AIOKafkaConsumer(**bus.client_options())
    try:
        async with administering(bus) as admin:
            await client.start()
            read = [name for name in await admin.list_topics() if subscription.reads(name)]
            if unknown := sorted(set(topics) - set(read)):
                known = ", ".join(sorted(read))
                raise NotFound(
                    f"{subscription.group} reads no topic {unknown[0]!r}; it reads {known}"
                )
            committed = await _committed(
                admin, f"{bus.group_prefix}{subscription.group}", topics or read
            )
            firsts = await _firsts(client, committed, since)
    except (KafkaError, OSError) as error:
        raise Unavailable(f"Kafka does not answer ({type(error).__name__})") from error
    finally:
        await client.stop()
    found = [
        Rereading(p.topic, p.partition, firsts[p], offset)
        for p, offset in sorted(committed.items())
    ]
    return [each for each in found if each.count > 0]


async def order(
    conn: Connection, subscription: Subscription, found: Sequence[Rereading], *, since: str
) -> None:
    """Order what was planned, with an entry in the audit log."""
    places = {TopicPartition(each.topic, each.partition): each.first for each in found}
    await positions.order_replay(conn, subscription.group, places)
    state = {"from": since, "record_count": sum(each.count for each in found)}
    state |= {"first": {f"{each.topic}/{each.partition}": each.first for each in found}}
    await audit.note(
        conn, audit.Change("consumer-replayed", f"consumer/{subscription.group}", state)
    )


async def _committed(
    admin: Admin, group: str, topics: Collection[str]
) -> dict[TopicPartition, int]:
    offsets = await admin.list_consumer_group_offsets(group)
    return {
        place: each.offset
        for place, each in offsets.items()
        if each.offset >= 0 and place.topic in topics
    }


async def _firsts(
    client: AIOKafkaConsumer, committed: Mapping[TopicPartition, int], since: datetime | None
) -> dict[TopicPartition, int]:
    """Return where to begin in each partition, never behind what the group has read."""
    if not committed:
        return {}
    await learn(client, {place.topic for place in committed})
    beginnings = await client.beginning_offsets(list(committed))
    if since is None:
        return {place: min(beginnings[place], offset) for place, offset in committed.items()}
    milliseconds = max(0, int(since.timestamp() * 1_000))
    found = await client.offsets_for_times(dict.fromkeys(committed, milliseconds))
    return {
        place: offset if found[place] is None else min(found[place].offset, offset)
        for place, offset in committed.items()
    }
