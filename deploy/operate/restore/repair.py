"""Bringing databases and log together again while no service runs.

First each database takes from the log what it has forgotten, so that nothing is decided or sent a
second time; then the log is given what it has lost; metrics is worked out anew last, from a log
that is whole. What the consumers have to read again they read by themselves at their next start,
because their databases say how far they came.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from deploy.local.progress import Progress, silent
from deploy.operate.restore.check import METRICS, Difference, Stores, connected, examine, restoring
from deploy.operate.restore.reader import Reader, reading
from deploy.services import SERVICES
from services.notifications.deliveries import store as deliveries
from services.notifications.deliveries.store import ToldEvent
from shared.audit import log as audit
from shared.delivery.records import event_types
from shared.delivery.restoring import Log
from shared.errors import Conflict, Unavailable
from shared.events.catalogue import OWN_TOPICS
from shared.events.envelope import cloudevent_headers
from shared.events.metrics import MetricUpdated
from shared.outbox import outbox
from shared.outbox.relay import Relay
from shared.postgres.database import Connection, Database

SEND_SECONDS = 600.0
"""For publishing what the log has lost; as long as something moves, each service's time begins
anew.
"""

SOURCE = "saman restore repair"
Rebuild = Callable[[], Awaitable[Any]]


class Retold(NamedTuple):
    """An event that somebody was told of, byte for byte as it was published."""

    event_id: UUID
    name: str
    key: str
    header: dict[str, str]
    body: bytes

    def topic(self) -> str:
        """Where it was published."""
        return self.name

    def headers(self) -> dict[str, str]:
        """The record headers."""
        return self.header

    def payload(self) -> bytes:
        """The record value."""
        return self.body


async def repair(
    stores: Stores, rebuild: Rebuild | None, *, progress: Progress = silent
) -> list[Difference]:
    """Do what the check says; return what differed before.

    Args:
        rebuild: works metrics out anew; without it a difference there stays.

    Raises:
        Conflict: a service is connected to its database.
        Unavailable: a database or the broker does not answer; do it again, what was done stays
            done.
    """
    audit.act_as(audit.Actor("operator", SOURCE))
    for service in SERVICES:
        await _require_silence(stores, service)
    progress("Comparing databases and log")
    found = await examine(stores)
    for difference in found:
        progress(f"Taking in what {difference.service} has forgotten")
        await _take_in(stores, difference)
    for service in SERVICES:
        await _drop_sent(stores, service)
    for difference in found:
        progress(f"Publishing what the log has lost of {difference.service}")
        await _tell(stores, difference)
    if any(difference.is_log_older for difference in found):
        await _retell(stores)
    for service in SERVICES:
        await _send(stores, service)
    if rebuild is not None and any(difference.needs_rebuild for difference in found):
        again = next(each for each in await examine(stores) if each.service == METRICS)
        if again.needs_rebuild:
            await rebuild()
            await _send(stores, METRICS)
    return found


async def _require_silence(stores: Stores, service: str) -> None:
    async with connected(stores.databases[service], service) as conn:
        count = await conn.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND"
            " application_name LIKE $1",
            f"saman {service}%",
        )
    if count:
        raise Conflict(
            f"{service} is at work; stop the four services first, and start them again after the"
            " repair",
            code="service-at-work",
        )


async def _take_in(stores: Stores, difference: Difference) -> None:
    service = difference.service
    async with connected(stores.databases[service], service) as conn, conn.transaction():
        for one in difference.beyond:
            place = (one.group, one.topic, one.partition)
            if one.end is None:
                await conn.execute(
                    "DELETE FROM consumer_position WHERE consumer = $1 AND topic = $2 AND partition"
                    " = $3",
                    *place,
                )
            else:
                await conn.execute(
                    "UPDATE consumer_position SET next_offset = $4, replay_from ="
                    " least(replay_from, $4) WHERE consumer = $1 AND topic = $2 AND partition = $3",
                    *(*place, one.end),
                )
        if difference.unknown:
            async with reading(stores.bus) as log:
                topics = [topic.name for topic in OWN_TOPICS]
                await restoring(service).adopt(
                    conn, difference.unknown, Log(find=partial(log.find, topics=topics))
                )
        if difference.sentences():
            said = {"differences": difference.sentences()}
            await audit.note(conn, audit.Change("restore-repaired", f"service/{service}", said))


async def _drop_sent(stores: Stores, service: str) -> None:
    """Take out of an outbox what the log has had already, as a restored one has it.

    Sent once more it would come behind what is newer, and compaction keeps the last record of a
    key.
    """
    async with connected(stores.databases[service], service) as conn, conn.transaction():
        waiting = await conn.fetch("SELECT id, topic, key, event_id::text, payload FROM outbox")
        if waiting:
            async with reading(stores.bus) as log:
                known = await _known(log, service)
            sent = [id_ for id_, *event in waiting if known.has_had(*event)]
            await conn.execute("DELETE FROM outbox WHERE id = ANY($1)", sent)


async def _tell(stores: Stores, difference: Difference) -> None:
    if difference.untold:
        async with (
            connected(stores.databases[difference.service], difference.service) as conn,
            conn.transaction(),
        ):
            await outbox.put(conn, difference.untold)


async def _retell(stores: Stores) -> None:
    """Publish again, as they were, the events that somebody was told of and that the log lacks.

    Notifications keeps them; the ones of metrics nobody else does. Under the same ids nobody hears
    of them again.
    """
    async with connected(stores.databases["notifications"], "notifications") as conn:
        told = [event async for event in deliveries.list_told_events(conn)]
    async with reading(stores.bus) as log:
        for service in (METRICS, "reporting"):
            known = await _known(log, service)
            async with connected(stores.databases[service], service) as conn, conn.transaction():
                await _add_outbox(conn, known)
                await outbox.put(conn, _lost(told, service, known))


async def _known(log: Reader, service: str) -> Log:
    known = Log(find=partial(log.find, topics=[]))
    async for batch in log.whole(
        [topic.name for topic in OWN_TOPICS if topic.name.startswith(f"{service}.")]
    ):
        for record in batch:
            key = (record.key or b"").decode("utf-8", "replace")
            known.add(record.topic, key, record.header("ce_id") or "", record.value or b"")
    return known


async def _add_outbox(conn: Connection, known: Log) -> None:
    for row in await conn.fetch("SELECT event_id, topic, key, payload FROM outbox"):
        known.add(row["topic"], row["key"], str(row["event_id"]), row["payload"])


def _lost(told: Sequence[ToldEvent], service: str, known: Log) -> list[Retold]:
    types, lost = event_types(), []
    for event in told:
        cls = types.get(event.type)
        if cls is None or cls.producer != service or event.event_id in known.ids:
            continue
        time_ = event.occurred_at.isoformat().replace("+00:00", "Z")
        content = cls.from_wire(str(event.event_id), time_, event.payload)
        if isinstance(content, MetricUpdated) and content.version <= known.versions.get(
            (cls.topic(), content.key), 0
        ):
            continue  # compacted away, not lost
        headers = cloudevent_headers(event.event_id, event.type, content.source, time_, content.key)
        lost.append(Retold(event.event_id, cls.topic(), content.key, headers, event.payload))
    return lost


async def _send(stores: Stores, service: str) -> None:
    """Publish what waits in a service's outbox, as its own relay would."""
    database = Database(stores.databases[service], application_name="restore", pool_size=2)
    relaying: asyncio.Task[None] | None = None
    try:
        left, deadline = await _waiting(stores, service), time.monotonic() + SEND_SECONDS
        if left:
            relaying = asyncio.create_task(Relay(database, stores.bus).run())
        while left:
            await asyncio.sleep(0.1)
            if (now := await _waiting(stores, service)) < left:
                deadline = time.monotonic() + SEND_SECONDS
            left = now
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"{left} events of {service} could not be published; is each topic there?"
                )
    finally:
        if relaying is not None:
            relaying.cancel()
            with suppress(asyncio.CancelledError):
                await relaying
        await database.close()


async def _waiting(stores: Stores, service: str) -> int:
    async with connected(stores.databases[service], service) as conn:
        return int(await conn.fetchval("SELECT count(*) FROM outbox"))
