"""The audit log: whole, append-only, and anything that was done to it shows."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest
import pytest_asyncio

from shared.audit import log as audit
from shared.audit.log import Actor, Change
from shared.postgres.database import Database
from tests.support.infrastructure import MECHANISMS, Infra


@dataclass(frozen=True)
class Log:
    """An audit log as its service, its owner and a superuser reach it."""

    database: Database
    service: asyncpg.Connection
    owner: asyncpg.Connection
    superuser: asyncpg.Connection

    async def write(self, *actions: str) -> None:
        async with self.database.transaction() as conn:
            await audit.note(
                conn, *(Change(action, "thing/1", {"version": 1}) for action in actions)
            )

    async def seal(self) -> int:
        async with self.database.transaction() as conn:
            return await audit.seal(conn)

    async def verify(self, known: dict[int, str] | None = None) -> audit.Verdict:
        async with self.database.connection() as conn:
            return await audit.verify(conn, known=known)

    async def tamper(self, statement: str) -> None:
        """Do what only a superuser can: pass by the triggers."""
        async with self.superuser.transaction():
            await self.superuser.execute("SET LOCAL session_replication_role = replica")
            await self.superuser.execute(statement)


@pytest_asyncio.fixture
async def log(infra: Infra) -> AsyncIterator[Log]:
    """An empty audit log."""
    handle = await infra.make_database(MECHANISMS)
    database = Database(handle.dsn, application_name="test audit", pool_size=4)
    service, owner = await asyncpg.connect(handle.dsn), await asyncpg.connect(handle.owner_dsn)
    superuser = await asyncpg.connect(infra.admin_dsn, database=handle.name)
    yield Log(database, service, owner, superuser)
    for conn in (service, owner, superuser):
        await conn.close()
    await database.close()
    await infra.drop_database(handle)


async def test_entries_say_who_did_what_and_become_a_chain(log: Log) -> None:
    audit.act_as(Actor("operator", "http from 127.0.0.1"))
    await log.write("made", "changed")
    audit.act_as(Actor())

    assert await log.seal() == 2
    assert await log.seal() == 0

    verdict = await log.verify()
    assert (verdict.seal_count, verdict.faults) == (2, [])
    rows = await log.owner.fetch("SELECT who, source, action FROM audit_entry ORDER BY entry_id")
    assert [tuple(row) for row in rows] == [
        ("operator", "http from 127.0.0.1", one) for one in ("made", "changed")
    ]


async def test_what_is_not_committed_is_not_noted(log: Log) -> None:
    async def fail() -> None:
        async with log.database.transaction() as conn:
            await audit.note(conn, Change("made", "thing/1"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await log.seal() == 0


async def test_an_entry_that_commits_late_is_sealed_behind_later_ones(log: Log) -> None:
    async with log.database.transaction() as conn:
        await audit.note(conn, Change("late", "thing/1"))
        await log.write("early")
        assert await log.seal() == 1
    assert await log.seal() == 1
    assert (await log.verify()).faults == []


async def test_sealers_at_the_same_time_make_one_chain(log: Log) -> None:
    for _ in range(5):
        await log.write(*(f"change-{number}" for number in range(20)))
        await asyncio.gather(*(log.seal() for _ in range(3)))
    verdict = await log.verify()
    assert (verdict.seal_count, verdict.faults) == (100, [])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_entry SET who = 'nobody'",
        "UPDATE audit_seal SET seal = 7",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_seal",
        "TRUNCATE audit_entry CASCADE",
        "TRUNCATE audit_seal",
    ],
)
async def test_neither_the_service_nor_the_owner_can_change_what_was_written(
    log: Log, change: str
) -> None:
    await log.write("made")
    await log.seal()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await log.service.execute(change)
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await log.owner.execute(change)


@pytest.mark.parametrize(
    ("done", "fault"),
    [
        (
            "UPDATE audit_entry SET who = 'nobody' WHERE action = 'b'",
            "is not what seal 2 was put on",
        ),
        (
            """UPDATE audit_entry SET after = '{"version": 2}' WHERE action = 'c'""",
            "is not what seal 3 was put on",
        ),
        ("DELETE FROM audit_entry WHERE action = 'b'", "is not what seal 2 was put on"),
        ("DELETE FROM audit_seal WHERE seal = 2", "seal 2 is missing"),
        (
            "UPDATE audit_seal SET hash = decode(repeat('00', 32), 'hex') WHERE seal = 1",
            "seal 1 was put on",
        ),
        (
            "UPDATE audit_entry SET noted_at = noted_at - interval '1 hour' WHERE action = 'a'",
            "seal 1 was put on",
        ),
    ],
)
async def test_what_was_changed_behind_our_back_shows(log: Log, done: str, fault: str) -> None:
    await log.write("a", "b", "c")
    await log.seal()
    await log.tamper(done)
    assert fault in "; ".join((await log.verify()).faults)


async def test_a_chain_that_was_cut_off_or_forged_as_a_whole_shows_by_a_head_kept_elsewhere(
    log: Log,
) -> None:
    await log.write("a", "b")
    await log.seal()
    kept = await log.verify()
    await log.tamper(
        "DELETE FROM audit_seal WHERE seal = 2; DELETE FROM audit_entry WHERE action = 'b'"
    )
    assert (await log.verify()).faults == []
    assert (await log.verify({kept.seal_count: kept.head})).faults == [
        "seal 2 was there once and is gone"
    ]

    await log.write("forged")
    await log.seal()
    assert (await log.verify({kept.seal_count: kept.head})).faults == [
        "seal 2 is not the one that was kept elsewhere"
    ]


async def test_a_head_of_a_chain_that_had_not_begun_holds_of_every_chain(log: Log) -> None:
    empty = await log.verify()
    await log.write("a")
    await log.seal()
    assert (await log.verify({empty.seal_count: empty.head})).faults == []


async def test_an_entry_that_nobody_seals_shows(log: Log) -> None:
    await log.write("a")
    await log.tamper("UPDATE audit_entry SET noted_at = noted_at - interval '2 minutes'")
    assert (await log.verify()).faults == ["1 entries have no seal after 60 s"]
