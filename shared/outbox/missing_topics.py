"""Topics that cannot be written to now: their rows are passed over, so that other topics go on."""

import time
from collections.abc import Collection, Iterable
from typing import Any

import structlog

from shared.kafka.producer import existing_topics

LOG = structlog.get_logger()

ABSENT_SECONDS = 2.0
"""How long rows of a topic that does not exist are passed over until it is looked up again."""


class MissingTopics:
    """What one relay knows of topics."""

    def __init__(self) -> None:
        self._present: set[str] = set()
        self._absent_until: dict[str, float] = {}
        self._reasons: dict[str, str] = {}

    def forget_present(self) -> None:
        """Forget which topics there were; a new producer knows none."""
        self._present.clear()

    def is_present(self, topic: str) -> bool:
        """Tell whether a topic can be written to, as far as is known."""
        return topic in self._present

    def absent(self) -> list[str]:
        """Return the topics whose rows are passed over now."""
        now = time.monotonic()
        return [topic for topic, until in self._absent_until.items() if until > now]

    async def look_up(self, producer: Any, topics: Collection[str]) -> None:
        """Find out which topics the broker has; those it has are remembered.

        Raises:
            KafkaError: the broker does not answer.
        """
        absent = set(self.absent())
        asked = [topic for topic in topics if topic not in self._present | absent]
        if not asked:
            return
        found = await existing_topics(producer, asked)
        self._remember(found)
        for topic in asked:
            if topic not in found:
                self.pass_over(topic, "does not exist; run `saman topics apply`")

    def _remember(self, topics: Iterable[str]) -> None:
        for topic in topics:
            self._present.add(topic)
            self._absent_until.pop(topic, None)

    def pass_over(self, topic: str, why: str) -> None:
        """Let rows of a topic wait for a while."""
        self._present.discard(topic)
        if topic not in self._absent_until:
            LOG.error("events wait in the outbox for their topic", topic=topic, why=why)
        self._absent_until[topic] = time.monotonic() + ABSENT_SECONDS
        self._reasons[topic] = why

    def complaint(self) -> str | None:
        """Return which topics are passed over, and why; None when there are none."""
        sentences = [
            f"topic {topic} {self._reasons[topic]}" for topic in sorted(self._absent_until)
        ]
        return "; ".join(sentences) or None
