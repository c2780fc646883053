"""Every subscriber of every service has the delivery policy, and this test would see it if one had
not.
"""

import asyncio
import operator
from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.subscriber.usecase import BatchSubscriber

from deploy.services import SERVICES
from shared.delivery.consumers import bare_parser, no_decoder
from shared.service.runtime import Service
from tests.shared.conftest import Consume, MakeTopic
from tests.shared.delivery.consuming import counted
from tests.support.apps import idle_service
from tests.support.bus import Bus
from tests.support.infrastructure import Infra
from tests.support.proxy import proxy_before
from tests.support.waiting import until


def subscribers_of(service: Service) -> Iterator[tuple[str, Any]]:
    """All that hang on the service's brokers, with the group that each must have."""
    for consumers in (service.consumers, service.late_consumers):
        subscribers: list[Any] = consumers.broker.subscribers
        for subscriber in subscribers:
            (topic,) = subscriber.topic_names
            kept = topic.replace("inbound..*.", "inbound.").rsplit(".v", 1)[0]
            yield f"{service.name}.{kept}", subscriber


def faults_of(subscriber: Any, *, group: str, service: str) -> set[str]:
    """Return in what a subscriber falls short of the policy."""
    options = subscriber._connection_args
    instance = options.get("group_instance_id") or ""
    kept = {
        "replies": subscriber._no_reply,
        "acknowledges failures": subscriber.ack_policy is AckPolicy.NACK_ON_ERROR,
        "commits by itself": options.get("enable_auto_commit") is False,
        "group": subscriber.group_id == group,
        "skips what was there before": options.get("auto_offset_reset") == "earliest",
        "works on several records at once, or one by one": type(subscriber) is BatchSubscriber,
        "no static membership": (
            instance.startswith(f"{group}.{service}-") and not instance.endswith("-")
        ),
        "drops odd headers": subscriber._call_options.parser is bare_parser,
        "decodes": subscriber._call_options.decoder is no_decoder,
        "reads what was aborted": options.get("isolation_level") == "read_committed",
    }
    return {fault for fault, is_kept in kept.items() if not is_kept}


@pytest.mark.parametrize("name", SERVICES)
def test_every_subscriber_has_the_delivery_policy(name: str) -> None:
    service = idle_service(name)
    subscribers = list(subscribers_of(service))

    assert {group: faults_of(each, group=group, service=name) for group, each in subscribers} == {
        group: set() for group, _ in subscribers
    }
    assert {group for group, _ in subscribers} == set(service.deliveries)
    assert f"{name}.registry.publisher" in service.deliveries, "each service checks keys by itself"


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_has_a_producer_beside_the_relay(name: str) -> None:
    service = idle_service(name)
    for consumers in (service.consumers, service.late_consumers):
        assert consumers.broker.config.broker_config.consumer_only
        assert not consumers.broker.publishers


def test_a_subscriber_with_the_defaults_of_the_library_would_be_seen() -> None:
    subscriber = KafkaBroker().subscriber("some.topic.v1")

    assert faults_of(subscriber, group="service.some.topic", service="service") == {
        "replies",
        "acknowledges failures",
        "commits by itself",
        "group",
        "skips what was there before",
        "works on several records at once, or one by one",
        "no static membership",
        "drops odd headers",
        "decodes",
        "reads what was aborted",
    }


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("replies", {"no_reply": False}),
        ("acknowledges failures", {"ack_policy": AckPolicy.ACK}),
        ("acknowledges failures", {"ack_policy": AckPolicy.MANUAL}),
        ("group", {"group_id": "another"}),
        ("skips what was there before", {"auto_offset_reset": "latest"}),
        ("works on several records at once, or one by one", {"batch": False}),
        ("works on several records at once, or one by one", {"batch": False, "max_workers": 4}),
        ("no static membership", {"group_instance_id": None}),
        ("drops odd headers", {"parser": None}),
        ("reads what was aborted", {"isolation_level": "read_uncommitted"}),
    ],
)
def test_each_single_departure_would_be_seen(fault: str, change: dict[str, Any]) -> None:
    good = {
        "group_id": "service.some.topic",
        "group_instance_id": "service.some.topic.service-0",
        "batch": True,
        "auto_offset_reset": "earliest",
        "ack_policy": AckPolicy.NACK_ON_ERROR,
        "no_reply": True,
        "parser": bare_parser,
        "decoder": no_decoder,
        "isolation_level": "read_committed",
    }
    broker: Any = KafkaBroker()
    subscriber = broker.subscriber("some.topic.v1", **(good | change))

    assert faults_of(subscriber, group="service.some.topic", service="service") == {fault}


async def test_a_reply_to_header_makes_us_publish_nothing(
    make_topic: MakeTopic, bus: Bus, consume: Consume
) -> None:
    topic, victim = await make_topic(), await make_topic()
    event = counted("vefsn", 1)
    headers = [(name, text.encode()) for name, text in event.headers().items()]
    headers += [("reply_to", victim.encode()), ("correlation_id", b"forged")]
    await bus.send_raw(topic, event.payload(), headers=headers)

    consuming = await consume(topic)
    await consuming.until_consumed(1)
    await consuming.consumers.stop()

    assert (await bus.send_raw(victim, b"the first")).offset == 0


@pytest.mark.parametrize("task", ["_coordinator._coordination_task", "_fetcher._fetch_task"])
async def test_a_consumer_whose_client_has_given_up_is_started_again(
    topic: str, bus: Bus, consume: Consume, task: str
) -> None:
    consuming = await consume(topic)
    await bus.publish(counted("vefsn", 1), topic=topic)
    await consuming.until_consumed(1)
    assert await consuming.consumers.revive() == []

    (subscriber,) = consuming.consumers.subscribers.values()
    operator.attrgetter(task)(subscriber.consumer).cancel()
    await asyncio.sleep(0)
    await bus.publish(counted("vefsn", 2), topic=topic)

    assert await until(consuming.consumers.revive) == [consuming.group]
    await consuming.until_consumed(2)
    assert await consuming.effects() == [("vefsn", 1), ("vefsn", 2)]
    assert await consuming.consumers.revive() == []


@pytest.mark.parametrize("part", ["_do_heartbeat", "_maybe_refresh_commit_offsets"])
async def test_a_consumer_whose_client_goes_on_failing_for_ever_is_started_again(
    topic: str, bus: Bus, consume: Consume, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    consuming = await consume(topic)
    await bus.publish(counted("vefsn", 1), topic=topic)
    await consuming.until_consumed(1)

    async def fail(*_arguments: Any) -> None:
        raise KafkaError("an answer that the client does not know")

    (subscriber,) = consuming.consumers.subscribers.values()
    monkeypatch.setattr(subscriber.consumer._coordinator, part, fail)
    subscriber.consumer._subscription.subscription.assignment.commit_refresh_needed.set()

    assert await until(consuming.consumers.revive) == [consuming.group]
    await bus.publish(counted("vefsn", 2), topic=topic)
    await consuming.until_consumed(2)
    assert await consuming.effects() == [("vefsn", 1), ("vefsn", 2)]


async def test_a_client_that_gave_up_leaves_no_connection_when_its_consumer_is_started_again(
    topic: str, bus: Bus, consume: Consume, monkeypatch: pytest.MonkeyPatch
) -> None:
    consuming = await consume(topic)
    await bus.publish(counted("vefsn", 1), topic=topic)
    await consuming.until_consumed(1)

    def fail(*_arguments: Any) -> None:
        raise RuntimeError("an error that the client does not know")

    (subscriber,) = consuming.consumers.subscribers.values()
    given_up = subscriber.consumer
    monkeypatch.setattr(given_up._fetcher, "_get_actions_per_node", fail)

    assert await until(consuming.consumers.revive) == [consuming.group]
    assert not any(connection.connected() for connection in given_up._client._conns.values())
    await bus.publish(counted("vefsn", 2), topic=topic)
    await consuming.until_consumed(2)
    assert await consuming.effects() == [("vefsn", 1), ("vefsn", 2)]


@pytest.mark.parametrize("is_silent", [False, True], ids=["refuses", "is silent"])
async def test_a_consumer_that_did_not_start_again_is_tried_anew_and_the_others_start_meanwhile(
    infra: Infra,
    topic: str,
    bus: Bus,
    consume: Consume,
    monkeypatch: pytest.MonkeyPatch,
    is_silent: bool,
) -> None:
    monkeypatch.setattr("shared.delivery.consumers.START_SECONDS", 2.0)
    host, port = infra.bootstrap.split(":")
    async with proxy_before(host, int(port)) as proxy:
        consuming = await consume(topic, bootstrap=f"127.0.0.1:{proxy.port}")
        behind = await consume(topic)
        consuming.consumers.subscribers |= behind.consumers.subscribers
        for subscriber in consuming.consumers.subscribers.values():
            subscriber.consumer._fetcher._fetch_task.cancel()
        await asyncio.sleep(0)

        proxy.fall_silent() if is_silent else proxy.refuse()
        assert await consuming.consumers.revive() == [behind.group]
        assert consuming.consumers.unstarted == [consuming.group]
        assert await consuming.consumers.revive() == []
        await bus.publish(counted("vefsn", 1), topic=topic)
        await behind.until_consumed(1)

        proxy.heal()
        assert await consuming.consumers.revive() == [consuming.group]
        assert consuming.consumers.unstarted == []
        await consuming.until_consumed(1)


async def test_a_consumer_whose_start_was_broken_off_on_its_way_into_the_group_is_started_again(
    topic: str, bus: Bus, consume: Consume, monkeypatch: pytest.MonkeyPatch
) -> None:
    consuming = await consume(topic)
    (subscriber,) = consuming.consumers.subscribers.values()
    subscriber.consumer._fetcher._fetch_task.cancel()
    await asyncio.sleep(0)

    monkeypatch.setattr("shared.delivery.consumers.START_SECONDS", 1.0)
    with monkeypatch.context() as joining:
        joining.setattr(SubscriptionState, "wait_for_assignment", asyncio.Event().wait)
        assert await consuming.consumers.revive() == []

    await bus.publish(counted("vefsn", 1), topic=topic)
    assert await consuming.consumers.revive() == [consuming.group]
    await consuming.until_consumed(1)
