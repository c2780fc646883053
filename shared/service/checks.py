"""Looks again and again whether schema, topics and consumers are as the service needs them."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from shared.delivery.consumers import Consumers
from shared.events.catalogue import OWN_TOPICS
from shared.kafka import topics as kafka_topics
from shared.kafka.broker import BusSettings
from shared.postgres.database import Database
from shared.service.health import Health
from shared.service.schema import missing_migrations

CHECK_SECONDS = 30.0
"""Between two looks while everything is in order."""

LOOK_AGAIN_SECONDS = 1.0
"""Between two looks while something is missing; so soon a repair is noticed."""

SENTENCES_MAX = 3
"""Disagreements about topics that are told at once."""


class Checks:
    """What is checked of one service, and where the findings are noted.

    Args:
        database: the service's.
        migrations: the folder of the service's own migrations.
        bus: how to reach the broker.
        consumers: all that the service has.
        health: where the findings are noted.
    """

    def __init__(
        self,
        database: Database,
        migrations: Path,
        bus: BusSettings,
        consumers: Sequence[Consumers],
        health: Health,
    ) -> None:
        self._database = database
        self._migrations = migrations
        self._bus = bus
        self._consumers = consumers
        self._health = health

    async def run(self) -> None:
        """Check for as long as the service runs.

        Raises:
            Unavailable, KafkaError, OSError: the database or the broker is away; run again.
        """
        while True:
            await self._look()
            self._health.failures.pop("checks", None)
            await asyncio.sleep(LOOK_AGAIN_SECONDS if self._health.waiting else CHECK_SECONDS)

    async def _look(self) -> None:
        missing = await missing_migrations(self._database, self._migrations)
        self._health.note(
            "database",
            f"the database lacks migrations {missing}; run `saman migrate`" if missing else None,
        )
        sentences = await kafka_topics.disagreements(self._bus, OWN_TOPICS)
        self._health.note("topics", "; ".join(sentences[:SENTENCES_MAX]) or None)
        for each in self._consumers:
            await each.revive()
        unstarted = ", ".join(group for each in self._consumers for group in each.unstarted)
        self._health.note(
            "clients", f"{unstarted} could not be started again" if unstarted else None
        )
