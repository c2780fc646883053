"""A record whose handling kills the process is parked after some lives; nobody else pays for it."""

from collections.abc import Sequence
from datetime import datetime

import pytest

from shared.delivery.deaths import (
    DEATHS_BEFORE_BURIAL,
    DEATHS_BEFORE_CARE,
    PIECE,
    QUERIES,
    Deaths,
    Scope,
)
from shared.delivery.records import Record
from shared.errors import Unavailable
from shared.events.registry import MunicipalityRegistered
from shared.postgres.database import Connection
from tests.shared.conftest import Consume
from tests.shared.delivery.consuming import counted, keep
from tests.shared.delivery.lives import DEADLY, run_lives
from tests.support.bus import Bus
from tests.support.infrastructure import DatabaseHandle, Infra
from tests.support.waiting import until


async def test_a_record_that_kills_the_process_is_buried_and_its_neighbours_are_applied(
    infra: Infra, topic: str, bus: Bus, consume: Consume, handle: DatabaseHandle
) -> None:
    await bus.publish(*(counted("vefsn", version) for version in range(10, 20)), topic=topic)

    lives = await run_lives(infra, handle, topic, "dies-in-handler", records=10)

    assert lives.exit_codes == [9] * (DEATHS_BEFORE_CARE + 1 + DEATHS_BEFORE_BURIAL) + [0], (
        "one more in its piece"
    )
    watcher = await consume(topic, group=lives.group, is_started=False)
    assert [version for _, version in await watcher.effects()] == [
        *range(10, DEADLY),
        *range(DEADLY + 1, 20),
    ]
    (letter,) = await watcher.buried()
    assert (letter.offset, letter.code) == (DEADLY - 10, "handler-crashed")
    assert letter.error == "the service died 3 times while it handled this record"
    assert await watcher.rows("SELECT record_offset FROM delivery_death") == []


@pytest.mark.parametrize(
    ("died_at", "sizes"),
    [(None, [PIECE, PIECE, PIECE, 4]), (PIECE, [PIECE, *[1] * PIECE, PIECE, 4])],
    ids=["anywhere", "in a piece"],
)
async def test_a_batch_in_which_processes_died_is_handled_in_pieces(
    topic: str, bus: Bus, consume: Consume, died_at: int | None, sizes: list[int]
) -> None:
    seen: list[int] = []

    async def count(
        events: Sequence[MunicipalityRegistered], conn: Connection, now: datetime
    ) -> None:
        await keep(events, conn, now)
        seen.append(len(events))

    group = f"mechanisms.{topic}"
    await bus.publish(*(counted("vefsn", version) for version in range(3 * PIECE + 4)), topic=topic)
    database = (await consume(topic, is_started=False)).database
    for _ in range(DEATHS_BEFORE_CARE + 1):
        await Deaths(database, group).begin("batch", [Record(topic, 0, 0, None, (), None)])
    if died_at is not None:
        await Deaths(database, group).begin("piece", [Record(topic, 0, died_at, None, (), None)])

    consuming = await consume(topic, handler=count, group=group)
    await consuming.until_consumed(3 * PIECE + 4)

    assert seen == sizes
    assert await consuming.buried() == []
    rows = "SELECT record_offset FROM delivery_death"
    await until(lambda: consuming.has_none(rows), "the end of the batch is written down")


async def test_nothing_is_written_down_after_the_first_batch_of_a_partition(
    topic: str, bus: Bus, consume: Consume
) -> None:
    open_rows: list[int] = []

    async def look(
        events: Sequence[MunicipalityRegistered], conn: Connection, now: datetime
    ) -> None:
        await keep(events, conn, now)
        open_rows.append(await conn.fetchval("SELECT count(*) FROM delivery_death WHERE is_open"))

    consuming = await consume(topic, handler=look)
    for version in (1, 2, 3):
        await bus.publish(counted("vefsn", version), topic=topic)
        await consuming.until_consumed(version)

    assert open_rows == [1, 0, 0]


async def test_a_handler_that_waits_for_something_is_not_held_dead_when_the_service_is_ended(
    topic: str, bus: Bus, consume: Consume
) -> None:
    async def away(
        _events: Sequence[MunicipalityRegistered], _conn: Connection, _now: datetime
    ) -> None:
        raise Unavailable("the other one does not answer")

    await bus.publish(counted("vefsn", 1), topic=topic)
    first = await consume(topic, handler=away, group=f"mechanisms.{topic}")
    await until(lambda: first.delivery.progress.last_error)

    async def row() -> tuple[int, bool] | None:
        rows = await first.rows("SELECT death_count, is_open FROM delivery_death")
        return (rows[0]["death_count"], rows[0]["is_open"]) if rows else None

    for _ in range(3):
        await until(lambda: _is(row, (0, False)))
        await first.consumers.stop()
        await first.consumers.start()

    assert await first.buried() == []


@pytest.mark.parametrize("is_written", [False, True], ids=["not written", "written"])
async def test_a_beginning_that_did_not_come_through_is_no_death(
    topic: str, bus: Bus, consume: Consume, monkeypatch: pytest.MonkeyPatch, is_written: bool
) -> None:
    broken, begin, counts = 0, Deaths.begin, []

    async def break_off(deaths: Deaths, scope: Scope, records: Sequence[Record]) -> int:
        nonlocal broken
        with monkeypatch.context() as away:
            if broken < 3 and not is_written:
                away.setattr(QUERIES, "begin_deliveries", refuse)
            count = await begin(deaths, scope, records)
        if broken < 3:
            broken += 1
            raise Unavailable("the answer to the commit did not come")
        return count

    async def refuse(_conn: Connection, **_places: object) -> None:
        nonlocal broken
        broken += 1
        raise Unavailable("the database does not answer now")

    async def look(
        events: Sequence[MunicipalityRegistered], conn: Connection, now: datetime
    ) -> None:
        await keep(events, conn, now)
        counts.append(await conn.fetchval("SELECT death_count FROM delivery_death"))

    monkeypatch.setattr(Deaths, "begin", break_off)
    await bus.publish(counted("vefsn", 1), topic=topic)
    consuming = await consume(topic, handler=look)
    await consuming.until_consumed(1)

    assert broken == 3
    assert counts == [0]


async def _is(look: object, wanted: object) -> bool:
    return bool(await look() == wanted)  # type: ignore[operator]


async def test_deaths_are_counted_only_where_a_beginning_had_no_end(
    consume: Consume, topic: str
) -> None:
    database = (await consume(topic)).database
    records = [Record(topic, 0, offset, None, (), None) for offset in range(5)]
    other = Record(topic, 1, 7, None, (), None)

    assert Deaths(database, "c").unproven([*records, other, other]) == [records[0], other]
    assert [await Deaths(database, "c").begin("batch", [records[0], other]) for _ in range(3)] == [
        0,
        1,
        2,
    ]
    assert await Deaths(database, "another").begin("batch", [records[0]]) == 0

    living = Deaths(database, "c")
    assert await living.begin("record", [records[2]]) == 0
    await living.end("record", [records[2]])
    assert await Deaths(database, "c").begin("record", [records[2]]) == 0
    assert await Deaths(database, "c").begin("batch", [records[0]]) == 3, (
        "a record's end leaves its batch open"
    )

    await living.begin("batch", [records[0], other])
    await living.end("batch", [records[4], other])
    assert living.unproven(records) == []
    assert await Deaths(database, "c").begin("batch", [records[0], other]) == 0
    assert await Deaths(database, "c").begin("record", [records[2]]) == 0
