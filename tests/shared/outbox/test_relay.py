"""The outbox goes out: in order per key, at least once, whatever dies in between."""

import asyncio
import random
from collections import Counter, defaultdict
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.errors import NotFound
from shared.events.registry import MunicipalityRegistered
from shared.kafka.posting import Posting
from shared.outbox import outbox
from shared.outbox.outbox import SHARD_COUNT
from shared.outbox.relay import QUERIES, Relay
from shared.postgres.database import Connection, Database
from shared.postgres.locks import Lock
from tests.shared.conftest import MakeTopic, StartRelay
from tests.shared.delivery.consuming import counted
from tests.shared.outbox.relaying import process, waiting_count, write
from tests.support.bus import Bus
from tests.support.infrastructure import DatabaseHandle, Infra
from tests.support.owner import as_owner
from tests.support.waiting import until

RELAY = "saman test relay"
END_SESSION = (
    "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1"
)


def versions_by_key(events: list[MunicipalityRegistered]) -> dict[str, list[int]]:
    result: dict[str, list[int]] = defaultdict(list)
    for event in events:
        result[event.key].append(event.version)
    return dict(result)


async def test_events_of_a_key_go_out_in_order_under_concurrent_writers(
    make_topic: MakeTopic,
    bus: Bus,
    database: Database,
    handle: DatabaseHandle,
    relaying: StartRelay,
) -> None:
    topic = await make_topic(partitions=3)
    await bus.follow(topic, from_start=True)
    await as_owner(
        handle, "CREATE TABLE aggregate (key text PRIMARY KEY, version integer NOT NULL)"
    )
    keys = [f"key-{number}" for number in range(6)]
    await as_owner(handle, "INSERT INTO aggregate SELECT unnest($1::text[]), 0", keys)
    await relaying()

    async def write_some(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(30):
            async with database.transaction() as conn:
                some = sorted(chance.sample(keys, 2))
                rows = await conn.fetch(
                    "SELECT key FROM aggregate WHERE key = ANY($1) ORDER BY key FOR UPDATE", some
                )
                for row in rows:
                    version = await conn.fetchval(
                        "UPDATE aggregate SET version = version + 1 WHERE key = $1 RETURNING"
                        " version",
                        row["key"],
                    )
                    await outbox.put(conn, [counted(row["key"], version)], topic=topic)

    await asyncio.gather(*(write_some(seed) for seed in range(8)))

    sent = await bus.all(MunicipalityRegistered, count=480, topic=topic)
    last = {
        row["key"]: row["version"]
        for row in await as_owner(handle, "SELECT key, version FROM aggregate WHERE $1", True)
    }
    assert versions_by_key(sent) == {
        key: list(range(1, version + 1)) for key, version in last.items()
    }
    await until(lambda: _is_empty(database))


async def _is_empty(database: Database) -> bool:
    return await waiting_count(database) == 0


async def test_a_relay_that_is_told_to_end_finishes_what_it_has_begun(
    topic: str, bus: Bus, database: Database, relaying: StartRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bus.follow(topic, from_start=True)
    begun, settle = asyncio.Event(), Posting.settle

    async def settle_later(posting: Posting) -> None:
        begun.set()
        await asyncio.sleep(0.2)
        await settle(posting)

    monkeypatch.setattr(Posting, "settle", settle_later)
    await write(database, [counted("vefsn", version) for version in range(1, 51)], topic=topic)
    first = await relaying()
    await begun.wait()
    await first.stop()
    assert await waiting_count(database) == 0

    await write(database, [counted("vefsn", 51)], topic=topic)
    await relaying()
    sent = await bus.all(MunicipalityRegistered, count=51, topic=topic)
    assert [event.version for event in sent] == list(range(1, 52))


async def test_a_transaction_that_is_rolled_back_publishes_nothing(
    topic: str, bus: Bus, database: Database, relaying: StartRelay
) -> None:
    await bus.follow(topic, from_start=True)
    await relaying()

    try:
        async with database.transaction() as conn:
            await outbox.put(conn, [counted("vefsn", 1)], topic=topic)
            raise LookupError
    except LookupError:
        await write(database, [counted("vefsn", 2)], topic=topic)

    assert versions_by_key(await bus.all(MunicipalityRegistered, count=1, topic=topic)) == {
        "vefsn": [2]
    }


async def test_an_event_whose_transaction_commits_late_is_not_lost(
    topic: str, bus: Bus, database: Database, relaying: StartRelay
) -> None:
    await bus.follow(topic, from_start=True)
    await relaying()

    async with database.transaction() as conn:
        await outbox.put(conn, [counted("early", 1)], topic=topic)
        await write(database, [counted("late", 2)], topic=topic)
        await bus.receive(
            MunicipalityRegistered, topic=topic, where=lambda event: event.key == "late"
        )

    await bus.receive(MunicipalityRegistered, topic=topic, where=lambda event: event.key == "early")


async def test_a_relay_that_is_killed_after_sending_sends_again_and_loses_nothing(
    infra: Infra,
    topic: str,
    bus: Bus,
    database: Database,
    handle: DatabaseHandle,
    relaying: StartRelay,
) -> None:
    await bus.follow(topic, from_start=True)
    events = [counted(f"key-{number % 5}", number) for number in range(40)]
    await write(database, events, topic=topic)

    async with database.transaction() as holding:
        await holding.execute(
            "SET LOCAL idle_in_transaction_session_timeout = 0"
        )  # a process may start slowly
        await holding.execute("SELECT id FROM outbox FOR UPDATE")
        doomed = await process(handle.dsn, infra.bootstrap)
        try:
            await bus.all(MunicipalityRegistered, count=40, topic=topic)
            await until(lambda: _is_waiting(database))
        finally:
            doomed.kill()
            await doomed.wait()
        await holding.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
            RELAY,
        )
    await write(database, [counted("key-0", 40)], topic=topic)
    await relaying()

    sent = await bus.all(MunicipalityRegistered, count=81, topic=topic)
    assert Counter(str(event.event_id) for event in sent[:40]) == Counter(
        str(event.event_id) for event in events
    )
    again = [event for event in sent[40:] if event.version < 40]
    assert {event.event_id for event in again} == {event.event_id for event in events}
    assert versions_by_key(again) == versions_by_key(events)
    await until(lambda: _is_empty(database))


async def _is_waiting(database: Database) -> bool:
    async with database.connection() as conn:
        count: int = await conn.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type"
            " = 'Lock'",
            RELAY,
        )
        return count == 1


async def test_two_relays_share_the_shards_and_one_takes_over_when_the_other_ends(
    make_topic: MakeTopic, bus: Bus, database: Database, relaying: StartRelay
) -> None:
    topic = await make_topic(partitions=3)
    await bus.follow(topic, from_start=True)
    first, second = await relaying(), await relaying()
    states = first.relay.state, second.relay.state
    await until(
        lambda: [len(state.shards) for state in states] == [SHARD_COUNT // 2] * 2,
        "half of the shards each",
    )

    await write(database, [counted(f"key-{number}", number) for number in range(100)], topic=topic)
    assert len(await bus.all(MunicipalityRegistered, count=100, topic=topic)) == 100
    await until(lambda: sum(state.sent_count for state in states) == 100)
    assert all(state.sent_count > 0 for state in states)

    await second.stop()
    await write(
        database, [counted(f"key-{number}", number) for number in range(100, 200)], topic=topic
    )
    assert len(await bus.all(MunicipalityRegistered, count=200, topic=topic)) == 200
    assert sorted(states[0].shards) == list(range(SHARD_COUNT))


async def test_the_shards_of_a_process_that_hangs_go_to_another(
    topic: str,
    bus: Bus,
    database: Database,
    handle: DatabaseHandle,
    relaying: StartRelay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await bus.follow(topic, from_start=True)
    with monkeypatch.context() as soon:
        soon.setattr("shared.postgres.database.DIRECT_IDLE_SECONDS", 2)
        hung = await Database(handle.dsn, application_name="saman test").direct()
    for shard in range(SHARD_COUNT):
        assert await QUERIES.take_shard(hung, lock_class=Lock.OUTBOX_SHARD, shard=shard)

    await write(database, [counted("vefsn", 1)], topic=topic)
    state = (await relaying()).relay.state
    assert len(await bus.all(MunicipalityRegistered, count=1, topic=topic)) == 1
    await until(lambda: sorted(state.shards) == list(range(SHARD_COUNT)), "all shards taken over")
    hung.terminate()


async def test_a_relay_that_lost_its_shards_sends_nothing_of_what_it_has_in_hand(
    topic: str, bus: Bus, database: Database, relaying: StartRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bus.follow(topic, from_start=True)
    monkeypatch.setattr("shared.outbox.shards.FRESH_SECONDS", 0.0)
    ended: list[int] = []
    add = Posting.add

    async def add_later(posting: Posting, row: Any) -> None:
        if not ended:
            async with database.connection() as conn:
                ended.append(await conn.fetchval(END_SESSION, RELAY))
                await until(lambda: _has_ended(conn, ended[0]))
        await add(posting, row)

    monkeypatch.setattr(Posting, "add", add_later)
    await write(database, [counted("vefsn", 1)], topic=topic)
    state = (await relaying()).relay.state
    await until(lambda: state.sent_count == 1)
    await write(database, [counted("vefsn", 2)], topic=topic)

    assert [
        event.version for event in await bus.all(MunicipalityRegistered, count=2, topic=topic)
    ] == [1, 2]


async def _has_ended(conn: Connection, pid: int) -> bool:
    return await conn.fetchval("SELECT pid FROM pg_stat_activity WHERE pid = $1", pid) is None


async def test_only_a_session_with_locks_is_ended_for_its_silence(database: Database) -> None:
    direct = await database.direct()
    assert await direct.fetchval("SHOW idle_session_timeout") == "1min"
    direct.terminate()
    async with database.connection() as conn:
        assert await conn.fetchval("SHOW idle_session_timeout") == "0"


async def test_events_of_an_absent_topic_wait_for_it_while_the_others_go_on(
    make_topic: MakeTopic, topic: str, bus: Bus, database: Database, relaying: StartRelay
) -> None:
    await bus.follow(topic, from_start=True)
    absent = f"{topic}.absent"
    await write(database, [counted("vefsn", version) for version in (1, 2)], topic=absent)
    await write(database, [counted("vefsn", version) for version in (3, 4)], topic=topic)
    state = (await relaying()).relay.state

    await bus.all(MunicipalityRegistered, count=2, topic=topic)
    await until(
        lambda: state.last_error == f"topic {absent} does not exist; run `saman topics apply`"
    )
    assert await waiting_count(database) == 2

    await make_topic(absent)
    await bus.follow(absent, from_start=True)
    sent = await bus.all(MunicipalityRegistered, count=2, topic=absent)
    assert versions_by_key(sent) == {"vefsn": [1, 2]}
    await until(lambda: state.last_error is None)


async def test_an_event_that_is_too_large_is_parked_with_those_behind_it_and_other_keys_go_on(
    infra: Infra, make_topic: MakeTopic, bus: Bus, database: Database, relaying: StartRelay
) -> None:
    topic = await make_topic(**{"max.message.bytes": "30000"})
    await bus.follow(topic, from_start=True)
    large = counted("large", 2, aliases=["x" * 100_000])
    await write(
        database,
        [counted("large", 1), large, counted("large", 3), counted("small", 1)],
        topic=topic,
    )
    await relaying()

    sent = await bus.all(MunicipalityRegistered, count=2, topic=topic)
    await until(lambda: _is_empty(database))
    await write(database, [counted("large", 4), counted("small", 2)], topic=topic)
    sent = await bus.all(MunicipalityRegistered, count=3, topic=topic)
    assert versions_by_key(sent) == {"large": [1], "small": [1, 2]}
    await until(lambda: _is_empty(database))
    async with database.connection() as conn:
        (parked,) = await outbox.list_parked(conn)
    assert (parked.topic, parked.key, parked.event_count) == (topic, "large", 3)
    assert parked.reason.startswith("MessageSizeTooLargeError: 100")

    await _set(infra, topic, {"max.message.bytes": "200000"})
    async with database.transaction() as conn:
        assert await outbox.release_parked(conn, topic, "large") == 3
        with pytest.raises(NotFound, match="no event of key 'large' is parked"):
            await outbox.release_parked(conn, topic, "large")
    await write(database, [counted("large", 5)], topic=topic)
    sent = await bus.all(MunicipalityRegistered, count=7, topic=topic)
    assert versions_by_key(sent) == {"large": [1, 2, 3, 4, 5], "small": [1, 2]}


async def _set(infra: Infra, topic: str, configs: dict[str, Any]) -> None:
    admin = AIOKafkaAdminClient(**infra.bus.client_options())
    await admin.start()
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs)])
    await admin.close()


@pytest.mark.parametrize("turns", range(5))
async def test_a_relay_that_is_ended_in_the_moment_of_a_commit_ends(
    infra: Infra, turns: int
) -> None:
    database = Database("postgresql://nowhere", application_name="test relay")
    resting = asyncio.create_task(Relay(database, infra.bus)._rest())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    database.committed.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    was_over = resting.done()
    resting.cancel()
    await asyncio.wait([resting])
    assert resting.cancelled() or was_over
