"""Makes topics as their producers declare them, and tells where the broker differs.

`saman topics apply` makes them; a service that finds another partition count or cleanup, or too few
copies, refuses readiness, because order per key and the completeness of the log depend on them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
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
from shared.events.topics import DAY_MILLISECONDS, Topic
from shared.kafka.admin import Admin, administering
from shared.kafka.broker import BusSettings

VISIBLE_SECONDS = 30
VISIBLE_POLL_SECONDS = 0.05

BYTES_MAX = 1_100_000
"""Of one record. Records from outside may be a little smaller, so that what quotes them fits too.
"""

BYTES_MAX_FROM_OUTSIDE = 1_048_588


def configs_of(topic: Topic, *, copies: int = 1) -> dict[str, str]:
    """Return the broker's settings for a topic with so many copies of each partition."""
    configs = {
        "cleanup.policy": topic.cleanup,
        "retention.ms": str(topic.retention_ms),
        "max.message.bytes": str(BYTES_MAX_FROM_OUTSIDE if topic.from_outside else BYTES_MAX),
        "message.timestamp.type": "LogAppendTime" if topic.from_outside else "CreateTime",
        "min.insync.replicas": str(min_insync(copies)),
        # A copy that is not up to date may never lead, even if no other is left: acknowledged
        # records would be lost.
        "unclean.leader.election.enable": "false",
    }
    if topic.forgets:
        configs["max.compaction.lag.ms"] = str(DAY_MILLISECONDS)
        configs["delete.retention.ms"] = str(30 * DAY_MILLISECONDS)
    return configs


def min_insync(copies: int) -> int:
    """Return how many copies must hold a record before it is acknowledged: all but one, and at
    least one.

    With three copies, one broker may be away and writing goes on, and acknowledged records survive
    the loss of another. A topic with one copy is lost with its broker anyway.
    """
    return max(1, copies - 1)


async def disagreements(bus: BusSettings, topics: Sequence[Topic]) -> list[str]:
    """Return where the broker differs from the topics as they must be, one sentence each.

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

    The numbers of partitions and of copies are not changed: there `disagreements` goes on to tell,
    and a person decides. The other settings are made for the copies that a topic has, so that it
    can be written to until then.

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
            NewTopic(
                topic.name,
                topic.partitions,
                copies,
                topic_configs=configs_of(topic, copies=copies),
            )
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
    """Set what differs; return the names of the topics that were changed."""
    differing = await _differing(admin, topics)
    for name, configs in differing.items():
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs)])
    return list(differing)


async def _until(
    admin: Admin,
    fact: Callable[[Admin, Sequence[Topic]], Awaitable[bool]],
    topics: Sequence[Topic],
) -> None:
    """Wait until the broker shows what it has confirmed.

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
    """Return the topics whose settings differ, with the settings that they must have."""
    if not topics:
        return {}
    described = {
        each["topic"]: each
        for each in await admin.describe_topics([topic.name for topic in topics])
    }
    configs = await _configs(admin, [topic.name for topic in topics])
    wanted = {
        topic.name: configs_of(topic, copies=_copies(described[topic.name])) for topic in topics
    }
    return {
        name: settings
        for name, settings in wanted.items()
        if settings.items() - configs[name].items()
    }


def _copies(described: dict[str, Any]) -> int:
    """Return the smallest number of copies of any partition, those on absent brokers included."""
    return min((len(partition["replicas"]) for partition in described["partitions"]), default=1)


def _compare(
    topic: Topic, described: dict[str, Any], configs: dict[str, dict[str, str]], *, replication: int
) -> list[str]:
    if for_code(described["error_code"]) is TopicAuthorizationFailedError:
        return [f"topic {topic.name} may not be seen by this account; run `saman accounts apply`"]
    if described["error_code"]:
        return [f"topic {topic.name} does not exist; run `saman topics apply`"]
    sentences = []
    if (count := len(described["partitions"])) != topic.partitions:
        sentences.append(
            f"topic {topic.name} has {count} partitions, it must have {topic.partitions};"
            " once all of it is read, delete it and run `saman topics apply`"
        )
    # More copies are no fault: there are more while a partition moves to another broker.
    if (copies := _copies(described)) < replication:
        sentences.append(
            f"topic {topic.name} has {copies} of {replication} copies (SAMAN_KAFKA_REPLICATION); "
            "add them with kafka-reassign-partitions, then run `saman topics apply`"
        )
    sentences += [
        f"topic {topic.name} has {name}={configs[topic.name].get(name)}, it must be {value}; run"
        " `saman topics apply`"
        for name, value in configs_of(topic, copies=copies).items()
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
