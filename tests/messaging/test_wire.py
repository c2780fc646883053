"""What aiokafka is helped with."""

import time

from aiokafka.client import AIOKafkaClient

from shared.messaging import wire
from tests.support.infrastructure import Infra


async def test_metadata_is_asked_for_at_leisure(infra: Infra) -> None:
    wire.install()
    wire.install()
    options = infra.bus.client_options()
    client = AIOKafkaClient(**options)
    await client.bootstrap()
    begun = time.monotonic()
    for _ in range(2 * wire.METADATA_PER_SECOND + 2):
        assert await client.force_metadata_update()
    assert 1.5 < time.monotonic() - begun < 10
    await client.close()
