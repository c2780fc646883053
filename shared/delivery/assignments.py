"""Sees to it that somebody reads every partition of the inbound topics.

A member that returns under its static id gets the assignment back that it had, without a rebalance.
If it was killed between hearing of a new topic and learning of its partitions, that assignment
lacks them, and nobody would ever ask
again: the broker sees no change, and the client, which is not told that it leads the group, does
not look. Found by killing reporting just after a publisher was added.
"""

import asyncio
from typing import Any

import structlog
from aiokafka.coordinator.protocol import ConsumerProtocol
from aiokafka.errors import KafkaError

from shared.delivery.consumers import Consumers
from shared.kafka.admin import Admin, administering
from shared.kafka.broker import BusSettings

LOG = structlog.get_logger()
LOOK_SECONDS = 3.0
LOOKS_BEFORE_ASKING = 2
"""A partition may lie idle for one look while the group rebalances for a good reason."""


async def keep_assigned(consumers: Consumers, bus: BusSettings) -> None:
    """Look again and again for partitions of pattern subscriptions that no member reads, and ask
    for a rebalance.

    Raises:
        KafkaError, OSError: the broker cannot be reached at first, or refuses to tell; the caller
            runs this again.
    """
    groups = {
        f"{bus.group_prefix}{s.group}": s.group for s in consumers.subscriptions if s.is_inbound
    }
    if not groups:
        return
    looks = dict.fromkeys(groups, 0)
    async with administering(bus) as admin:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                assigned = await _assigned(admin, list(groups))
            except KafkaError as error:
                if not error.retriable:
                    raise
                assigned = {}  # the coordinator died or moves; until there is another, nothing can be asked of it
            for group, name in groups.items():
                consumer = consumers.subscribers[name].consumer
                idle = _partitions_of(consumer) - assigned.get(group, 0) if group in assigned else 0
                looks[group] = looks[group] + 1 if idle > 0 else 0
                if looks[group] >= LOOKS_BEFORE_ASKING:
                    LOG.warning("partitions that nobody reads", group=group, count=idle)
                    looks[group] = 0
                    consumer._coordinator.request_rejoin()


async def _assigned(admin: Admin, groups: list[str]) -> dict[str, int]:
    """Return how many partitions the members of each stable group read together."""
    counts = {}
    for name in groups:  # one by one: aiokafka 0.14 cannot read an answer about several
        for answer in await admin.describe_consumer_groups([name]):
            for _, group, state, _, _, members, *_ in answer.groups:
                if state == "Stable":
                    counts[group] = sum(_count(member[-1]) for member in members)
    return counts


def _count(assignment: bytes) -> int:
    if not assignment:
        return 0
    return sum(
        len(partitions)
        for _, partitions in ConsumerProtocol.ASSIGNMENT.decode(assignment).assignment
    )


def _partitions_of(consumer: Any) -> int:
    """Return how many partitions the subscribed topics have, as far as the client knows."""
    if consumer is None or consumer._coordinator is None:  # it is being started
        return 0
    return sum(len(consumer.partitions_for_topic(topic) or ()) for topic in consumer.subscription())
