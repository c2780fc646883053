"""What a topic must be like: a part of its producer's contract."""

from dataclasses import dataclass

PARTITIONS = 12
"""Never changed on a live topic: a key would hash to another partition and its order would be lost.
"""

PUBLISHER_PARTITIONS = 1
"""Of each topic of a publisher, so that what it sends is judged in the order in which the broker
appended it, whatever key and partitioner its client has. Kafka cannot take partitions away from a
topic: one that has more has to be made anew.
"""

DAY_MILLISECONDS = 86_400_000
KEEP = -1


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it must be.

    Attributes:
        cleanup: `compact` keeps the last event of each key, `delete` keeps everything for the
            retention.
        retention_ms: -1 keeps for ever.
        from_outside: publishers write here; the broker's own clock then stamps the records, since a
            forged time would defeat the retention.
        forgets: of a compacted topic: what was erased must be gone after a day, and the mark that
            it was erased is kept for 30 days, for readers who come late.
        partitions: how many.
    """

    name: str
    cleanup: str = "delete"
    retention_ms: int = KEEP
    from_outside: bool = False
    forgets: bool = False
    partitions: int = PARTITIONS
