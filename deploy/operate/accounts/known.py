"""Which publishers there are, read from the registry's log: the registry itself need not run when
rights are made.
"""

from collections.abc import Mapping
from typing import Any, cast

from aiokafka import AIOKafkaConsumer

from deploy.operate.accounts.applying import Publishers
from shared.delivery.consumers import record_of
from shared.delivery.records import Unreadable, read_event
from shared.events.registry import (
    PublisherChanged,
    PublisherEvent,
    PublisherRegistered,
    PublisherRevoked,
)
from shared.kafka.admin import administering
from shared.kafka.broker import BusSettings

TOPIC = PublisherRegistered.topic()
_EVENTS: Mapping[str, type[PublisherEvent]] = {
    event.type(): event for event in (PublisherRegistered, PublisherChanged, PublisherRevoked)
}


async def known_publishers(bus: BusSettings) -> Publishers:
    """Return the publishers of the registry's log as it is now; none where the topic does not exist
    yet.

    Raises:
        KafkaError, OSError: the broker does not answer.
    """
    async with administering(bus) as admin:
        places = await admin.places([TOPIC])
    if not places:
        return Publishers()
    consumer = AIOKafkaConsumer(**bus.client_options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        latest: dict[str, PublisherEvent] = {}
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=1_000)).values():
                for raw in records:
                    event = _event(raw)
                    if event is not None and _is_newer(event, latest.get(event.key)):
                        latest[event.key] = event
    finally:
        await consumer.stop()
    revoked = frozenset(number for number, event in latest.items() if event.revoked_at is not None)
    return Publishers(live=frozenset(latest) - revoked, revoked=revoked)


def _is_newer(event: PublisherEvent, kept: PublisherEvent | None) -> bool:
    return kept is None or kept.version < event.version


def _event(raw: Any) -> PublisherEvent | None:
    """Read a record; one that cannot be read says nothing here, and the services keep it as a dead
    letter.
    """
    try:
        return cast("PublisherEvent | None", read_event(record_of(raw), _EVENTS, {}))
    except Unreadable:
        return None
