"""What a log holds, for those who compare a database with it."""

from collections.abc import Mapping
from uuid import UUID

from shared.delivery.records import Record
from shared.delivery.restoring import Log
from shared.events.envelope import Event


def log_of(*events: Event) -> Log:
    """Return a log that holds these events."""
    records = {
        event.event_id: Record(
            event.topic(),
            *(0, 0, event.key.encode()),
            tuple((name, value.encode()) for name, value in event.headers().items()),
            event.payload(),
        )
        for event in events
    }

    async def find(ids: set[UUID]) -> Mapping[UUID, Record]:
        return {one: records[one] for one in ids & records.keys()}

    log = Log(find=find)
    for event in events:
        log.add(event.topic(), event.key, str(event.event_id), event.payload())
    return log
