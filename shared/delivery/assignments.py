"""Sees to it that somebody reads every partition of the inbound topics.

A member that comes back under its static id gets its old assignment, without a rebalance. If it was
killed after it heard of a new topic and before it learned of the topic's partitions, the old
assignment lacks them, and no rebalance would ever follow: the broker sees no change, and the client
does not look, because it is not told that it leads the group. Found by killing reporting just after
a publisher was added.
"""

import asyncio

import structlog
from aiokafka.errors import KafkaError

from shared.delivery.consumers import Consumers
from shared.kafka.admin import administering
from shared.kafka.broker import BusSettings
from shared.kafka.consumer import ask_for_rebalance, partition_count

LOG = structlog.get_logger()
LOOK_SECONDS = 3.0
LOOKS_BEFORE_ASKING = 2
"""A partition may lie idle for one look while the group rebalances for a good reason."""


async def keep_assigned(consumers: Consumers, bus: BusSettings) -> None:
    """Look again and again for partitions of pattern subscriptions that no member reads, and ask
    for a rebalance. Returns at once when there are no such subscriptions.

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
                assigned = await admin.assigned_counts(groups)
            except KafkaError as error:
                if not error.retriable:
                    raise
                # The coordinator died or moves; there is nobody to ask until there is another.
                assigned = {}
            for group, name in groups.items():
                client = consumers.subscribers[name].consumer
                idle = partition_count(client) - assigned.get(group, 0) if group in assigned else 0
                looks[group] = looks[group] + 1 if idle > 0 else 0
                if looks[group] >= LOOKS_BEFORE_ASKING:
                    LOG.warning("partitions that nobody reads", group=group, count=idle)
                    looks[group] = 0
                    ask_for_rebalance(client)
