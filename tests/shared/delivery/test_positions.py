"""Where a consumer goes on: its database decides, whatever the broker remembers; and replays from a
moment.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import TopicPartition

from shared.delivery import positions, replays
from shared.delivery.records import Record
from shared.delivery.subscribe import Subscription
from shared.errors import NotFound, Unavailable
from shared.postgres.database import Connection
from tests.shared.conftest import Consume
from tests.shared.delivery.consuming import Consuming, counted
from tests.support.bus import Bus
from tests.support.infrastructure import DatabaseHandle, Infra
from tests.support.owner import as_owner
from tests.support.waiting import until

BEGINNING = None


async def committed(infra: Infra, consuming: Consuming) -> int:
    """How many records the group has read, as the broker knows it."""
    found = await replays.plan(infra.bus, subscription_of(consuming), BEGINNING)
    return sum(each.count for each in found)


def subscription_of(consuming: Consuming) -> Subscription:
    (subscription,) = consuming.consumers.subscriptions
    return subscription


async def order(
    infra: Infra, consuming: Consuming, since: datetime | None
) -> list[replays.Rereading]:
    """Order a replay as an operator does, and let the consumer hear of it."""
    found = await replays.plan(infra.bus, subscription_of(consuming), since)
    async with consuming.database.transaction() as conn:
        await replays.order(conn, subscription_of(consuming), found, since=str(since))
    consuming.consumers.resumptions[consuming.group].is_replay_ordered = True
    return found


async def restore(handle: DatabaseHandle, count: int) -> None:
    """Put the database back to where it had handled so many records of the one partition."""
    await as_owner(
        handle,
        f"""
        DELETE FROM effect WHERE id > {count};
        DELETE FROM inbox WHERE substring(origin FROM '[0-9]+$')::integer >= {count};
        UPDATE consumer_position SET next_offset = {count};
        """,  # noqa: S608 - numbers of our own
    )


def fail_at_first(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let a consumer fail twice to learn its place from the database."""
    times, look = 0, positions.list_

    async def failing(
        conn: Connection, consumer: str
    ) -> dict[TopicPartition, positions.Checkpoint]:
        nonlocal times
        times += 1
        if times < 3:
            raise error
        return await look(conn, consumer)

    monkeypatch.setattr(positions, "list_", failing)


async def test_a_consumer_whose_database_was_restored_goes_back_to_what_that_has_handled(
    topic: str, bus: Bus, consume: Consume, infra: Infra, handle: DatabaseHandle
) -> None:
    await bus.publish(*(counted("vefsn", version) for version in range(1, 11)), topic=topic)
    consuming = await consume(topic)
    await consuming.until_consumed(10)
    await consuming.consumers.stop()
    assert await committed(infra, consuming) == 10

    await restore(handle, 4)
    again = await consume(topic, group=consuming.group)
    await bus.publish(counted("vefsn", 11), topic=topic)

    await again.until_consumed(7)
    assert await again.effects() == [("vefsn", version) for version in range(1, 12)]
    assert again.delivery.progress.repeated_count == 0


async def test_a_database_that_is_put_back_under_a_running_consumer_is_given_again_what_it_lost(
    topic: str, bus: Bus, consume: Consume, infra: Infra, handle: DatabaseHandle
) -> None:
    await bus.publish(*(counted("vefsn", version) for version in range(1, 11)), topic=topic)
    consuming = await consume(topic)
    await consuming.until_consumed(10)

    await restore(handle, 4)
    await bus.publish(counted("vefsn", 11), topic=topic)

    await consuming.until_consumed(17)
    assert await consuming.effects() == [("vefsn", version) for version in range(1, 12)]
    await until(lambda: _is(infra, consuming, 11))


async def test_a_consumer_of_an_empty_database_begins_at_the_beginning(
    topic: str, bus: Bus, consume: Consume, handle: DatabaseHandle
) -> None:
    await bus.publish(*(counted("vefsn", version) for version in range(1, 4)), topic=topic)
    consuming = await consume(topic)
    await consuming.until_consumed(3)
    await consuming.consumers.stop()

    await as_owner(handle, "TRUNCATE effect, inbox, consumer_position")
    again = await consume(topic, group=consuming.group)

    await again.until_consumed(3)
    assert await again.effects() == [("vefsn", version) for version in (1, 2, 3)]


async def test_a_consumer_that_lost_no_effect_reads_nothing_again(
    topic: str, bus: Bus, consume: Consume
) -> None:
    await bus.publish(*(counted("vefsn", version) for version in range(1, 6)), topic=topic)
    consuming = await consume(topic, batch=2)
    await consuming.until_consumed(5)
    await consuming.consumers.stop()

    again = await consume(topic, group=consuming.group)
    await bus.publish(counted("vefsn", 6), topic=topic)

    await again.until_consumed(1)
    assert again.delivery.progress.repeated_count == 0
    assert len(await again.effects()) == 6


async def test_what_is_of_no_use_is_not_read_again(topic: str, bus: Bus, consume: Consume) -> None:
    async def none_but_the_first(records: Sequence[Record], _conn: Connection) -> Sequence[Record]:
        return [record for record in records if record.offset == 0]

    await bus.publish(*(counted("vefsn", version) for version in range(1, 4)), topic=topic)
    consuming = await consume(topic, sift=none_but_the_first)
    await consuming.until_consumed(3)
    await bus.publish(counted("vefsn", 4), topic=topic)
    await consuming.until_consumed(4)

    assert await consuming.rows("SELECT next_offset FROM consumer_position") == [(4,)]


async def test_a_replay_reads_again_and_has_no_second_effect(
    topic: str, bus: Bus, consume: Consume, infra: Infra
) -> None:
    consuming = await consume(topic)
    await bus.publish(*(counted("vefsn", version) for version in range(1, 4)), topic=topic)
    await consuming.until_consumed(3)
    moment = datetime.now(UTC)
    await bus.publish(*(counted("vefsn", version) for version in range(4, 9)), topic=topic)
    await consuming.until_consumed(8)
    await until(lambda: _is(infra, consuming, 8))

    (found,) = await order(infra, consuming, moment)
    assert (found.first, found.count) == (3, 5)
    await consuming.until_consumed(13)
    await order(infra, consuming, BEGINNING)
    await consuming.until_consumed(21)

    assert consuming.delivery.progress.repeated_count == 13
    assert await consuming.effects() == [("vefsn", version) for version in range(1, 9)]
    assert await consuming.rows(
        "SELECT count(*) FROM consumer_position WHERE replay_from IS NOT NULL"
    ) == [(0,)]
    await until(lambda: _is(infra, consuming, 8))
    (entry, _) = await consuming.rows("SELECT action, object FROM audit_entry ORDER BY entry_id")
    assert tuple(entry) == ("consumer-replayed", f"consumer/{consuming.group}")


async def test_a_replay_that_was_ordered_while_nobody_read_is_carried_out_at_the_next_start(
    topic: str, bus: Bus, consume: Consume, infra: Infra
) -> None:
    await bus.publish(*(counted("vefsn", version) for version in range(1, 5)), topic=topic)
    consuming = await consume(topic)
    await consuming.until_consumed(4)
    await consuming.consumers.stop()
    await order(infra, consuming, BEGINNING)

    again = await consume(topic, group=consuming.group)
    await again.until_consumed(4)

    assert again.delivery.progress.repeated_count == 4
    assert len(await again.effects()) == 4


async def test_a_replay_from_a_moment_that_is_still_to_come_reads_nothing(
    topic: str, bus: Bus, consume: Consume, infra: Infra
) -> None:
    consuming = await consume(topic)
    await bus.publish(counted("vefsn", 1), topic=topic)
    await consuming.until_consumed(1)
    await until(lambda: _is(infra, consuming, 1))

    later = datetime.now(UTC) + timedelta(days=1)
    assert await replays.plan(infra.bus, subscription_of(consuming), later) == []


async def test_a_replay_of_a_topic_that_the_consumer_does_not_read_is_refused(
    topic: str, consume: Consume, infra: Infra
) -> None:
    consuming = await consume(topic)
    with pytest.raises(NotFound, match=r"reads no topic 'another\.v1'"):
        await replays.plan(infra.bus, subscription_of(consuming), BEGINNING, ["another.v1"])


async def test_a_database_that_is_away_at_the_assignment_lets_nothing_pass_by(
    topic: str, bus: Bus, consume: Consume, handle: DatabaseHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bus.publish(*(counted("vefsn", version) for version in range(1, 4)), topic=topic)
    consuming = await consume(topic)
    await consuming.until_consumed(3)
    await consuming.consumers.stop()
    await restore(handle, 1)
    fail_at_first(monkeypatch, Unavailable("the database does not answer now"))
    await bus.publish(counted("vefsn", 4), topic=topic)
    again = await consume(topic, group=consuming.group)

    await again.until_consumed(3)
    assert await again.effects() == [("vefsn", version) for version in range(1, 5)]


async def test_a_fault_of_ours_at_the_assignment_lets_nothing_pass_by(
    topic: str, bus: Bus, consume: Consume, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_at_first(monkeypatch, KeyError("a fault of ours"))
    await bus.publish(*(counted("vefsn", version) for version in range(1, 4)), topic=topic)
    consuming = await consume(topic)

    await consuming.until_consumed(3)
    assert await consuming.effects() == [("vefsn", version) for version in range(1, 4)]


@pytest.mark.parametrize(
    "error",
    [Unavailable("the database does not answer now"), KeyError("a fault of ours")],
    ids=["away", "fault"],
)
async def test_a_replay_is_carried_out_even_if_the_database_blinks_after_the_broker_was_told(
    topic: str,
    bus: Bus,
    consume: Consume,
    infra: Infra,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    await bus.publish(*(counted("vefsn", version) for version in range(1, 5)), topic=topic)
    consuming = await consume(topic)
    await consuming.until_consumed(4)
    await consuming.consumers.stop()
    await order(infra, consuming, BEGINNING)
    await bus.publish(counted("vefsn", 5), topic=topic)
    times, end = 0, positions.QUERIES.end_replays

    async def failing(conn: Connection, **ordered: object) -> None:
        nonlocal times
        times += 1
        if times < 3:
            raise error
        await end(conn, **ordered)

    monkeypatch.setattr(positions.QUERIES, "end_replays", failing)
    again = await consume(topic, group=consuming.group)

    await again.until_consumed(5)
    assert again.delivery.progress.repeated_count == 4
    assert await again.effects() == [("vefsn", version) for version in range(1, 6)]
    assert await again.rows("SELECT replay_from FROM consumer_position") == [(None,)]


async def _is(infra: Infra, consuming: Consuming, count: int) -> bool:
    return await committed(infra, consuming) == count
