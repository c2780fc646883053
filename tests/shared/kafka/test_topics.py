"""The broker's topics as code: what differs is said in a sentence, and mended where that loses
nothing.
"""

import secrets
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient

from shared.errors import RuleBroken
from shared.events.inbound import topics_of_publisher
from shared.events.topics import PARTITIONS, Topic
from shared.kafka.topics import apply, configs_of, disagreements
from tests.shared.conftest import MakeTopic
from tests.support.infrastructure import Infra


@pytest_asyncio.fixture
async def name(infra: Infra) -> AsyncIterator[str]:
    """A name that no topic has yet; what is made of it is removed."""
    chosen = f"test.{secrets.token_hex(6)}.v1"
    yield chosen
    admin = AIOKafkaAdminClient(**infra.bus.client_options())
    await admin.start()
    made = [topic for topic in await admin.list_topics() if chosen in topic]
    await admin.delete_topics(made)
    await admin.close()


async def test_a_missing_topic_is_named_and_made(infra: Infra, name: str) -> None:
    wanted = [Topic(name, "compact"), Topic(f"{name}.second", retention_ms=60_000)]

    assert await disagreements(infra.bus, wanted) == [
        f"topic {topic.name} does not exist; run `saman topics apply`" for topic in wanted
    ]
    assert await apply(infra.bus, wanted) == [f"made {topic.name}" for topic in wanted]
    assert await disagreements(infra.bus, wanted) == []
    assert await apply(infra.bus, wanted) == [], "a second time there is nothing to do"


async def test_another_cleanup_or_retention_is_named_and_set(infra: Infra, name: str) -> None:
    await apply(infra.bus, [Topic(name)])
    wanted = [Topic(name, "compact", retention_ms=60_000)]

    assert await disagreements(infra.bus, wanted) == [
        f"topic {name} has cleanup.policy=delete, it must be compact; run `saman topics apply`",
        f"topic {name} has retention.ms=-1, it must be 60000; run `saman topics apply`",
    ]
    assert await apply(infra.bus, wanted) == [f"set {name}"]
    assert await disagreements(infra.bus, wanted) == []


async def test_another_count_of_partitions_is_named_and_never_changed(
    infra: Infra, make_topic: MakeTopic
) -> None:
    topic = await make_topic(partitions=PARTITIONS - 1)
    sentence = f"topic {topic} has 11 partitions, it must have 12;"

    assert any(told.startswith(sentence) for told in await disagreements(infra.bus, [Topic(topic)]))
    await apply(infra.bus, [Topic(topic)])
    (told,) = await disagreements(infra.bus, [Topic(topic)])
    assert told.startswith(sentence)


async def test_too_few_copies_are_named_with_what_to_do_and_ask_nothing_that_they_cannot_give(
    infra: Infra, name: str
) -> None:
    await apply(infra.bus, [Topic(name)])
    three = infra.bus.model_copy(update={"replication": 3})
    sentence = (
        f"topic {name} has 1 of 3 copies (SAMAN_KAFKA_REPLICATION); "
        "add them with kafka-reassign-partitions, then run `saman topics apply`"
    )

    assert await disagreements(three, [Topic(name)]) == [sentence]
    assert await apply(three, [Topic(name)]) == [], (
        "with two in sync asked of one copy nobody could write"
    )
    assert await disagreements(three, [Topic(name)]) == [sentence]


async def test_more_copies_than_there_are_brokers_is_one_sentence(infra: Infra, name: str) -> None:
    three = infra.bus.model_copy(update={"replication": 3})

    with pytest.raises(
        RuleBroken,
        match=rf"topic {name} must have 3 copies \(SAMAN_KAFKA_REPLICATION\): start more",
    ):
        await apply(three, [Topic(name)])


@pytest.mark.parametrize(("copies", "in_sync"), [(1, "1"), (2, "1"), (3, "2"), (5, "4")])
def test_a_record_is_acknowledged_when_all_copies_but_one_have_it(
    copies: int, in_sync: str
) -> None:
    assert configs_of(Topic("any.topic.v1"), copies=copies)["min.insync.replicas"] == in_sync


def test_a_publisher_has_topics_to_write_to_and_one_to_read_its_receipts_from() -> None:
    inbound, reports, receipts = topics_of_publisher("974760673")

    assert [inbound.name, reports.name, receipts.name] == [
        "inbound.974760673.figures.v1",
        "inbound.974760673.reports.v1",
        "receipts.974760673.v1",
    ]
    assert configs_of(inbound)["message.timestamp.type"] == "LogAppendTime", (
        "a forged time would defeat the retention"
    )
    assert configs_of(receipts)["message.timestamp.type"] == "CreateTime"
