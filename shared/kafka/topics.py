"""Topics as code: what must exist, how it is kept, and in what the broker disagrees.

`saman topics apply` makes them; a service that finds another partition count or cleanup, or too few
copies, refuses readiness, because order per key and the completeness of the log depend on them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    InvalidReplicationFactorError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)

from shared.errors import RuleBroken
from shared.events import metrics, notifications, registry, reporting
from shared.kafka.admin import Admin, administering
from shared.kafka.broker import BusSettings

PARTITIONS = 12
"""Never changed on a live topic: a key would hash to another partition and its order would be lost.
"""

VISIBLE_SECONDS = 30
VISIBLE_POLL_SECONDS = 0.05

DAY_MILLISECONDS = 86_400_000
KEEP = -1


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it must be.

    Attributes:
        cleanup: `compact` keeps the last event of each key, `delete` keeps everything for the
            retention.
        retention_ms: -1 keeps for ever.
        from_outside: publishers write here; the broker's own clock then stamps the records, since a
            forged time would defeat the retention.
        forgets: of a compacted topic: what was erased must be gone after a day, and the mark that
            it was erased is kept for 30 days, for readers who come late.
    """

    name: str
    cleanup: str = "delete"
    retention_ms: int = KEEP
    from_outside: bool = False
    forgets: bool = False

    def configs(self, *, copies: int = 1) -> dict[str, str]:
        """The broker's settings for this topic, with so many copies of each partition."""
        bounds = {
            "max.compaction.lag.ms": str(DAY_MILLISECONDS),
            "delete.retention.ms": str(30 * DAY_MILLISECONDS),
        }
        return {
            "cleanup.policy": self.cleanup,
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(1_048_588 if self.from_outside else 1_100_000),
            "message.timestamp.type": "LogAppendTime" if self.from_outside else "CreateTime",
            "min.insync.replicas": str(min_insync(copies)),
            # The only copy left that is not up to date may never lead: what was acknowledged would
            # be gone.
            "unclean.leader.election.enable": "false",
        } | (bounds if self.forgets else {})


def min_insync(copies: int) -> int:
    """Return how many copies must hold a record before it is acknowledged: all but one, and at
    least one.

    With three, one broker may be away and everything goes on; what was acknowledged outlives the
    loss of another. A topic with one copy lives and dies with its broker anyway, and two could not
    be asked of it.
    """
    return max(1, copies - 1)


OWN_TOPICS = (
    Topic(registry.MunicipalityRegistered.topic(), "compact"),
    Topic(registry.ProgrammeRegistered.topic(), "compact"),
    Topic(registry.ProjectRegistered.topic(), "compact"),
    Topic(registry.MetricDefined.topic(), "compact"),
    Topic(registry.PublisherRegistered.topic(), "compact"),
    Topic(registry.PersonRegistered.topic(), "compact", forgets=True),
    Topic(reporting.AbsenceFigurePosted.topic()),
    Topic(reporting.ReportDue.topic()),
    Topic(metrics.MetricUpdated.topic(), "compact"),
    Topic(metrics.TargetReached.topic()),
    Topic(notifications.NotificationDelivered.topic(), retention_ms=90 * DAY_MILLISECONDS),
)

COMPACTED = frozenset(topic.name for topic in OWN_TOPICS if topic.cleanup == "compact")
"""Topics whose last event of a key says everything about it."""

INBOUND_KINDS = ("figures", "reports")


def inbound_prefix(organisation_number: str) -> str:
    """Return what the names of a publisher's inbound topics begin with, up to the dot that ends the
    number.
    """
    return f"inbound.{organisation_number}."


def topics_of_publisher(organisation_number: str) -> tuple[Topic, ...]:
    """Return the topics of one publisher: one per kind to write to, and one to read its receipts
    from.
    """
    inbound = (
        Topic(
            f"{inbound_prefix(organisation_number)}{kind}.v1",
            retention_ms=30 * DAY_MILLISECONDS,
            from_outside=True,
        )
        for kind in INBOUND_KINDS
    )
    receipts = Topic(
        reporting.SubmissionAccepted.topic_of(organisation_number),
        retention_ms=30 * DAY_MILLISECONDS,
    )
    return (*inbound, receipts)


async def disagreements(bus: BusSettings, topics: Sequence[Topic]) -> list[str]:
    """Return in what the broker differs from the topics as they must be, one sentence each.

    Raises:
        KafkaError, OSError: the broker does not answer.
    """
    async with administering(bus) as admin:
        described = {
            t["topic"]: t for t in await admin.describe_topics([topic.name for topic in topics])
        }
        configs = await _configs(
            admin, [t.name for t in topics if described[t.name]["error_code"] == 0]
        )
        return [
            sentence
            for topic in topics
            for sentence in _compare(
                topic, described[topic.name], configs, replication=bus.replication
            )
        ]


async def apply(bus: BusSettings, topics: Iterable[Topic]) -> list[str]:
    """Make what is missing and set what differs; return what was done, one sentence each.

    Neither a partition count nor the number of copies is changed: the sentence of `disagreements`
    stays, for a person to decide. The settings are those for the copies that a topic has, so that
    it can be written to meanwhile.

    Raises:
        RuleBroken: there are fewer brokers than copies asked for.
        KafkaError, OSError (TimeoutError among them): the broker does not answer or refuses.
    """
    wanted = list(topics)
    async with administering(bus) as admin:
        existing = set(await admin.list_topics())
        missing = [topic for topic in wanted if topic.name not in existing]
        done = await _make(admin, missing, bus.replication) if missing else []
        done += [
            f"set {name}"
            for name in await _set(admin, [topic for topic in wanted if topic.name in existing])
        ]
        if done:
            await _until(admin, _are_set, wanted)
        return done


async def _make(admin: Admin, missing: Sequence[Topic], copies: int) -> list[str]:
    answer = await admin.create_topics(
        [
            NewTopic(topic.name, PARTITIONS, copies, topic_configs=topic.configs(copies=copies))
            for topic in missing
        ]
    )
    for name, code, *_ in answer.topic_errors:
        error = for_code(code)
        if error is InvalidReplicationFactorError:
            raise RuleBroken(
                f"topic {name} must have {copies} copies (SAMAN_KAFKA_REPLICATION): start more"
                " brokers"
            )
        if code and error is not TopicAlreadyExistsError:
            raise error(f"topic {name} could not be made")
    await _until(admin, _are_usable, missing)
    return [f"made {topic.name}" for topic in missing]


async def _set(admin: Admin, topics: Sequence[Topic]) -> list[str]:
    """Set what differs, and return the names of the topics that it did in."""
    differing = await _differing(admin, topics)
    for name, configs in differing.items():
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs)])
    return list(differing)


async def _until(
    admin: Admin,
    fact: Callable[[Admin, Sequence[Topic]], Awaitable[bool]],
    topics: Sequence[Topic],
) -> None:
    """Wait until the broker shows what it has said that it did.

    Raises:
        TimeoutError: it does not.
    """
    async with asyncio.timeout(VISIBLE_SECONDS):
        while not await fact(admin, topics):  # noqa: ASYNC110 - the broker tells nobody
            await asyncio.sleep(VISIBLE_POLL_SECONDS)


async def _are_usable(admin: Admin, topics: Sequence[Topic]) -> bool:
    described = await admin.describe_topics([topic.name for topic in topics])
    return all(
        not topic["error_code"] and all(p["leader"] >= 0 for p in topic["partitions"])
        for topic in described
    )


async def _are_set(admin: Admin, topics: Sequence[Topic]) -> bool:
    return await _are_usable(admin, topics) and not await _differing(admin, topics)


async def _differing(admin: Admin, topics: Sequence[Topic]) -> dict[str, dict[str, str]]:
    """Return the topics whose settings are not those that they must have, with these."""
    if not topics:
        return {}
    described = {
        each["topic"]: each
        for each in await admin.describe_topics([topic.name for topic in topics])
    }
    configs = await _configs(admin, [topic.name for topic in topics])
    wanted = {topic.name: topic.configs(copies=_copies(described[topic.name])) for topic in topics}
    return {
        name: settings
        for name, settings in wanted.items()
        if settings.items() - configs[name].items()
    }


def _copies(described: dict[str, Any]) -> int:
    """Return how many copies the partition has that has the fewest; brokers that are away count."""
    return min((len(partition["replicas"]) for partition in described["partitions"]), default=1)


def _compare(
    topic: Topic, described: dict[str, Any], configs: dict[str, dict[str, str]], *, replication: int
) -> list[str]:
    if for_code(described["error_code"]) is TopicAuthorizationFailedError:
        return [f"topic {topic.name} may not be seen by this account; run `saman accounts apply`"]
    if described["error_code"]:
        return [f"topic {topic.name} does not exist; run `saman topics apply`"]
    sentences = []
    if (count := len(described["partitions"])) != PARTITIONS:
        sentences.append(
            f"topic {topic.name} has {count} partitions, it must have {PARTITIONS}; it has to be"
            " made anew"
        )
    # More are no fault: so it looks while a partition moves to another broker, and nobody must be
    # unready for that.
    if (copies := _copies(described)) < replication:
        sentences.append(
            f"topic {topic.name} has {copies} of {replication} copies (SAMAN_KAFKA_REPLICATION); "
            "add them with kafka-reassign-partitions, then run `saman topics apply`"
        )
    sentences += [
        f"topic {topic.name} has {name}={configs[topic.name].get(name)}, it must be {value}; run"
        " `saman topics apply`"
        for name, value in topic.configs(copies=copies).items()
        if configs[topic.name].get(name) != value
    ]
    return sentences


async def _configs(admin: Admin, names: Sequence[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    answers = await admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    )
    return {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for answer in answers
        for resource in answer.resources
    }
