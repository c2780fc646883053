"""Whether something that was appended before a moment is still unread."""

from datetime import timedelta

import pytest

from shared.clock import Clock
from shared.delivery.positions import Checkpoints
from shared.delivery.records import Record
from shared.delivery.subscribe import Subscription
from shared.delivery.unread import may_be_unread
from shared.events.inbound import topics_of_publisher
from shared.kafka.broker import BusSettings
from shared.kafka.topics import apply
from tests.conftest import MakeDatabase
from tests.reporting.factories import new_orgnr
from tests.support.bus import Bus
from tests.support.infrastructure import Infra

AHEAD = timedelta(days=-400)
MINUTE = timedelta(minutes=1)


async def take_nothing(*_: object) -> None:
    """Stand for a handler that is not called."""


@pytest.mark.infra
async def test_what_was_appended_before_a_moment_is_unread_until_it_is_handled(
    infra: Infra, bus: Bus, make_database: MakeDatabase
) -> None:
    number, clock = new_orgnr(), Clock(AHEAD)
    topics = topics_of_publisher(number)
    await apply(infra.bus, topics)
    topic = topics[0].name
    subscription = Subscription("mechanisms.inbound", topic, (), take_nothing, 1)
    database = await make_database("reporting")

    async def is_unread(ago: timedelta, settings: BusSettings = infra.bus) -> bool:
        async with database.connection() as conn:
            return await may_be_unread(
                conn, settings, subscription, before=clock.now() - ago, clock=clock
            )

    assert not await is_unread(-MINUTE)
    await bus.submit(topic, {}, type_="anything")

    assert await is_unread(-MINUTE)
    assert not await is_unread(MINUTE), "it was appended after that"
    async with database.transaction() as conn:
        await Checkpoints(subscription.group).note(conn, [Record(topic, 0, 0, None, (), b"")])
    assert not await is_unread(-MINUTE)
    nobody = infra.bus.model_copy(update={"bootstrap": "127.0.0.1:1"})
    assert await is_unread(-MINUTE, nobody), "nobody can say that all is read"
