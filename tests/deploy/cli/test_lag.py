"""What an operator is told of unread records, on the real broker."""

import secrets

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import RecordsToDelete

from deploy.cli.connection import Connection
from deploy.cli.consumers import Group, Position, list_groups
from shared.events.topics import Topic
from shared.kafka.admin import administering
from shared.kafka.topics import apply
from tests.support.bus import Bus
from tests.support.infrastructure import Infra

GROUP = "reporting.inbound.figures"
NOBODY_ANSWERS = "http://127.0.0.1:9"
WRITTEN, REMOVED, READ = 5, 3, 1


async def position_of(infra: Infra, topic: str) -> tuple[Group, Position]:
    """Return what the command shows of the group and of the one partition that was written to."""
    connection = Connection(NOBODY_ANSWERS, infra.bus, "no key")
    group = next(group for group in await list_groups(connection) if group.group == GROUP)
    return group, next(
        position for position in group.positions if position.topic == topic and position.end
    )


async def test_what_is_unread_has_an_age_and_what_was_removed_unread_is_counted(
    infra: Infra, bus: Bus
) -> None:
    topic = f"inbound.{secrets.randbelow(10**8):09}.figures.v1"
    await apply(infra.bus, [Topic(topic, from_outside=True)])
    for _ in range(WRITTEN):
        await bus.send_raw(topic, b"{}", key=b"1824")

    group, position = await position_of(infra, topic)
    assert (position.committed, position.end, position.removed, position.lag) == (
        0,
        WRITTEN,
        0,
        WRITTEN,
    )
    assert position.oldest_seconds is not None
    assert group.last_error == "reporting does not answer"

    place = TopicPartition(topic, position.partition)
    reader = AIOKafkaConsumer(
        **infra.bus.client_options(), group_id=GROUP, enable_auto_commit=False
    )
    await reader.start()
    reader.assign([place])
    await reader.commit({place: READ})
    await reader.stop()
    async with administering(infra.bus) as admin:
        await admin.delete_records({place: RecordsToDelete(before_offset=REMOVED)})

    group, position = await position_of(infra, topic)
    assert (position.committed, position.removed, position.lag) == (
        REMOVED,
        REMOVED - READ,
        WRITTEN - REMOVED,
    )
    assert group.has_committed
    assert group.is_late(max_lag_seconds=3_600)


@pytest.mark.parametrize(
    ("position", "is_late"),
    [
        pytest.param(Position("t", 0, 5, 5), False, id="nothing unread"),
        pytest.param(Position("t", 0, 4, 5, oldest_seconds=59.0), False, id="unread for a while"),
        pytest.param(Position("t", 0, 4, 5, oldest_seconds=61.0), True, id="unread for too long"),
        pytest.param(Position("t", 0, 4, 5), True, id="nobody knows for how long"),
        pytest.param(Position("t", 0, 5, 5, removed=1), True, id="gone unread"),
    ],
)
def test_somebody_must_look_when_records_wait_too_long_or_were_lost(
    position: Position, *, is_late: bool
) -> None:
    group = Group(
        "metrics",
        "metrics.a",
        (Position("t", 1, 2, 2), position),
        has_committed=True,
        last_error=None,
    )

    assert group.is_late(60.0) is is_late
