"""What becomes of good events: repeated, out of order, while the database is away, when the process
dies.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from shared.delivery import delivery, patience
from shared.delivery.dead_letters import Failure
from shared.delivery.records import Record
from shared.errors import RuleBroken, Unavailable
from shared.events.registry import MunicipalityRegistered
from shared.postgres.database import Connection
from tests.shared.conftest import Consume
from tests.shared.delivery.consuming import counted, keep
from tests.shared.delivery.lives import run_lives
from tests.support.bus import Bus
from tests.support.infrastructure import DatabaseHandle, Infra
from tests.support.waiting import until


async def test_an_event_is_applied_once_however_often_it_comes(
    topic: str, bus: Bus, consume: Consume
) -> None:
    first, second = counted("vefsn", 1), counted("vefsn", 2)
    await bus.publish(first, first, second, topic=topic)
    consuming = await consume(topic)
    await consuming.until_consumed(3)

    await bus.publish(second, first, topic=topic)
    await consuming.until_consumed(5)

    assert await consuming.effects() == [("vefsn", 1), ("vefsn", 2)]
    assert (
        consuming.delivery.progress.handled_count,
        consuming.delivery.progress.repeated_count,
    ) == (2, 3)
    assert await consuming.rows("SELECT origin FROM inbox ORDER BY origin") == [
        (f"{topic}/0/0",),
        (f"{topic}/0/2",),
    ]


async def test_events_are_applied_in_the_order_of_the_log(
    topic: str, bus: Bus, consume: Consume
) -> None:
    versions = [3, 1, 2, *range(4, 60)]
    await bus.publish(*(counted("vefsn", version) for version in versions), topic=topic)

    consuming = await consume(topic, batch=7)
    await consuming.until_consumed(len(versions))

    assert await consuming.effects() == [("vefsn", version) for version in versions]


async def test_a_record_that_the_handler_refuses_does_not_touch_its_neighbours(
    topic: str, bus: Bus, consume: Consume
) -> None:
    async def refuse_some(
        events: Sequence[MunicipalityRegistered], conn: Connection, now: datetime
    ) -> None:
        await keep(events, conn, now)
        if any(event.version == 3 for event in events):
            raise RuleBroken("version 3 is not taken, at most 2", code="too-many")
        if any(event.version == 5 for event in events):
            raise KeyError("a fault of ours with \x00 and \ud800 in it")

    await bus.publish(*(counted("vefsn", version) for version in range(1, 8)), topic=topic)
    consuming = await consume(topic, handler=refuse_some)
    await consuming.until_consumed(7)

    assert [version for _, version in await consuming.effects()] == [1, 2, 4, 6, 7]
    refused, broken = await consuming.buried()
    assert (refused.offset, refused.code, refused.error) == (
        2,
        "too-many",
        "version 3 is not taken, at most 2",
    )
    assert (broken.offset, broken.code, broken.state, broken.attempts) == (
        4,
        "KeyError",
        "waiting",
        1,
    )
    assert "test_delivery.py" in broken.error
    assert len(await consuming.rows("SELECT event_id FROM inbox")) == 5


async def test_what_is_sifted_out_leaves_no_row_and_a_sieve_that_fails_lets_all_through(
    topic: str, bus: Bus, consume: Consume
) -> None:
    async def even_ones(records: Sequence[Record], _conn: Connection) -> Sequence[Record]:
        if any(record.offset == 6 for record in records):
            raise LookupError("nobody thought of 6")
        return [record for record in records if record.offset % 2 == 0]

    await bus.publish(*(counted("vefsn", offset) for offset in range(4)), topic=topic)
    consuming = await consume(topic, sift=even_ones)
    await consuming.until_consumed(4)
    await bus.publish(counted("vefsn", 4), topic=topic)
    await consuming.until_consumed(5)
    await bus.publish(counted("vefsn", 5), topic=topic)
    await consuming.until_consumed(6)
    await bus.publish(counted("vefsn", 6), topic=topic)
    await consuming.until_consumed(7)

    assert await consuming.effects() == [("vefsn", 0), ("vefsn", 2), ("vefsn", 4), ("vefsn", 6)]
    assert consuming.delivery.progress.unused_count == 3
    assert len(await consuming.rows("SELECT event_id FROM inbox")) == 4
    assert await consuming.buried() == []


async def test_what_is_transient_is_tried_again_and_nothing_is_buried(
    topic: str, bus: Bus, consume: Consume
) -> None:
    times = 0

    async def away_at_first(
        events: Sequence[MunicipalityRegistered], conn: Connection, now: datetime
    ) -> None:
        nonlocal times
        times += 1
        await keep(events, conn, now)
        if times == 1:
            raise Unavailable("the other one does not answer")
        if times == 2:
            raise ConnectionResetError
        if times == 3:
            raise TimeoutError

    await bus.publish(counted("vefsn", 1), counted("vefsn", 2), topic=topic)
    consuming = await consume(topic, handler=away_at_first)
    await consuming.until_consumed(2)

    assert times == 4
    assert await consuming.effects() == [("vefsn", 1), ("vefsn", 2)]
    assert await consuming.buried() == []
    assert consuming.delivery.progress.last_error is None


async def test_a_database_connection_that_is_cut_in_the_middle_loses_and_doubles_nothing(
    topic: str, bus: Bus, consume: Consume, handle: DatabaseHandle
) -> None:
    cuts = 0

    async def cut(
        events: Sequence[MunicipalityRegistered], conn: Connection, now: datetime
    ) -> None:
        nonlocal cuts
        await keep(events, conn, now)
        if cuts < 2:
            cuts += 1
            killer = await asyncpg.connect(handle.dsn)
            pid = conn.get_server_pid()
            await killer.execute("SELECT pg_terminate_backend($1)", pid)
            await killer.close()

    await bus.publish(*(counted("vefsn", version) for version in range(1, 51)), topic=topic)
    consuming = await consume(topic, handler=cut)
    await consuming.until_consumed(50)

    assert cuts == 2
    assert await consuming.effects() == [("vefsn", version) for version in range(1, 51)]
    assert await consuming.buried() == []


async def test_a_table_that_is_missing_stops_the_partition_and_buries_nothing(
    topic: str, bus: Bus, consume: Consume
) -> None:
    async def ask_for_more(
        events: Sequence[MunicipalityRegistered], conn: Connection, now: datetime
    ) -> None:
        await conn.execute("INSERT INTO of_the_next_migration VALUES (1)")

    await bus.publish(counted("vefsn", 1), topic=topic)
    consuming = await consume(topic, handler=ask_for_more)

    await until(lambda: "UndefinedTableError" in (consuming.delivery.progress.last_error or ""))
    assert consuming.consumed_count == 0
    assert await consuming.buried() == []


async def test_a_batch_that_waited_too_long_is_given_back_and_fetched_again(
    topic: str, bus: Bus, consume: Consume, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.15)
    times = 0

    async def away_for_long(
        events: Sequence[MunicipalityRegistered], conn: Connection, now: datetime
    ) -> None:
        nonlocal times
        times += 1
        await keep(events, conn, now)
        if times < 8:
            raise Unavailable("the other one does not answer")

    await bus.publish(*(counted("vefsn", version) for version in (1, 2, 3)), topic=topic)
    consuming = await consume(topic, handler=away_for_long, batch=2)
    await consuming.until_consumed(3)

    assert await consuming.effects() == [("vefsn", 1), ("vefsn", 2), ("vefsn", 3)]
    assert await consuming.buried() == []


async def test_a_fault_that_not_even_a_dead_letter_can_be_made_of_loses_nothing_and_does_not_spin(
    topic: str, bus: Bus, consume: Consume, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "GIVEN_BACK_SECONDS", 0.2)
    faults: list[float] = []

    async def refuse(_conn: Connection, _record: Record, _failure: Failure) -> None:
        return None

    def withhold(_record: Record) -> Failure | None:
        if len(faults) < 6:
            faults.append(time.monotonic())
            raise LookupError("a fault of ours")
        return None

    await bus.submit(topic, b"no JSON", type_="t")
    consuming = await consume(topic, refuse=refuse, withhold=withhold)
    await consuming.until_consumed(1)

    assert [letter.code for letter in await consuming.buried()] == ["json-malformed"]
    assert faults[-1] - faults[0] > 0.2


async def test_who_sent_a_record_hears_nothing_of_the_words_of_postgresql(
    topic: str, bus: Bus, consume: Consume
) -> None:
    told: list[RuleBroken] = []

    async def break_a_constraint(_: object, conn: Connection, _now: datetime) -> None:
        await conn.execute("INSERT INTO effect (key, version) VALUES ('vefsn', NULL)")

    async def refuse(_conn: Connection, _record: Record, failure: Failure) -> None:
        told.append(failure.told)

    await bus.submit(topic, {"municipality": "1824"}, type_="t")
    consuming = await consume(topic, handler=break_a_constraint, refuse=refuse)
    await consuming.until_consumed(1)

    assert [refusal.code for refusal in told] == ["internal"]
    (letter,) = await consuming.buried()
    assert "null value in column" in letter.error
    assert not {"null", "column", "effect", "NotNull"} & set(told[0].message.split())
    with pytest.raises(RuleBroken, match="NotNullViolationError") as again:
        await consuming.delivery.replay(letter.id)
    assert "column" not in again.value.message


async def test_a_process_that_dies_between_commit_and_acknowledgement_has_its_effect_once(
    infra: Infra, topic: str, bus: Bus, consume: Consume, handle: DatabaseHandle
) -> None:
    await bus.publish(*(counted("vefsn", version) for version in range(1, 31)), topic=topic)

    lives = await run_lives(infra, handle, topic, "dies-after-commit", records=30)

    assert lives.exit_codes == [9, 0]
    assert lives.handled_counts == [30, 0]
    consuming = await consume(topic)
    await consuming.until_consumed(30)
    effects: list[Any] = await consuming.effects()
    assert effects[:30] == [("vefsn", version) for version in range(1, 31)]
    assert len(effects) == 60, (
        "another group applies everything once more; the group that died did not"
    )
