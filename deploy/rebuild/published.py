"""What metrics has told so far, as the log and the outbox on the way there have it.

A rebuild goes on behind it, not behind what the old database believes: one of the two may have been restored to another
moment, and a version that was told once must never be told again with another content.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.events.metrics import MetricUpdated, TargetReached
from shared.messaging.admin import learn

TOPICS = (MetricUpdated.topic(), TargetReached.topic())
READ_MILLISECONDS = 500
GoalKey = tuple[str, str]

_WAITING = """
SELECT topic, payload
  FROM (SELECT id, topic, payload FROM outbox UNION ALL SELECT id, topic, payload FROM outbox_parked) AS o
 WHERE topic = ANY($1)
 ORDER BY id
"""


@dataclass
class Published:
    """The newest of what was told.

    Attributes:
        states: the content of the newest version of each state, by key.
        goals: what was last said of each goal.
        moved: keys of the states of which something was told since somebody cleared this.
    """

    states: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    goals: dict[GoalKey, str] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    consumer: AIOKafkaConsumer | None = None

    async def read(self, consumer: AIOKafkaConsumer) -> None:
        """Read the topics from where the last reading ended to where they end now.

        Args:
            consumer: without a group, and nobody else's.
        """
        if self.consumer is None:
            self.consumer = consumer
            await learn(consumer, TOPICS)
            places = [TopicPartition(topic, n) for topic in TOPICS for n in consumer.partitions_for_topic(topic) or ()]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(list(consumer.assignment()))
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=READ_MILLISECONDS)).values():
                for record in records:
                    self.add(record.topic, record.value or b"")

    async def add_waiting(self, conn: asyncpg.Connection) -> None:
        """Take in what is written and not in the log yet; it will be."""
        for row in await conn.fetch(_WAITING, list(TOPICS)):
            self.add(row["topic"], row["payload"])

    def add(self, topic: str, body: bytes) -> None:
        """Take one event in; what is none of metrics' is passed over."""
        try:
            content = json.loads(body)
            if topic == MetricUpdated.topic():
                key = f"{content['subject']}|{content['definition_key']}|{content['period']}"
                self.moved.add(key)
                if content["version"] >= self.version(key):
                    self.states[key] = content
            else:
                self.goals[content["project_id"], content["goal_id"]] = content["state"]
        except (ValueError, KeyError, TypeError):
            return

    def version(self, key: str) -> int:
        """Return the newest version of a state that was told; 0 for none."""
        told = self.states.get(key)
        return 0 if told is None else int(told["version"])

    def says(self, key: str, content: str) -> bool:
        """Tell whether a state was last told with this content."""
        told = self.states.get(key, {})
        return all(told.get(name) == value for name, value in json.loads(content).items())
