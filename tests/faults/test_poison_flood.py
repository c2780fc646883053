"""Floods of bad records on every topic that any service consumes: each becomes exactly one thing,
nothing is blocked.

Topics and subscribers are found by walking the services, so that a new one is covered without
anybody remembering.
"""

import dataclasses
import secrets
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition

from deploy.contracts.events import all_events
from deploy.services import SERVICES
from services.reporting.rounds.commands import obligation_id_of
from shared.delivery.subscribe import Subscription
from shared.events.catalogue import OWN_TOPICS
from shared.events.inbound import (
    AbsenceFigurePosted,
    ReportSubmitted,
    Submitted,
    topics_of_publisher,
)
from shared.events.registry import SpeaksFor
from shared.events.reporting import SubmissionAccepted, SubmissionRejected
from shared.events.topics import Topic
from shared.kafka.topics import apply, configs_of
from shared.postgres.database import Connection
from tests.faults import accounting
from tests.faults.accounting import (
    fates_of,
    faults_of_events,
    faults_of_submissions,
    until_consumed,
)
from tests.faults.counts import only_many, repeats
from tests.faults.flood import Flood, MakeMessage, Place, golden_messages
from tests.faults.poison import Message
from tests.reporting import factories
from tests.reporting.reports.test_kafka_reports import owing
from tests.support.apps import RunningService, idle_service, run_service
from tests.support.bus import Bus, read
from tests.support.clock import offset_to
from tests.support.infrastructure import Infra
from tests.support.owner import as_owner
from tests.support.topics import partition_count
from tests.support.waiting import until

TIMES = repeats(few=4, many=1_000)
SEED = 20
RECEIPTS_SECONDS = 60.0 + TIMES
SUBSCRIPTIONS = {
    name: [d.subscription for d in idle_service(name).deliveries.values()] for name in SERVICES
}
EVENT_TOPICS = sorted(
    {s.topic for found in SUBSCRIPTIONS.values() for s in found if not s.is_inbound}
)
ALWAYS_FLOODED = {
    "registry.municipality.v1",
    "registry.metric.v1",
    "registry.person.v1",
    "reporting.figure.v1",
    "reporting.report.v1",
    "metrics.metric.v1",
}
"""One of each kind of key and subscriber; the floods of the others are left to `make faults`, so
that `make test` keeps its time.
"""
INBOUND_PATTERNS = sorted(
    {s.topic for found in SUBSCRIPTIONS.values() for s in found if s.is_inbound}
)


def _flooded_topics() -> list[Any]:
    return [
        pytest.param(topic, marks=[] if topic in ALWAYS_FLOODED else only_many)
        for topic in EVENT_TOPICS
    ]


@dataclass(frozen=True, slots=True)
class Four:
    """All services, running, each with a table that witnesses its effects.

    Attributes:
        publisher: may speak for Vefsn.
    """

    infra: Infra
    services: dict[str, RunningService]
    publisher: str

    def subscribers(self, topic: str) -> list[tuple[RunningService, Subscription]]:
        """Who consumes a topic, or a pattern."""
        return [
            (self.services[n], s)
            for n, found in SUBSCRIPTIONS.items()
            for s in found
            if s.topic == topic
        ]


@pytest_asyncio.fixture(scope="module")
async def four(own_infra: Infra) -> AsyncIterator[Four]:
    """Run all services, on topics of their own."""
    publisher = factories.new_orgnr()
    await apply(own_infra.bus, topics_of_publisher(publisher))
    outsider = Bus(own_infra.bus)
    await outsider.open()
    speaks = [SpeaksFor(municipality_id=factories.VEFSN)]
    known = factories.publisher(organisation_number=publisher, may_speak_for=speaks)
    await outsider.publish(factories.municipality(), known)
    await outsider.close()
    async with AsyncExitStack() as stack:
        services = {}
        prefix = f"{secrets.token_hex(4)}."
        for name in SERVICES:
            settings = (
                {"clock_offset_seconds": offset_to(factories.NOW)} if name == "reporting" else {}
            )
            running = await stack.enter_async_context(
                run_service(own_infra, name, group_prefix=prefix, **settings)
            )
            await as_owner(running.handle, accounting.WITNESS)
            for group, delivery in running.service.deliveries.items():
                delivery.effects.subscription = witnessed(delivery.subscription, group)
            services[name] = running
        yield Four(own_infra, services, publisher)


def witnessed(subscription: Subscription, group: str) -> Subscription:
    """Return the subscription with a handler that also writes down, in its transaction, what it was
    called with.
    """

    async def handle(contents: Sequence[Any], conn: Connection, now: datetime) -> None:
        ids = [str(c.submission_id if subscription.is_inbound else c.event_id) for c in contents]
        await conn.execute(
            "INSERT INTO witness (consumer, message_id) SELECT $1, t.id FROM unnest($2::text[])"
            " WITH ORDINALITY AS t (id, number) ORDER BY t.number",
            group,
            [id_.replace("\0", "") for id_ in ids],
        )
        await subscription.handler(contents, conn, now)

    return dataclasses.replace(subscription, handler=handle, letters_max=10**6)


@pytest_asyncio.fixture
async def victim(four: Four) -> AsyncIterator[str]:
    """The topic that forged `reply_to` headers name."""
    await apply(four.infra.bus, [Topic("victim.v1")])
    yield "victim.v1"
    assert await size_of(four.infra, "victim.v1") == 0


async def size_of(infra: Infra, topic: str) -> int:
    """Return how many records a topic ever had."""
    outsider = Bus(infra.bus)
    await outsider.open(topic)
    try:
        consumer = outsider._consumers[topic]
        return sum((await consumer.end_offsets(list(consumer.assignment()))).values())
    finally:
        await outsider.close()


async def forget(infra: Infra, topic: str) -> None:
    """Let the broker give back the room that a flood took."""
    admin = AIOKafkaAdminClient(**infra.bus.client_options())
    await admin.start()
    try:
        await admin.delete_records(
            {
                TopicPartition(topic, number): RecordsToDelete(before_offset=-1)
                for number in range(partition_count(topic))
            }
        )
    finally:
        await admin.close()


@pytest.mark.parametrize("topic", _flooded_topics())
async def test_each_record_of_a_flood_becomes_one_thing_and_its_neighbours_are_applied_in_order(
    four: Four, victim: str, topic: str
) -> None:
    subscribers = four.subscribers(topic)
    names = set.intersection(
        *({f"{e.producer}.{e.__name__}.v1" for e in s.events} for _, s in subscribers)
    )
    sifts = any(subscription.sift for _, subscription in subscribers)
    make = golden_messages(sorted(names), without=("ce_subject",) if sifts else ())
    (declared,) = [each for each in OWN_TOPICS if each.name == topic]
    flood = Flood(
        four.infra.bus, topic, make, largest=int(configs_of(declared)["max.message.bytes"])
    )

    await flood.run(TIMES, seed=SEED)

    for running, subscription in subscribers:
        total = await until_consumed(four.infra, running, subscription, topic)
        fates = await fates_of(running, subscription.group, topic)
        faults = faults_of_events(flood.sent, fates, sifts=subscription.sift is not None)
        assert not faults, f"{subscription.group}: {accounting.described(faults)}"
        progress = running.service.deliveries[subscription.group].progress
        assert not set(fates.claimed) & set(fates.letters)
        assert progress.unused_count + progress.repeated_count == total - len(fates.claimed) - len(
            fates.letters
        )


@pytest.mark.parametrize("pattern", INBOUND_PATTERNS)
async def test_each_submission_of_a_flood_is_answered_once_and_its_neighbours_are_taken_in_order(
    four: Four, victim: str, pattern: str
) -> None:
    topic = pattern.replace("{orgnr}", four.publisher)
    (kind,) = [each for each in topics_of_publisher(four.publisher) if each.name == topic]
    make = await submissions_of(four, topic.split(".")[2])
    flood = Flood(four.infra.bus, topic, make, largest=int(configs_of(kind)["max.message.bytes"]))

    await flood.run(TIMES, seed=SEED)

    for running, subscription in four.subscribers(pattern):
        total = await until_consumed(four.infra, running, subscription, topic)
        assert total == len(flood.sent)
        fates = await fates_of(running, subscription.group, topic)
        receipts = await receipts_of(four, topic, total)
        faults = faults_of_submissions(flood.sent, fates, receipts)
        assert not faults, f"{subscription.group}: {accounting.described(faults)}"
    await forget(four.infra, topic)


async def submissions_of(four: Four, kind: str) -> MakeMessage:
    """Return what makes good submissions of a kind: all those of a partition fill one place,
    vintage after vintage.
    """
    taken = [event.model for event in all_events() if event.is_taken]
    cls, *_ = [each for each in taken if issubclass(each, Submitted) and each.kind == kind]
    plain = golden_messages([f"inbound.{cls.__name__}.v1"])
    owed: list[str] = []
    if cls is ReportSubmitted:
        outsider = Bus(four.infra.bus)
        await outsider.open()
        owed += [
            str(obligation_id_of(*await owing(four.services["reporting"], outsider)))
            for _ in range(12)
        ]
        await outsider.close()

    def more(partition: int, id_: str) -> dict[str, Any]:
        if cls is AbsenceFigurePosted:
            return factories.figure(unit=f"p-{partition}", note=id_)
        return (
            {"obligation_id": owed[partition], "submission_id": id_, "answers": {"said": id_}}
            if owed
            else {}
        )

    def make(partition: int, id_: bytes) -> Message:
        message = plain(partition, id_)
        return dataclasses.replace(message, payload=message.payload | more(partition, id_.decode()))

    return make


async def receipts_of(
    four: Four, topic: str, total: int
) -> dict[Place, list[SubmissionAccepted | SubmissionRejected]]:
    """Return the receipts of a topic by the place that each answers, when there are enough of
    them.
    """
    outsider = Bus(four.infra.bus)
    await outsider.open()
    name = SubmissionAccepted.topic_of(four.publisher)
    await outsider.follow(name, from_start=True)
    found: dict[uuid.UUID, SubmissionAccepted | SubmissionRejected] = {}
    read_count = 0

    async def enough() -> bool:
        nonlocal read_count
        await outsider._poll(name)
        for record in outsider._seen[name][read_count:]:
            receipt = read(SubmissionAccepted, record) or read(SubmissionRejected, record)
            assert receipt is not None
            if receipt.origin.startswith(f"{topic}/"):
                found[receipt.event_id] = receipt
        read_count = len(outsider._seen[name])
        return len(found) >= total

    try:
        await until(enough, f"{total} receipts", seconds=RECEIPTS_SECONDS)
    finally:
        await outsider.close()
    by_place: dict[Place, list[SubmissionAccepted | SubmissionRejected]] = defaultdict(list)
    for receipt in found.values():
        _, partition, offset = receipt.origin.rsplit("/", 2)
        by_place[int(partition), int(offset)].append(receipt)
    return by_place
