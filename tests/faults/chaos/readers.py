"""Outside readers: each event that ever came on a topic, in the order of the log, judged as it
comes.

They keep the last number of each place or key and nothing else, so that an hour of events needs no
more memory than a minute.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.events.metrics import MetricUpdated, TargetReached
from shared.events.reporting import AbsenceFigurePosted, SubmissionAccepted
from tests.faults.chaos.writers import NUMBER_BITS, Source
from tests.support.topics import partition_count

FAULTS_MAX = 20


@dataclass
class Seen:
    """What a reader saw.

    Attributes:
        first: events that came for the first time.
        again: repetitions, which consumers have to absorb.
        inversions: events that came before an earlier one of their key.
        faults: the first of whatever must not be, one sentence each.
    """

    first: int = 0
    again: int = 0
    inversions: int = 0
    faults: list[str] = field(default_factory=list)

    def fault(self, sentence: str) -> None:
        """Remember a fault, as long as there are not too many."""
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(sentence)


class Reader:
    """Reads topics from their beginning, in spite of everything, and hands each record to who
    judges it.
    """

    def __init__(self, bootstrap: str, judges: Mapping[str, Callable[[Any], None]]) -> None:
        self.positions: dict[TopicPartition, int] = {
            TopicPartition(topic, number): 0
            for topic in judges
            for number in range(partition_count(topic))
        }
        self._bootstrap = bootstrap
        self._judges = judges

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._bootstrap,
                enable_auto_commit=False,
                metadata_max_age_ms=5_000,
            )
            try:
                await consumer.start()
                consumer.assign(list(self.positions))
                for place, offset in self.positions.items():
                    consumer.seek(place, offset)
                while True:
                    await self._take(await consumer.getmany(timeout_ms=200, max_records=2_000))
            except (KafkaError, OSError):
                await asyncio.sleep(0.5)
            finally:
                with suppress(KafkaError, OSError, TimeoutError):
                    await asyncio.wait_for(consumer.stop(), 5)

    async def _take(self, batches: Mapping[TopicPartition, Sequence[Any]]) -> None:
        for place, records in batches.items():
            for record in records:
                self._judges[place.topic](record)
            self.positions[place] = records[-1].offset + 1 if records else self.positions[place]
            await asyncio.sleep(0)


class FigureJudge:
    """Judges what reporting publishes: each figure of the writers once, per place in the order of
    writing.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self.seen = Seen()
        self._sources = {source.index: source for source in sources}
        self._last = {source.index: [-1] * source.place_count for source in sources}

    def __call__(self, record: Any) -> None:
        content = json.loads(record.value)
        figure_id = UUID(content["figure_id"]).int
        index, number = figure_id >> NUMBER_BITS & 0xFF, figure_id & ((1 << NUMBER_BITS) - 1)
        source = self._sources[index]
        count = source.place_count
        place = number % count
        last = self._last[index][place]
        if content["vintage"] != number // count + 1:
            self.seen.fault(
                f"figure {index}/{number} is vintage {content['vintage']}, not"
                f" {number // count + 1}"
            )
        if number <= last:
            self.seen.again += 1
            return
        if number != (last + count if last >= 0 else place):
            self.seen.inversions += 1
            self.seen.fault(f"figure {index}/{number} came after {last}")
        self._last[index][place] = number
        self.seen.first += 1


class MetricJudge:
    """Judges what metrics publishes: versions of each key that rise by one, and keeps the last
    state of each.
    """

    def __init__(self) -> None:
        self.seen = Seen()
        self.states: dict[str, tuple[int, bytes]] = {}
        self.longest_silence = 0.0
        self.last_at: float | None = None

    def __call__(self, record: Any) -> None:
        now = time.monotonic()
        if self.last_at is not None:
            self.longest_silence = max(self.longest_silence, now - self.last_at)
        self.last_at = now
        key = record.key.decode()
        version = int(json.loads(record.value)["version"])
        last = self.states.get(key, (0, b""))[0]
        if version <= last:
            self.seen.again += 1
            return
        if version != last + 1:
            self.seen.inversions += 1
            self.seen.fault(f"{key}: version {version} came after {last}")
        self.states[key] = version, record.value
        self.seen.first += 1


class ReceiptJudge:
    """Counts who got a receipt, and of which kind."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.seen = Seen()
        self._got: dict[int, bytearray] = {source.index: bytearray() for source in sources}

    def __call__(self, record: Any) -> None:
        content = json.loads(record.value)
        if "code" in content:
            self.seen.fault(f"rejected: {content['code']}: {content['message'][:200]}")
            return
        figure_id = UUID(content["submission_id"]).int
        index, number = figure_id >> NUMBER_BITS & 0xFF, figure_id & ((1 << NUMBER_BITS) - 1)
        got = self._got[index]
        if len(got) <= number:
            got.extend(bytes(number + 1_000 - len(got)))
        if got[number]:
            self.seen.again += 1
        else:
            got[number] = 1
            self.seen.first += 1


class MilestoneJudge:
    """Counts milestones by id."""

    def __init__(self) -> None:
        self.seen = Seen()
        self.ids: set[bytes] = set()

    def __call__(self, record: Any) -> None:
        event_id = dict(record.headers)["ce_id"]
        if event_id in self.ids:
            self.seen.again += 1
        else:
            self.ids.add(event_id)
            self.seen.first += 1


@dataclass
class Readers:
    """The outside readers of one run, and the task that they run in."""

    figures: FigureJudge
    metrics: MetricJudge
    receipts: ReceiptJudge
    milestones: MilestoneJudge
    reader: Reader

    @classmethod
    def of(cls, bootstrap: str, sources: Sequence[Source]) -> "Readers":
        """Make the readers of a system's log."""
        figures, metrics, milestones = FigureJudge(sources), MetricJudge(), MilestoneJudge()
        receipts = ReceiptJudge(sources)
        judges: dict[str, Callable[[Any], None]] = {
            AbsenceFigurePosted.topic(): figures,
            MetricUpdated.topic(): metrics,
            TargetReached.topic(): milestones,
            **{SubmissionAccepted.topic_of(source.publisher): receipts for source in sources},
        }
        return cls(figures, metrics, receipts, milestones, Reader(bootstrap, judges))

    @property
    def seen(self) -> tuple[Seen, ...]:
        """What each of them saw."""
        return self.figures.seen, self.metrics.seen, self.receipts.seen, self.milestones.seen
