"""The pool: one however many ask, bounded in every wait, and clear about what can be tried
again.
"""

import asyncio
import time
from pathlib import Path

import asyncpg
import pytest

import shared.postgres.database
from shared.errors import Conflict, NotFound, RuleBroken, Unavailable
from shared.postgres.database import Database, MigrationFailed, is_transient, migrate
from tests.support.infrastructure import DatabaseHandle, Infra
from tests.support.owner import as_owner
from tests.support.proxy import proxy_to
from tests.support.waiting import SOON_SECONDS


def server_error(sqlstate: str) -> asyncpg.PostgresError:
    error = asyncpg.PostgresError("as the server says")
    error.sqlstate = sqlstate
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Unavailable("later"), True),
        (RuleBroken("never"), False),
        (Conflict("never"), False),
        (NotFound("never"), False),
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (KeyError("a fault of ours"), False),
        (asyncpg.InterfaceError("connection is closed"), True),
        (asyncpg.InterfaceError("pool is closing"), True),
        (
            asyncpg.InterfaceError("the server expects 1 argument for this query, 2 were passed"),
            False,
        ),
        (
            asyncpg.InternalClientError(
                "cannot switch to state 15; another operation (2) is in progress"
            ),
            True,
        ),
        *(
            (server_error(state), True)
            for state in (
                "08006",
                "53100",
                "53300",
                "57014",
                "57P01",
                "57P03",
                "40001",
                "40P01",
                "55P03",
                "25P03",
                "25006",
                "58030",
                "28P01",
                "3D000",
                "42P01",
                "42703",
                "42501",
            )
        ),
        *(
            (server_error(state), False)
            for state in ("22021", "22003", "23505", "23514", "23503", "21000", "P0001")
        ),
    ],
    ids=lambda value: getattr(value, "sqlstate", None) or type(value).__name__,
)
def test_it_is_known_what_can_succeed_later(error: Exception, expected: bool) -> None:
    assert is_transient(error) is expected


async def test_one_pool_is_made_however_many_ask_at_once(handle: DatabaseHandle) -> None:
    database = Database(handle.dsn, application_name="at once", pool_size=2)

    async def ask() -> int:
        async with database.connection() as conn:
            answer: int = await conn.fetchval("SELECT 1")
            return answer

    assert await asyncio.gather(*(ask() for _ in range(20))) == [1] * 20
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"
    assert (await as_owner(handle, count, "at once"))[0][0] <= 2
    await database.close()


async def test_who_asks_after_the_end_is_told_so(handle: DatabaseHandle) -> None:
    database = Database(handle.dsn, application_name="ended")
    await database.open()
    await database.close()
    with pytest.raises(Unavailable, match="stopping"):
        async with database.connection():
            pass
    await database.open()
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT 1") == 1
    await database.close()


async def test_whatever_a_cut_connection_makes_the_driver_say_is_unavailable(
    handle: DatabaseHandle,
) -> None:
    database = Database(handle.dsn, application_name="cut", pool_size=1)

    async def be_cut() -> None:
        async with database.transaction() as conn:
            await as_owner(handle, "SELECT pg_terminate_backend($1)", conn.get_server_pid())
            await conn.execute("SELECT 1")

    for _ in range(10):
        with pytest.raises(Unavailable):
            await be_cut()
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT 1") == 1
    await database.close()


async def test_whoever_gets_no_connection_is_told_unavailable_whatever_the_reason(
    infra: Infra, handle: DatabaseHandle
) -> None:
    """A database that is being restored or moved may be shut for all but its administrator."""
    database = Database(handle.dsn, application_name="shut out", pool_size=1)
    await database.open()
    admin = await asyncpg.connect(infra.admin_dsn)
    await admin.execute(f"ALTER DATABASE {handle.name} ALLOW_CONNECTIONS false")
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", handle.name
    )
    for _ in range(3):
        with pytest.raises(Unavailable):
            async with database.connection() as conn:
                await conn.execute("SELECT 1")
    await admin.execute(f"ALTER DATABASE {handle.name} ALLOW_CONNECTIONS true")
    await admin.close()
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT 1") == 1
    await database.close()


async def test_a_connection_that_cannot_even_be_cleaned_up_is_unavailable(
    handle: DatabaseHandle,
) -> None:
    """The server ends a session just as a COPY begins: the driver then neither knows it closed nor
    can roll back.
    """
    database = Database(handle.dsn, application_name="busy", pool_size=1)

    async def break_while_busy(error: Exception) -> None:
        busy = None
        try:
            async with database.connection() as conn:
                busy = asyncio.ensure_future(conn.execute("SELECT pg_sleep(0.2)"))
                await asyncio.sleep(0)
                raise error
        finally:
            assert busy is not None
            await asyncio.gather(busy, return_exceptions=True)

    with pytest.raises(Unavailable):
        await break_while_busy(
            asyncpg.InternalClientError("cannot switch to state 21; another operation (2) is …")
        )
    with pytest.raises(asyncpg.InterfaceError, match="another operation is in progress"):
        await break_while_busy(asyncpg.UniqueViolationError("a fault of the caller"))
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT 1") == 1
    await database.close()


async def test_a_faulty_query_is_no_outage(handle: DatabaseHandle) -> None:
    database = Database(handle.dsn, application_name="faulty", pool_size=1)
    for sql, arguments in (
        ("SELECT 1 / $1::int", (0,)),
        ("SELECT $1::int", ("many",)),
        ("SELECT $1::int", (1, 2)),
    ):
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            async with database.transaction() as conn:
                await conn.fetchval(sql, *arguments)
    await database.close()


async def test_only_a_commit_wakes_the_relay(handle: DatabaseHandle) -> None:
    database = Database(handle.dsn, application_name="waker", pool_size=1)
    with pytest.raises(LookupError):
        async with database.transaction():
            raise LookupError
    assert not database.committed.is_set()
    async with database.transaction() as conn:
        await conn.execute("SELECT 1")
    assert database.committed.is_set()
    await database.close()


async def test_the_role_of_a_service_cannot_change_the_schema(handle: DatabaseHandle) -> None:
    conn = await asyncpg.connect(handle.dsn)
    for sql in (
        "DROP TABLE inbox",
        "CREATE TABLE mine ()",
        "TRUNCATE dead_letter",
        "ALTER TABLE outbox ADD x int",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(sql)
    await conn.close()


async def test_a_migration_that_fails_leaves_what_was_applied_before_and_says_why(
    handle: DatabaseHandle, tmp_path: Path
) -> None:
    (tmp_path / "0100_good.sql").write_text(
        "-- migrate:up\nCREATE TABLE good ();\n-- migrate:down\n"
    )
    (tmp_path / "0101_bad.sql").write_text(
        "-- migrate:up\nCREATE TABLE half ();\nSELECT nonsense;\n-- migrate:down\n"
    )

    with pytest.raises(MigrationFailed, match="nonsense"):
        await asyncio.to_thread(migrate, handle.owner_dsn, [tmp_path])

    rows = await as_owner(
        handle,
        "SELECT table_name FROM information_schema.tables WHERE table_name = ANY($1)",
        ["good", "half"],
    )
    assert [row["table_name"] for row in rows] == ["good"]


async def test_a_network_that_falls_silent_holds_nobody_for_ever(
    handle: DatabaseHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared.postgres.database, "COMMAND_SECONDS", 1)
    monkeypatch.setattr(shared.postgres.database, "ACQUIRE_SECONDS", 1)
    async with proxy_to(handle.dsn) as proxy:
        database = Database(proxy.through(handle.dsn), application_name="silent", pool_size=2)

        async def ask() -> int:
            async with database.transaction() as conn:
                answer: int = await conn.fetchval("SELECT 1")
                return answer

        assert await ask() == 1
        proxy.fall_silent()
        for _ in range(3):
            begun = time.monotonic()
            with pytest.raises(Unavailable):
                await ask()
            assert time.monotonic() - begun < SOON_SECONDS
        proxy.refuse()
        with pytest.raises(Unavailable):
            await ask()
        proxy.heal()
        assert await ask() == 1
        await database.close()
