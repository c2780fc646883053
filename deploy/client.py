"""A reference client for municipal systems: reads figures from a CSV file and publishes them over
Kafka.

It needs nothing of Saman but what CONTRACTS promises: an inbound topic per publisher, CloudEvents
in binary mode, and a topic of receipts. The figure ids follow from the content of the line, so that
a file may be posted again.
"""

import asyncio
import csv
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from shared.errors import RuleBroken, Unavailable

FIGURE_NAMESPACE = uuid.UUID("5b0f2d5e-2a3c-5f0e-8f51-0e6f3a6c9a11")
DEFINITION_COLUMNS = ("certification", "denominator", "holiday", "source")
COLUMNS = (
    "municipality",
    "unit",
    "period",
    "window",
    "lost_days",
    "agreed_days",
    "rate_percent",
    "weight_kind",
    "weight",
    "persons",
    *DEFINITION_COLUMNS,
    "note",
    "generated",
    "figure_id",
)
RECEIPT_SECONDS = 60.0
METADATA_SECONDS = 10.0
POSTED_TYPE = "no.saman.inbound.AbsenceFigurePosted.v1"


@dataclass(frozen=True, slots=True)
class OutgoingFigure:
    """One figure with its id and the body that goes on the topic."""

    figure_id: str
    body: Mapping[str, Any]


@dataclass
class Receipts:
    """What came back: the answers by submission id."""

    accepted: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    rejected: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.accepted) + len(self.rejected)


def read_figures(path: Path, *, publisher: str) -> list[OutgoingFigure]:
    """Read a CSV file whose columns are named like the fields of the contract.

    Raises:
        RuleBroken: a column is not known, or a line cannot be read; the message names both.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            numbered = [
                (number, line)
                for number, line in enumerate(file, start=1)
                if not line.startswith("#")
            ]
            reader = csv.DictReader(line for _, line in numbered)
            if unknown := set(reader.fieldnames or ()) - set(COLUMNS):
                raise RuleBroken(
                    f"{path}: unknown column {sorted(unknown)[0]!r}; known are"
                    f" {', '.join(COLUMNS)}",
                    code="unknown-field",
                )
            return [
                _figure(row, publisher, f"{path}, line {numbered[reader.line_num - 1][0]}")
                for row in reader
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RuleBroken(f"{path} cannot be read: {error}", code="file-unreadable") from None


def figure(
    body: Mapping[str, Any], *, publisher: str, figure_id: str | None = None
) -> OutgoingFigure:
    """Return a figure whose id follows from its content, unless the caller has one."""
    content = {name: value for name, value in body.items() if value not in (None, "")}
    canonical = json.dumps(content, sort_keys=True)
    return OutgoingFigure(
        figure_id or str(uuid.uuid5(FIGURE_NAMESPACE, f"{publisher}\x1f{canonical}")), content
    )


class Client:
    """A publisher's connection to Kafka.

    Args:
        options: of aiokafka's clients: where the brokers are, and account, password and certificate
            authority.
        publisher: organisation number.
    """

    def __init__(self, options: Mapping[str, Any], publisher: str) -> None:
        self.publisher = publisher
        self._options = options
        self._producer: Any = None
        self._consumer: Any = None

    async def open(self) -> None:
        """Connect, and remember where the receipts end now.

        Raises:
            Unavailable: no broker answers, or lets this account in, or the publisher's topics do
                not exist.
        """
        self._producer = AIOKafkaProducer(
            **self._options, acks="all", enable_idempotence=True, linger_ms=5
        )
        self._consumer = AIOKafkaConsumer(**self._options, auto_offset_reset="earliest")
        try:
            await self._producer.start()
            await self._consumer.start()
        except KafkaError:
            raise Unavailable(
                f"Kafka at {self._options['bootstrap_servers']} does not answer, or does not let"
                " this account in; is its password right?"
            ) from None
        topic = f"receipts.{self.publisher}.v1"
        try:
            numbers = await asyncio.wait_for(self._producer.partitions_for(topic), METADATA_SECONDS)
        except (KafkaError, TimeoutError):
            raise Unavailable(
                f"topic {topic} does not exist, or this account may not see it; add the publisher"
                " with `saman publishers add`"
            ) from None
        places = [TopicPartition(topic, number) for number in numbers]
        self._consumer.assign(places)
        await self._consumer.seek_to_end(*places)
        for place in places:
            await self._consumer.position(place)

    async def close(self) -> None:
        """Leave."""
        for part in (self._consumer, self._producer):
            if part is not None:
                await part.stop()

    async def post(self, figures: Sequence[OutgoingFigure]) -> None:
        """Publish figures in order and return when the broker has them all."""
        topic = f"inbound.{self.publisher}.figures.v1"
        sending = [
            await self._producer.send(
                topic,
                json.dumps(dict(f.body)).encode(),
                key=str(f.body.get("municipality", "")).encode(),
                headers=headers(f.figure_id, self.publisher),
            )
            for f in figures
        ]
        await asyncio.gather(*sending)

    async def receipts(
        self, wanted: Sequence[OutgoingFigure], *, seconds: float = RECEIPT_SECONDS
    ) -> AsyncIterator[Receipts]:
        """Yield what came back so far, until each of the wanted figures has its receipt.

        Raises:
            Unavailable: some receipts did not come in time; the figures are safe on the topic all
                the same.
        """
        answers = Receipts()
        open_ids = {f.figure_id for f in wanted}
        deadline = time.monotonic() + seconds
        while open_ids:
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"{len(open_ids)} of {len(wanted)} receipts did not come in {seconds:.0f} s;"
                    " the figures are on the topic and are taken in when reporting runs"
                )
            batches = await self._consumer.getmany(timeout_ms=200)
            for record in (record for batch in batches.values() for record in batch):
                content = json.loads(record.value)
                submission = content.get("submission_id")
                kept = answers.rejected if "code" in content else answers.accepted
                if submission in open_ids:
                    open_ids.discard(submission)
                    kept[submission] = content
            yield answers


@asynccontextmanager
async def connected(options: Mapping[str, Any], publisher: str) -> AsyncIterator[Client]:
    """Connect while the block runs."""
    client = Client(options, publisher)
    try:
        await client.open()
        yield client
    finally:
        await client.close()


def headers(figure_id: str, publisher: str) -> list[tuple[str, bytes]]:
    """Return the CloudEvents headers of a figure."""
    values = {
        "ce_specversion": "1.0",
        "ce_id": figure_id,
        "ce_type": POSTED_TYPE,
        "ce_source": f"/publisher/{publisher}",
        "ce_time": datetime.now(UTC).isoformat(),
        "content-type": "application/json",
    }
    return [(name, value.encode()) for name, value in values.items()]


def _figure(row: Mapping[str, str], publisher: str, place: str) -> OutgoingFigure:
    if None in row or None in row.values():
        raise RuleBroken(
            f"{place}: the line has not as many cells as the header", code="file-unreadable"
        )
    body: dict[str, Any] = {name: value.strip() for name, value in row.items() if value.strip()}
    figure_id = _uuid(body.pop("figure_id", None), place)
    body["definition"] = {name: body.pop(name, None) for name in DEFINITION_COLUMNS}
    if "generated" in body:
        body["generated"] = _truth(body["generated"], place)
    if "persons" in body:
        body["persons"] = int(body["persons"]) if body["persons"].isdigit() else body["persons"]
    return figure(body, publisher=publisher, figure_id=figure_id)


def _uuid(text: str | None, place: str) -> str | None:
    """Return an id in canonical form, as receipts repeat it."""
    try:
        return None if text is None else str(uuid.UUID(text))
    except ValueError:
        raise RuleBroken(
            f"{place}: figure_id must be a UUID, got {text!r}", code="id-malformed"
        ) from None


def _truth(text: str | None, place: str) -> bool:
    known = {"true": True, "yes": True, "false": False, "no": False}
    if text is None or text.lower() not in known:
        raise RuleBroken(f"{place}: expected true or false, got {text!r}", code="file-unreadable")
    return known[text.lower()]


def chunks(figures: Sequence[OutgoingFigure], size: int) -> Iterator[Sequence[OutgoingFigure]]:
    """Cut figures into pieces, so that progress can be shown."""
    for start in range(0, len(figures), size):
        yield figures[start : start + size]
