"""What we need of aiokafka's consumer beyond its own interface. Nothing outside `shared/kafka`
touches the client's private parts.

`client` is an `AIOKafkaConsumer` throughout; the library has no types.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError


def assignment_of(client: Any) -> Any | None:
    """Return the assignment in force, None while there is none. It is a new object after every
    rebalance, and holds the partitions as `tps`.
    """
    subscription = client._subscription.subscription
    return subscription.assignment if subscription is not None else None


def position_of(client: Any, partition: TopicPartition) -> int | None:
    """Return the offset at which a client goes on; None when it does not know yet, or has lost the
    partition.
    """
    assignment = assignment_of(client)
    state = assignment.state_value(partition) if assignment is not None else None
    position: int | None = state._position if state is not None else None
    return position


def unread(client: Any, partition: TopicPartition) -> int | None:
    """Return how many records of an assigned partition were not handed out yet; None before the
    first fetch.
    """
    high: int | None = client.highwater(partition)
    position = position_of(client, partition)
    return high - position if high is not None and position is not None else None


def fetched_partitions(client: Any) -> set[TopicPartition]:
    """Return the partitions of which the client holds records that it has not handed out."""
    return set(client._fetcher._records)


def unread_by_partition(client: Any) -> dict[TopicPartition, int]:
    """Return how many records wait, as far as the client knows, in each assigned partition of which
    it holds some.
    """
    held = client.assignment() & fetched_partitions(client)
    return {partition: max(1, unread(client, partition) or 1) for partition in sorted(held)}


def unpacked_bytes(client: Any, partition: TopicPartition) -> int:
    """Return what a client holds unpacked of a partition, besides the records that it gave."""
    fetched = getattr(client._fetcher._records.get(partition), "_partition_records", None)
    size: int = fetched._records.unpacked_bytes if fetched is not None else 0
    return size


def seek(client: Any, partition: TopicPartition, offset: int) -> None:
    """Let the client go on at another offset; does nothing when it has lost the partition."""
    with suppress(IllegalStateError):
        client.seek(partition, offset)


def give_back(client: Any, fetched: Mapping[TopicPartition, Sequence[Any]]) -> None:
    """Let records that a client handed out, and that nobody handles now, be fetched again.

    A client that has gone back further meanwhile stays there: the broker may know of that already,
    and nobody would go back again.
    """
    for partition, records in fetched.items():
        position = position_of(client, partition)
        if position is None or position > records[0].offset:
            seek(client, partition, records[0].offset)


def fetch_again(client: Any, partition: TopicPartition) -> None:
    """Let a client forget what it fetched of a partition and has not handed out yet."""
    if (position := position_of(client, partition)) is not None:
        seek(client, partition, position)


async def committed_offsets(
    client: Any, partitions: Sequence[TopicPartition]
) -> dict[TopicPartition, int]:
    """Return the group's committed offsets; a partition without one is left out.

    Raises:
        KafkaError: the coordinator does not answer.
    """
    committed = await client._coordinator.fetch_committed_offsets(partitions)
    return {
        partition: committed[partition].offset
        for partition in partitions
        if partition in committed and committed[partition].offset >= 0
    }


def partition_count(client: Any) -> int:
    """Return how many partitions the subscribed topics have, as far as the client knows; 0 while it
    is being started.
    """
    if client is None or client._coordinator is None:
        return 0
    return sum(len(client.partitions_for_topic(topic) or ()) for topic in client.subscription())


def ask_for_rebalance(client: Any) -> None:
    """Let the client join its group anew, which makes the group share its partitions out again."""
    client._coordinator.request_rejoin()


async def learn(client: Any, topics: Iterable[str]) -> None:
    """Let a client look topics up with one request, before it is asked for their offsets.

    Otherwise it looks up each with a request of its own, and pauses in between.
    """
    for topic in topics:
        client._client.add_topic(topic)
    await client._client.force_metadata_update()


def has_given_up(client: Any) -> bool:
    """Tell whether a client has lost a background task, or never came to have all of them.

    After an error that aiokafka does not know, it ends such a task and tells nobody; those of the
    coordinator it neither replaces nor outlives.
    """
    if client is None or client._fetcher is None or client._coordinator is None:
        return True
    coordinator = client._coordinator
    if coordinator._coordination_task.done() or client._fetcher._fetch_task.done():
        return True
    return _has_failed(coordinator._heartbeat_task) or _has_failed(coordinator._commit_refresh_task)


def _has_failed(task: Any) -> bool:
    return (
        task is not None and task.done() and not task.cancelled() and task.exception() is not None
    )


async def close_connections(client: Any) -> None:
    """Close the connections that a client leaves open when it stops with an error."""
    await client._client.close()
