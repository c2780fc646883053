"""Binds subscriptions to FastStream, with other settings than its defaults.

By default FastStream acknowledges a record before it is handled, and so loses it when the handler
fails; it replies to any topic that a `reply_to` header names; and it drops a record whose headers
are not text. All three are switched off here, and `tests/shared/delivery` checks every subscriber.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from shared.clock import Clock
from shared.delivery.delivery import Delivery
from shared.delivery.positions import PutBack, Resumption
from shared.delivery.records import Record
from shared.delivery.subscribe import Subscription
from shared.kafka import broker as kafka
from shared.kafka import wire
from shared.kafka.admin import administering
from shared.kafka.batches import Batches
from shared.kafka.broker import BusSettings
from shared.kafka.consumer import close_connections, has_given_up, unread
from shared.postgres.database import Database

LOG = structlog.get_logger()
CATCH_UP_POLL_SECONDS = 0.1
LEAVE_SECONDS = 2.0
"""How long leaving the group may take, after the running batches had their time."""

START_SECONDS = 60.0
"""How long one consumer may take to start again; its group may have to wait for the batches of
other members. One that takes longer is tried again at the next look, so that the others are looked
at.
"""


async def bare_parser(message: Any, original: Any) -> Any:
    """Show FastStream only the first record of a batch, without headers, so that a header that is
    null or not text cannot make it drop records.

    FastStream uses it for its own log lines; the delivery reads the records themselves.
    """
    records = message if isinstance(message, tuple) else (message,)
    parsed = await original((_without_headers(records[0]),))
    parsed.raw_message = records
    return parsed


async def no_decoder(_message: Any) -> None:
    """Leave the bodies undecoded; the delivery reads each record on its own."""
    return


def _without_headers(record: Any) -> Any:
    return ConsumerRecord(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp=record.timestamp,
        timestamp_type=record.timestamp_type,
        key=record.key,
        value=None,
        checksum=record.checksum,
        serialized_key_size=record.serialized_key_size,
        serialized_value_size=record.serialized_value_size,
        headers=(),
    )


class Consumers:
    """The running subscribers of one service, all started and stopped together.

    Args:
        subscriptions: what to consume.
        bus: how to reach the broker.
        database: where effects, inbox and dead letters are.
        service: part of the static member id.
        clock: the service's.
    """

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        bus: BusSettings,
        database: Database,
        *,
        service: str,
        clock: Clock,
    ) -> None:
        self.broker: KafkaBroker = kafka.make_broker(bus)
        self.deliveries: dict[str, Delivery] = {}
        self.subscribers: dict[str, Any] = {}
        self.resumptions: dict[str, Resumption] = {}
        self.subscriptions = list(subscriptions)
        self._bus = bus
        self._clock = clock
        self.is_running = False
        self.unstarted: list[str] = []
        """Groups that the last look could not start again."""
        for subscription in subscriptions:
            self._bind(subscription, database, f"{service}-{bus.replica}")

    async def start(self) -> None:
        """Connect and consume; does nothing when they run already.

        Raises:
            KafkaError, OSError: the broker does not answer; nothing is left half started.
        """
        if self.is_running or not self.subscriptions:
            return
        wire.install()
        for delivery in self.deliveries.values():
            delivery.stopping.clear()
        try:
            await self.broker.start()
        except BaseException:
            await self._leave()
            raise
        self.is_running = True

    async def revive(self) -> list[str]:
        """Restart subscribers whose client has given up for good; return their groups.

        After an error that it does not know, aiokafka ends its background tasks without a word: the
        process looks well and consumes nothing. A subscriber that does not start, because the
        broker is away again, is tried at the next look.
        """
        revived = []
        self.unstarted = []
        for group, subscriber in self.subscribers.items():
            if self.is_running and _has_given_up(subscriber):
                LOG.error("consumer had given up and is started again", consumer=group)
                try:
                    await _put_away(subscriber)
                    async with asyncio.timeout(START_SECONDS):
                        await subscriber.start()
                except Exception:
                    LOG.exception("consumer did not start again", consumer=group)
                    self.unstarted.append(group)
                else:
                    revived.append(group)
        return revived

    async def stop(self) -> None:
        """Finish the running batches, commit, and leave; a batch that waits for the database is
        given back.
        """
        for delivery in self.deliveries.values():
            delivery.stopping.set()
        if self.is_running:
            self.is_running = False
            await self._leave()

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(kafka.STOP_SECONDS + LEAVE_SECONDS):
                await self.broker.stop()
        except (OSError, TimeoutError, KafkaError, ExceptionGroup) as error:
            LOG.warning("consumers left without saying goodbye", error=repr(error)[:300])

    def lag(self) -> dict[str, dict[str, int | None]]:
        """Return, per group and assigned partition, how many records wait; None before the first
        fetch.
        """
        result: dict[str, dict[str, int | None]] = {}
        for group, subscriber in self.subscribers.items():
            consumer = subscriber.consumer
            waiting = {
                f"{place.topic}/{place.partition}": unread(consumer, place)
                for place in (consumer.assignment() if consumer is not None else ())
            }
            result[group] = waiting
        return result

    def _bind(self, subscription: Subscription, database: Database, instance: str) -> None:
        group = f"{self._bus.group_prefix}{subscription.group}"
        delivery = Delivery(subscription, database, self._clock)

        async def consume(message: KafkaMessage) -> None:
            try:
                await delivery.take([record_of(raw) for raw in message.raw_message])
            except PutBack:
                for each in self.resumptions.values():  # they have the same database
                    each.is_replay_ordered = True
                raise

        topics = () if subscription.is_inbound else (subscription.topic,)
        subscriber = self.broker.subscriber(
            *topics,
            pattern=subscription.topic if subscription.is_inbound else None,
            group_id=group,
            group_instance_id=f"{group}.{instance}",
            batch=True,
            max_records=subscription.batch,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            no_reply=True,
            parser=bare_parser,
            decoder=no_decoder,
            session_timeout_ms=self._bus.session_ms,
            heartbeat_interval_ms=self._bus.session_ms // kafka.HEARTBEATS_PER_SESSION,
            max_poll_interval_ms=kafka.POLL_INTERVAL_MILLISECONDS,
            fetch_max_wait_ms=500,
            isolation_level="read_committed",
        )
        subscriber(consume)
        resumption = self.resumptions[subscription.group] = Resumption(database, subscription.group)
        subscriber.get_msg = Batches(subscription.batch, resumption.settle).next  # type: ignore[method-assign]
        self.subscribers[subscription.group] = subscriber
        self.deliveries[subscription.group] = delivery

    async def catch_up(self, *, deadline_seconds: float = 600) -> None:
        """Wait until everything that was in the subscribed topics at the call has been applied.

        Raises:
            TimeoutError: it took longer than the deadline.
        """
        async with administering(self._bus) as admin:
            until = time.monotonic() + deadline_seconds
            ends: dict[str, dict[Any, int]] = {}
            for group, subscriber in self.subscribers.items():
                consumer = subscriber.consumer
                topic = next(s.topic for s in self.subscriptions if s.group == group)
                partitions = await _partitions(consumer, topic)
                start = await consumer.beginning_offsets(partitions)
                end = await consumer.end_offsets(partitions)
                ends[group] = {p: end[p] for p in partitions if end[p] > start[p]}
            while ends:
                for group, wanted in list(ends.items()):
                    if not self.resumptions[group].is_settled:
                        continue
                    name = f"{self._bus.group_prefix}{group}"
                    done = (
                        await admin.list_consumer_group_offsets(name, partitions=list(wanted))
                        if wanted
                        else {}
                    )
                    if all(p in done and done[p].offset >= offset for p, offset in wanted.items()):
                        del ends[group]
                if ends:
                    if time.monotonic() > until:
                        raise TimeoutError(
                            f"still behind on {sorted(ends)} after {deadline_seconds} s"
                        )
                    await asyncio.sleep(CATCH_UP_POLL_SECONDS)


async def _partitions(consumer: Any, topic: str) -> list[Any]:
    numbers = consumer.partitions_for_topic(topic) or ()
    return [TopicPartition(topic, number) for number in sorted(numbers)]


async def _put_away(subscriber: Any) -> None:
    """Stop a subscriber whose client has given up. Its `stop` then raises the error that it gave up
    over, and leaves connections open, which are closed here.
    """
    consumer = subscriber.consumer
    try:
        async with asyncio.timeout(kafka.STOP_SECONDS + LEAVE_SECONDS):
            await subscriber.stop()
    except (KafkaError, TimeoutError) as reason:
        LOG.warning("why the consumer had given up", reason=repr(reason.__cause__ or reason)[:300])
        await close_connections(consumer)


def _has_given_up(subscriber: Any) -> bool:
    """Tell whether nobody asks for records any more. A subscriber that could not be started again
    has no tasks.
    """
    return not subscriber.tasks or has_given_up(subscriber.consumer)


def record_of(raw: Any) -> Record:
    """Return the client's record as our own."""
    headers = tuple((str(name), value) for name, value in raw.headers)
    return Record(raw.topic, raw.partition, raw.offset, raw.key, headers, raw.value, raw.timestamp)
