"""The clock of a stack: one offset from the true time, kept in its folder.

All processes of a stack go by it, also after a restart, and add it to the times at which the broker
appended records. So it is moved only when every record was read: one that is still unread would
arrive at another time than it was sent.
"""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaConsumer

from deploy.local.errors import StackError
from shared.kafka.admin import administering
from shared.kafka.broker import BusSettings

SETTING = "SAMAN_NOW"
"""What the clock is to show at the start of the stack, as RFC 3339 with offset."""

OFFSET_SETTING = "SAMAN_CLOCK_OFFSET_SECONDS"
_FILE = "clock.json"


def wanted_offset(path: Path, environment: Mapping[str, str] = os.environ) -> float:
    """Return the offset in seconds that the stack is to go by: the kept one, unless the environment
    asks for a time.

    Raises:
        StackError: what is asked for is no time with an offset.
    """
    if (text := environment.get(SETTING)) is None:
        return kept_offset(path)
    try:
        shown = datetime.fromisoformat(text)
        return (shown - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        raise StackError(
            f"{SETTING} must be a time with its offset, such as 2014-03-07T07:00:00+01:00, got"
            f" {text[:40]!r}"
        ) from None


def kept_offset(path: Path) -> float:
    """Return the offset in seconds that was kept; 0 where the stack never had another."""
    try:
        return float(json.loads((path / _FILE).read_text())["offset_seconds"])
    except FileNotFoundError:
        return 0.0


def keep(path: Path, offset_seconds: float) -> None:
    """Keep the offset for every later start."""
    (path / _FILE).write_text(json.dumps({"offset_seconds": offset_seconds}) + "\n")


async def refuse_unread(bus: BusSettings, topics: Sequence[str], reporting_dsn: str) -> None:
    """Refuse to move the clock while publishers' records wait to be read.

    Raises:
        StackError: some are unread; the sentence names a topic and says what to do.
    """
    conn = await asyncpg.connect(reporting_dsn)
    try:
        rows = await conn.fetch("SELECT topic, partition, next_offset FROM consumer_position")
    finally:
        await conn.close()
    read = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
    async with administering(bus) as admin:
        places = await admin.places(topics)
    consumer = AIOKafkaConsumer(**bus.client_options())
    await consumer.start()
    try:
        ends = await consumer.end_offsets(places)
    finally:
        await consumer.stop()
    for place, end in ends.items():
        unread = end - read.get((place.topic, place.partition), 0)
        if unread > 0:
            raise StackError(
                f"{unread} records of {place.topic} are unread; start the stack without {SETTING}"
                " until they are read, then move its clock"
            )
