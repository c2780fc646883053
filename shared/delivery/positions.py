"""Where a consumer goes on: its own database decides, because the effects are there.

The broker keeps committed offsets apart from the effects, so a restore can put the two at different
moments; with offsets ahead of the effects, records would be skipped without a trace. So each batch
writes its checkpoint in its own transaction. Whenever partitions are assigned, and when a running
service finds its database restored, the consumer goes back to the checkpoint if the broker's offset
is beyond it. An operator's replay works the same way. Reading records again is harmless, because
the inbox knows what was applied.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.delivery.records import Record
from shared.errors import Unavailable
from shared.kafka.batches import AGAIN_SECONDS
from shared.kafka.consumer import assignment_of, committed_offsets, give_back, seek
from shared.postgres.database import Connection, Database, load_queries

QUERIES = load_queries(__file__)
LOG = structlog.get_logger()

HEAR_SECONDS = 1.0
"""How late a process may hear of a replay that was ordered at another."""


class Checkpoint(NamedTuple):
    """How far a consumer came in one partition.

    Attributes:
        next_offset: everything before it was handled.
        replay_from: where an operator wants it to begin again, if anywhere.
    """

    next_offset: int = 0
    replay_from: int | None = None

    def start(self, committed: int | None) -> int | None:
        """Return the offset to go back to; None where the broker's committed offset is right."""
        if committed is None:
            return None
        start = min(self.next_offset, committed if self.replay_from is None else self.replay_from)
        return start if start < committed else None


Offsets = Mapping[TopicPartition, int]


class PutBack(Unavailable):
    """The database holds less than this process saw it commit: it was restored to an earlier
    moment, and the records since then have to be read again.
    """


class Checkpoints:
    """Writes how far a consumer came, and remembers it, to find out when the database was restored
    under the running service.

    Args:
        consumer: the consumer group.
    """

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer
        self._ends: dict[TopicPartition, int] = {}

    async def note(self, conn: Connection, records: Iterable[Record]) -> None:
        """Write, in the transaction of their effects, that everything up to these records was
        handled.

        Raises:
            PutBack: the database was restored. It is raised once; the next call trusts the
                database.
        """
        ends = _ends(records)
        rows = QUERIES.advance_positions(conn, consumer=self._consumer, **_columns(ends))
        before = {
            TopicPartition(row["topic"], row["partition"]): row["next_offset"] async for row in rows
        }
        if any(offset < self._ends.get(partition, 0) for partition, offset in before.items()):
            self._ends.clear()
            raise PutBack(f"the database of {self._consumer} was put back to an earlier moment")

    def remember(self, records: Iterable[Record]) -> None:
        """Remember, after the commit, what was written."""
        self._ends |= _ends(records)


async def list_(conn: Connection, consumer: str) -> dict[TopicPartition, Checkpoint]:
    """Return how far a consumer came; a partition of which it handled nothing yet has no entry."""
    return {
        TopicPartition(row["topic"], row["partition"]): Checkpoint(
            row["next_offset"], row["replay_from"]
        )
        async for row in QUERIES.list_positions(conn, consumer=consumer)
    }


async def order_replay(conn: Connection, consumer: str, offsets: Offsets) -> None:
    """Let a consumer read again from these offsets; the process that reads a partition goes back by
    itself.
    """
    await QUERIES.order_replays(conn, consumer=consumer, **_columns(offsets))


async def hear_of_replays(database: Database, resumptions: Mapping[str, "Resumption"]) -> None:
    """Tell a process's consumers of the replays that were ordered for them, for as long as it runs.

    Raises:
        Unavailable: the database is away; run again.
    """
    while True:
        async with database.connection() as conn:
            async for row in QUERIES.list_replays(conn):
                if (resumption := resumptions.get(row["consumer"])) is not None:
                    resumption.is_replay_ordered = True
        await asyncio.sleep(HEAR_SECONDS)


@dataclass
class Resumption:
    """Puts one consumer's client where its database says, after each assignment and each order of a
    replay.

    Attributes:
        is_replay_ordered: whether a replay was ordered since the last look.
    """

    database: Database
    consumer: str
    is_replay_ordered: bool = False
    _seen: Any = None

    @property
    def is_settled(self) -> bool:
        """Whether the client is where it must be, and the broker knows it."""
        return self._seen is not None

    async def settle(
        self, client: Any, fetched: Mapping[TopicPartition, Sequence[Any]]
    ) -> set[TopicPartition]:
        """Check after a fetch whether the client is where it must be, and put it there; return the
        partitions whose records are not to be handled now, because they will be fetched again.

        Args:
            client: the consumer's.
            fetched: what it was given last.
        """
        assignment = assignment_of(client)
        if assignment is self._seen and not self.is_replay_ordered:
            return set()
        if assignment is None:
            return set(fetched)
        self.is_replay_ordered = False
        try:
            moved = await self._go_back(client, assignment)
        except (KafkaError, Unavailable) as error:
            LOG.warning(
                "consumer does not know yet where to go on",
                consumer=self.consumer,
                error=str(error)[:300],
            )
            self.is_replay_ordered = True
            give_back(client, fetched)
            await asyncio.sleep(AGAIN_SECONDS)
            return set(fetched)
        self._seen = assignment
        return moved

    async def _go_back(self, client: Any, assignment: Any) -> set[TopicPartition]:
        partitions = list(assignment.tps)
        if not partitions:
            return set()
        async with self.database.connection() as conn:
            known = await list_(conn, self.consumer)
        committed = await committed_offsets(client, partitions)
        starts: dict[TopicPartition, int] = {}
        for partition in partitions:
            start = known.get(partition, Checkpoint()).start(committed.get(partition))
            if start is not None:
                starts[partition] = start
        if starts:
            LOG.warning(
                "consumer goes back to what its database says",
                consumer=self.consumer,
                offsets=_shown(starts),
            )
            for partition, start in starts.items():
                seek(client, partition, start)
            # The broker has to know as well: `catch_up` asks there.
            await client.commit(starts)
        ordered = {
            p: known[p].replay_from
            for p in partitions
            if p in known and known[p].replay_from is not None
        }
        if ordered:
            async with self.database.transaction() as conn:
                await QUERIES.end_replays(conn, consumer=self.consumer, **_columns(ordered))
        return set(starts)


def _ends(records: Iterable[Record]) -> dict[TopicPartition, int]:
    return {TopicPartition(record.topic, record.partition): record.offset + 1 for record in records}


def _columns(offsets: Mapping[TopicPartition, int | None]) -> dict[str, Any]:
    return {
        "topics": [each.topic for each in offsets],
        "partitions": [each.partition for each in offsets],
        "offsets": list(offsets.values()),
    }


def _shown(offsets: Offsets) -> dict[str, int]:
    return {f"{each.topic}/{each.partition}": offset for each, offset in offsets.items()}
