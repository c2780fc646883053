"""Topics as code: what must exist, how it is kept, and in what the broker disagrees.

`saman topics apply` makes them; a service that finds another partition count or cleanup refuses readiness, because
order per key and the completeness of the log depend on both.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, TopicAuthorizationFailedError, for_code

from shared.events import metrics, notifications, registry, reporting
from shared.messaging.broker import BusSettings

PARTITIONS = 12
"""Never changed on a live topic: a key would hash to another partition and its order would be lost."""

VISIBLE_SECONDS = 30
VISIBLE_POLL_SECONDS = 0.05

DAY_MILLISECONDS = 86_400_000
KEEP = -1


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it must be.

    Attributes:
        cleanup: `compact` keeps the last event of each key, `delete` keeps everything for the retention.
        retention_ms: -1 keeps for ever.
        from_outside: publishers write here; the broker's own clock then stamps the records, since a forged time would
            defeat the retention.
    """

    name: str
    cleanup: str = "delete"
    retention_ms: int = KEEP
    from_outside: bool = False

    def configs(self) -> dict[str, str]:
        """The broker's settings for this topic."""
        return {
            "cleanup.policy": self.cleanup,
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(1_048_588 if self.from_outside else 1_100_000),
            "message.timestamp.type": "LogAppendTime" if self.from_outside else "CreateTime",
        }


OWN_TOPICS = (
    Topic(registry.MunicipalityRegistered.topic(), "compact"),
    Topic(registry.ProgrammeRegistered.topic(), "compact"),
    Topic(registry.ProjectRegistered.topic(), "compact"),
    Topic(registry.PublisherRegistered.topic(), "compact"),
    Topic(reporting.AbsenceFigurePosted.topic()),
    Topic(reporting.ReportDue.topic()),
    Topic(metrics.MetricUpdated.topic(), "compact"),
    Topic(metrics.TargetReached.topic()),
    Topic(notifications.NotificationDelivered.topic(), retention_ms=90 * DAY_MILLISECONDS),
)

INBOUND_KINDS = ("absence-figures", "reports")


def inbound_prefix(organisation_number: str) -> str:
    """Return what the names of a publisher's inbound topics begin with, up to the dot that ends the number."""
    return f"inbound.{organisation_number}."


def topics_of_publisher(organisation_number: str) -> tuple[Topic, ...]:
    """Return the topics of one publisher: one per kind to write to, and one to read its receipts from."""
    inbound = (
        Topic(f"{inbound_prefix(organisation_number)}{kind}.v1", retention_ms=30 * DAY_MILLISECONDS, from_outside=True)
        for kind in INBOUND_KINDS
    )
    receipts = Topic(reporting.SubmissionAccepted.topic_of(organisation_number), retention_ms=30 * DAY_MILLISECONDS)
    return (*inbound, receipts)


async def disagreements(bus: BusSettings, topics: Sequence[Topic]) -> list[str]:
    """Return in what the broker differs from the topics as they must be, one sentence each.

    Raises:
        KafkaError, OSError: the broker does not answer.
    """
    admin = AIOKafkaAdminClient(**bus.client_options())
    await admin.start()
    try:
        described = {t["topic"]: t for t in await admin.describe_topics([topic.name for topic in topics])}
        configs = await _configs(admin, [t.name for t in topics if described[t.name]["error_code"] == 0])
        return [sentence for topic in topics for sentence in _compare(topic, described[topic.name], configs)]
    finally:
        await admin.close()


async def apply(bus: BusSettings, topics: Iterable[Topic]) -> list[str]:
    """Make what is missing and set what differs; return what was done, one sentence each.

    A partition count is never changed: the sentence of `disagreements` stays, for a person to decide.

    Raises:
        KafkaError, OSError (TimeoutError among them): the broker does not answer or refuses.
    """
    wanted = list(topics)
    admin = AIOKafkaAdminClient(**bus.client_options())
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        missing = [topic for topic in wanted if topic.name not in existing]
        done = []
        if missing:
            answer = await admin.create_topics(
                [NewTopic(t.name, PARTITIONS, bus.replication, topic_configs=t.configs()) for t in missing]
            )
            for name, code, *_ in answer.topic_errors:
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:
                    raise error(f"topic {name} could not be made")
                done.append(f"made {name}")
            await _until(admin, _are_usable, missing)
        configs = await _configs(admin, [t.name for t in wanted if t.name in existing])
        for topic in wanted:
            if topic.name in configs and topic.configs().items() - configs[topic.name].items():
                resource = ConfigResource(ConfigResourceType.TOPIC, topic.name, topic.configs())
                await admin.alter_configs([resource])
                done.append(f"set {topic.name}")
        if done:
            await _until(admin, _are_set, wanted)
        return done
    finally:
        await admin.close()


async def _until(
    admin: AIOKafkaAdminClient,
    fact: Callable[[AIOKafkaAdminClient, Sequence[Topic]], Awaitable[bool]],
    topics: Sequence[Topic],
) -> None:
    """Wait until the broker shows what it has said that it did.

    Raises:
        TimeoutError: it does not.
    """
    async with asyncio.timeout(VISIBLE_SECONDS):
        while not await fact(admin, topics):  # noqa: ASYNC110 - the broker tells nobody
            await asyncio.sleep(VISIBLE_POLL_SECONDS)


async def _are_usable(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> bool:
    described = await admin.describe_topics([topic.name for topic in topics])
    return all(not topic["error_code"] and all(p["leader"] >= 0 for p in topic["partitions"]) for topic in described)


async def _are_set(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> bool:
    configs = await _configs(admin, [topic.name for topic in topics])
    return not any(topic.configs().items() - configs[topic.name].items() for topic in topics)


def _compare(topic: Topic, described: dict[str, Any], configs: dict[str, dict[str, str]]) -> list[str]:
    if for_code(described["error_code"]) is TopicAuthorizationFailedError:
        return [f"topic {topic.name} may not be seen by this account; run `saman accounts apply`"]
    if described["error_code"]:
        return [f"topic {topic.name} does not exist; run `saman topics apply`"]
    sentences = []
    if (count := len(described["partitions"])) != PARTITIONS:
        sentences.append(
            f"topic {topic.name} has {count} partitions, it must have {PARTITIONS}; it has to be made anew"
        )
    sentences += [
        f"topic {topic.name} has {name}={configs[topic.name].get(name)}, it must be {value}; run `saman topics apply`"
        for name, value in topic.configs().items()
        if configs[topic.name].get(name) != value
    ]
    return sentences


async def _configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    return {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for answer in answers
        for resource in answer.resources
    }
