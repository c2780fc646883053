"""Compares what the log holds of a service's own topics with the service's database.

After a restore of the database or of the log to an earlier moment, one lacks what the other has.
Each service that publishes has a `restoring.py`, which tells what its database lacks, takes that
in, and tells what the log lacks.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from pydantic_core import from_json

from shared.delivery.records import Record
from shared.events.catalogue import COMPACTED
from shared.events.envelope import Event
from shared.postgres.database import Connection


@dataclass
class Log:
    """What is in the log, or in the outbox on its way there.

    Attributes:
        ids: of the events.
        versions: the newest version of each topic and key, where states have versions.
        last: the version of the last record of each topic and key, which compaction keeps. It is
            not the newest where a relay sent something twice.
        find: returns the records of events that others published, by id; missing ones are left out.
    """

    find: Callable[[set[UUID]], Awaitable[Mapping[UUID, Record]]]
    ids: set[UUID] = field(default_factory=set)
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    last: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, topic: str, key: str, event_id: str, body: bytes) -> None:
        """Add an event; a record that is no event of ours is ignored."""
        try:
            content = from_json(body)
            self.ids.add(UUID(event_id))
        except ValueError:
            return
        if isinstance(content, dict) and isinstance(version := content.get("version"), int):
            self.versions[topic, key] = max(version, self.versions.get((topic, key), 0))
            self.last[topic, key] = version

    def has_had(self, topic: str, key: str, event_id: str, body: bytes) -> bool:
        """Tell whether an event was in the log: it still is, or a newer state of its key is."""
        if topic in COMPACTED:
            return int(from_json(body)["version"]) <= self.versions.get((topic, key), 0)
        return UUID(event_id) in self.ids


class Restoring(Protocol):
    """What `services/<name>/restoring.py` offers."""

    async def unknown(self, conn: Connection, events: Sequence[Event]) -> list[Event]:
        """Return those of the service's own events that its database does not know."""

    async def adopt(self, conn: Connection, events: Sequence[Event], log: Log) -> None:
        """Take in what is unknown, in the order of the log, without publishing it again."""

    async def untold(self, conn: Connection, log: Log) -> list[Event]:
        """Return what the service once published and the log does not hold, in an order that may be
        published.
        """
