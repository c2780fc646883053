"""A broker with accounts, as the one-machine stack runs it with its open door shut, and who tries
what there.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from pydantic import SecretStr

from deploy.local import accounts
from deploy.local.infrastructure import Infrastructure, infrastructure
from deploy.local.ports import HOST
from deploy.operate.accounts import applying
from deploy.operate.accounts.certificates import AUTHORITY
from deploy.operate.accounts.listeners import PUBLISHERS
from deploy.operate.accounts.rights import Quota
from deploy.services import SERVICES
from shared.events.catalogue import OWN_TOPICS
from shared.events.inbound import topics_of_publisher
from shared.events.registry import PublisherRegistered
from shared.kafka.broker import BusSettings
from shared.kafka.topics import apply
from tests.support.bus import Bus

A, B = "310000019", "310000027"
READER = "reader-newspaper"
ANSWER_SECONDS = 60.0


@dataclass(frozen=True)
class Guarded:
    """The broker, and how each account reaches it.

    Attributes:
        operator: on the services' listener, with the password from the file.
        accounts: everybody whom the broker knows, on the listener that is meant for them.
    """

    servers: Infrastructure
    operator: BusSettings
    accounts: dict[str, BusSettings] = field(default_factory=dict)

    @property
    def outside(self) -> BusSettings:
        """The listener for publishers, for somebody without an account."""
        folder = self.servers.folder.path
        address = f"{HOST}:{self.servers.kafka.port_of(PUBLISHERS)}"
        return BusSettings(
            bootstrap=address, client_id="test", ca_file=folder / "accounts" / AUTHORITY
        )

    @property
    def inside(self) -> BusSettings:
        """The services' listener, for somebody without an account."""
        return BusSettings(bootstrap=self.servers.bootstrap, client_id="test")

    async def admit(self, account: str, quota: Quota | None = None) -> BusSettings:
        """Let a publisher or reader in and return how it comes."""
        password = await asyncio.to_thread(
            applying.admit, self.operator, account, quota=quota or Quota(), new_password=True
        )
        assert password is not None
        self.accounts[account] = self.outside.as_account(account, SecretStr(password))
        return self.accounts[account]


@asynccontextmanager
async def guarded_broker(folder: Path) -> AsyncIterator[Guarded]:
    """Run the broker with the services' accounts, two publishers that the registry knows, and a
    reader.
    """
    options = accounts.options(folder, local=False)
    async with infrastructure(folder, keep=False, kafka_options=options) as servers:
        operator = accounts.operator_at(folder, servers.bootstrap)
        await apply(operator, [*OWN_TOPICS, *topics_of_publisher(A), *topics_of_publisher(B)])
        passwords = accounts.passwords(folder)
        await asyncio.to_thread(applying.apply, operator, passwords, applying.Publishers())
        guarded = Guarded(servers, operator)
        for name in SERVICES:
            guarded.accounts[name] = guarded.inside.as_account(name, SecretStr(passwords[name]))
        guarded.accounts["operator"] = guarded.outside.as_account(
            "operator", SecretStr(passwords["operator"])
        )
        await tell(operator, publisher(A), publisher(B))
        for account in (A, B, READER):
            await guarded.admit(account)
        yield guarded


def publisher(number: str, **changed: Any) -> PublisherRegistered:
    """Return what the registry tells of a publisher."""
    told = {
        "organisation_number": number,
        "version": 1,
        "name": "HR",
        "may_speak_for": [],
        **changed,
    }
    return PublisherRegistered.model_validate(told)


async def tell(operator: BusSettings, *events: PublisherRegistered) -> None:
    """Publish as the registry would."""
    bus = Bus(operator)
    await bus.open()
    try:
        await bus.publish(*events)
    finally:
        await bus.close()


class Trying:
    """One account at the broker, trying what it may.

    Args:
        bus: how it comes.
    """

    def __init__(self, bus: BusSettings) -> None:
        self._bus = bus
        self._stack = AsyncExitStack()
        self._producer: Any = None
        self._consumer: Any = None

    async def __aenter__(self) -> "Trying":
        options = self._bus.client_options()
        try:
            self._producer = await self._start(AIOKafkaProducer(**options, acks="all"))
            self._consumer = await self._start(
                AIOKafkaConsumer(**options, auto_offset_reset="earliest")
            )
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def _start(self, client: Any) -> Any:
        self._stack.push_async_callback(client.stop)
        await client.start()
        return client

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def writes(self, topic: str) -> bool:
        """Tell whether it can write a record."""
        try:
            await asyncio.wait_for(
                self._producer.send_and_wait(topic, b"x", key=b"of-compacted-topics", partition=0),
                ANSWER_SECONDS,
            )
        except TopicAuthorizationFailedError:
            return False
        return True

    async def reads(self, topic: str) -> bool:
        """Tell whether it can read the first record of a topic that has one."""
        place = TopicPartition(topic, 0)
        self._consumer.assign([place])
        try:
            await self._consumer._client._wait_on_metadata(
                topic
            )  # without it, a hidden topic is waited for for ever
            self._consumer.seek(place, 0)
            await asyncio.wait_for(self._consumer.getone(), ANSWER_SECONDS)
        except TopicAuthorizationFailedError:
            return False
        return True

    async def commits(self, group: str, topic: str) -> bool:
        """Tell whether it can say how far a consumer group has read."""
        place = TopicPartition(topic, 0)
        async with AIOKafkaConsumer(
            **self._bus.client_options(), group_id=group, enable_auto_commit=False
        ) as consumer:
            consumer.assign([place])
            try:
                await asyncio.wait_for(consumer.commit({place: 1}), ANSWER_SECONDS)
            except (GroupAuthorizationFailedError, TopicAuthorizationFailedError):
                return False
        return True
