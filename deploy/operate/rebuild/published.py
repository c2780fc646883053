"""What metrics has told so far, as the log and the outbox on the way there have it.

A rebuild goes on behind it, not behind what the old database believes: one of the two may have been
restored to another moment, and a version that was told once must never be told again with another
content.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.delivery.consumers import record_of
from shared.events.metrics import MetricUpdated, TargetReached
from shared.kafka.consumer import learn

TOPICS = (MetricUpdated.topic(), TargetReached.topic())
READ_MILLISECONDS = 500
GoalKey = tuple[str, str]

_WAITING = """
SELECT topic, event_id::text AS event_id, payload
  FROM (SELECT id, topic, event_id, payload FROM outbox
        UNION ALL
        SELECT id, topic, event_id, payload FROM outbox_parked) AS o
 WHERE topic = ANY($1)
 ORDER BY id
"""


class Told(NamedTuple):
    """One event that metrics has told, or is about to."""

    topic: str
    event_id: str
    body: bytes


@dataclass
class Published:
    """The newest of what was told.

    Attributes:
        states: the content of the newest version of each state, by key.
        goals: what was last said of each goal.
        outdated: keys of states behind whose newest version an older one was told again; compaction
            would keep that.
        moved: keys of the states of which something was told since somebody cleared this.
    """

    states: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    goals: dict[GoalKey, str] = field(default_factory=dict)
    outdated: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)
    consumer: AIOKafkaConsumer | None = None
    _milestones: set[str] = field(default_factory=set)

    async def read(
        self, consumer: AIOKafkaConsumer, conn: asyncpg.Connection | None = None
    ) -> None:
        """Read the topics from where the last reading ended to where they end now.

        Args:
            consumer: without a group, and nobody else's.
            conn: to the old database, to take in as well what waits there for the log. It is looked
                at first, so that nothing that leaves meanwhile is missed, and taken in last,
                because it is newer than the log.
        """
        waiting = () if conn is None else await conn.fetch(_WAITING, list(TOPICS))
        await self._read_log(consumer)
        for row in waiting:
            self.add(Told(row["topic"], row["event_id"], row["payload"]))

    async def _read_log(self, consumer: AIOKafkaConsumer) -> None:
        if self.consumer is None:
            self.consumer = consumer
            await learn(consumer, TOPICS)
            places = [
                TopicPartition(topic, n)
                for topic in TOPICS
                for n in consumer.partitions_for_topic(topic) or ()
            ]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(list(consumer.assignment()))
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=READ_MILLISECONDS)).values():
                for record in map(record_of, records):
                    self.add(Told(record.topic, record.header("ce_id") or "", record.value or b""))

    def add(self, told: Told) -> None:
        """Take one event in; what is none of metrics' is passed over, and so is a milestone that
        comes again.

        A relay that lost its session, or a database that was restored, can tell one again behind
        newer ones.
        """
        try:
            content = json.loads(told.body)
            if told.topic == MetricUpdated.topic():
                named = ("subject", "metric", "definition_key", "period")
                key = "|".join(content[name] for name in named)
                self.moved.add(key)
                if content["version"] >= self.version(key):
                    self.states[key] = content
                    self.outdated.discard(key)
                else:
                    self.outdated.add(key)
            elif told.event_id not in self._milestones:
                self.goals[content["project_id"], content["goal_id"]] = content["state"]
                self._milestones.add(told.event_id)
        except (ValueError, KeyError, TypeError):
            return

    def version(self, key: str) -> int:
        """Return the newest version of a state that was told; 0 for none."""
        told = self.states.get(key)
        return 0 if told is None else int(told["version"])

    def says(self, key: str, content: str) -> bool:
        """Tell whether a state was last told with this content."""
        told = self.states.get(key, {})
        return key not in self.outdated and all(
            told.get(name) == value for name, value in json.loads(content).items()
        )
