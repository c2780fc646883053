"""Bounds how many records of one publisher wait as dead letters.

A publisher that sends unreadable records by the hundred thousand would fill the database and hide
the letters of all others. Records beyond the bound are only counted; one in `SAMPLE_EVERY` is kept,
to show whether they are still of one kind. The publisher is told once, and the operator by an
alert. The records stay in the topic for its retention, and can be read again from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.delivery.dead_letters import Failure
from shared.delivery.records import Record
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)

SAMPLE_EVERY = 1_000
"""One in so many of those beyond the bound is kept."""

CODE = "too-many-unreadable"

Buried = tuple[Record, Failure]


@dataclass(frozen=True, slots=True)
class Bounded:
    """What becomes of a batch's records that cannot be handled.

    Attributes:
        letters: those that are kept, each with its receipt.
        samples: those that are kept beyond the bound, without one.
        told: one record of each topic whose publisher is to be told that no more are kept.
        not_kept_count: how many are counted only.
    """

    letters: list[Buried]
    samples: list[Buried]
    told: list[Buried]
    not_kept_count: int


@dataclass(frozen=True, slots=True)
class NotKept:
    """How many records of a topic were counted only."""

    consumer: str
    topic: str
    count: int
    begun_at: datetime
    last_at: datetime


async def bound(
    conn: Connection, consumer: str, buried: Sequence[Buried], *, letters_max: int
) -> Bounded:
    """Tell which of a batch's records become letters.

    Args:
        letters_max: letters of one topic that may wait.
    """
    bounded = Bounded([], [], [], 0)
    beyond_count = 0
    by_topic: dict[str, list[Buried]] = {}
    for each in buried:
        by_topic.setdefault(each[0].topic, []).append(each)
    for topic, records in by_topic.items():
        waiting: int = await QUERIES.count_waiting_letters(
            conn, consumer=consumer, topic=topic, count=letters_max
        )
        room = letters_max - waiting
        if waiting < letters_max // 2:  # not each letter that is settled begins the telling anew
            await QUERIES.close_not_kept(conn, consumer=consumer, topic=topic)
        bounded.letters.extend(records[:room])
        if beyond := records[room:]:
            counted = await QUERIES.add_not_kept(
                conn, consumer=consumer, topic=topic, count=len(beyond)
            )
            before = counted["count"] - len(beyond)
            samples = [
                each
                for number, each in enumerate(beyond, start=before + 1)
                if number % SAMPLE_EVERY == 0
            ]
            bounded.samples.extend(samples)
            beyond_count += len(beyond) - len(samples)
            if counted["is_new"]:
                bounded.told.append((beyond[0][0], _too_many(topic, letters_max)))
    return Bounded(bounded.letters, bounded.samples, bounded.told, beyond_count)


async def list_not_kept(conn: Connection) -> list[NotKept]:
    """Return of which topics records were counted only, those of the last time first."""
    return [
        NotKept(row["consumer"], row["topic"], row["count"], row["begun_at"], row["last_at"])
        async for row in QUERIES.list_not_kept(conn)
    ]


def _too_many(topic: str, letters_max: int) -> Failure:
    return Failure(
        CODE,
        f"{letters_max} records of {topic} could not be read and wait for a decision; from this one"
        " on they are counted only, and no receipt comes of them. Mend what sends them, and send"
        " again what was meant",
    )
