"""How many partitions topics have."""

from shared.events.topics import PARTITIONS, PUBLISHER_PARTITIONS


def partition_count(topic: str) -> int:
    """Return how many partitions a topic has: those of publishers have one."""
    is_publishers = topic.startswith(("inbound.", "receipts."))
    return PUBLISHER_PARTITIONS if is_publishers else PARTITIONS
