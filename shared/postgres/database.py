"""PostgreSQL: one pool per service with a time-out on every wait, queries from `queries.sql`,
migrations by dbmate.

Why the time-outs: without `command_timeout` a connection whose network went silent hangs for ever,
even through `asyncio.wait_for`; without a time-out on `acquire` an exhausted pool does the same. A
request has one deadline for all of its waits (`deadline.py`). A connection that is still busy then
is cut, because a rollback would wait for the same silent server again.
"""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

import aiosql
import asyncpg
import structlog

from shared import faults
from shared.errors import AppError, Unavailable
from shared.postgres import deadline
from shared.postgres.shares import Shares

LOG = structlog.get_logger()

Connection: TypeAlias = asyncpg.Connection
"""A connection inside the caller's transaction. asyncpg has no types, so this only helps readers.
"""

ACQUIRE_SECONDS = 5
"""How long a request waits for a connection before it is told to come back later."""

CLOSE_SECONDS = 5

_SESSION = {
    "statement_timeout": "20s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "30s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "client_connection_check_interval": (
        "2s"
    ),  # a statement that nobody waits for any longer ends soon
    "timezone": "UTC",
    "jit": "off",
}
COMMAND_SECONDS = 25
"""Longer than `statement_timeout`, so that the server answers first; it knows the reason."""

DIRECT_IDLE_SECONDS = 60
"""After this the server ends a session that holds locks and sends nothing. Nothing else would end
it when a process hangs, because the kernel goes on answering for it. A relay sends something at
least twice as often, even while the broker is away.
"""

_TRANSIENT_STATES = ("08", "53", "57", "58", "40001", "40P01", "55P03", "25P03", "25006")
"""SQLSTATEs (or their classes) that say "not now": connection, resources, operator, system,
serialization, deadlock, lock, read-only standby.
"""

_DEPLOYMENT_STATES = ("28", "3D", "42")
"""SQLSTATEs for which no record and no request is to blame: a password, a database, a table or a
right is missing. They count as transient; otherwise one forgotten migration would send a whole
topic to the dead letters.
"""

DRIVER_FAILURES = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""All that the driver raises; `is_transient` tells whether to try again."""

_GONE = ("is closed", "is closing", "released back", "is not initialized")
"""Words of asyncpg's `InterfaceError`s for a connection or pool that is gone; its other
`InterfaceError`s are faults of the caller.
"""

_BUSY = "another operation is in progress"
"""The error of a rollback on a connection that broke during a statement; the cause is the error's
context. Without a context it is a fault of the caller: two tasks use one connection.
"""


def is_transient(error: BaseException) -> bool:
    """Tell whether trying the same work again later can succeed."""
    if isinstance(error, AppError):
        return isinstance(error, Unavailable)
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate or "").startswith(_TRANSIENT_STATES + _DEPLOYMENT_STATES)
    if isinstance(error, asyncpg.InterfaceError):
        if _BUSY in str(error) and error.__context__ is not None:
            return is_transient(error.__context__)
        return any(words in str(error) for words in _GONE)
    # The driver meets an internal fault when the server ends a connection between two statements.
    return isinstance(error, OSError | TimeoutError | asyncpg.InternalClientError)


def in_short(error: BaseException) -> str:
    """Return an error in one line for a status page: its kind and its message.

    For PostgreSQL's errors only the kind: their messages quote rows and names, and are in the log.
    """
    words = "" if isinstance(error, asyncpg.PostgresError) else f": {error}"
    return f"{type(error).__name__}{words}"[:300]


def load_queries(module_file: str) -> Any:
    """Load `queries.sql` beside a module; one function per named query (aiosql)."""
    return aiosql.from_path(Path(module_file).parent / "queries.sql", "asyncpg")


class Database:
    """One service's own database.

    Args:
        dsn: address with the service's role, which may read and write rows and nothing else.
        application_name: shown in `pg_stat_activity`.
        pool_size: connections at most.
    """

    def __init__(self, dsn: str, *, application_name: str, pool_size: int = 10) -> None:
        self.dsn = dsn
        self.application_name = application_name
        self._pool_size = pool_size
        self._shares = Shares(pool_size)
        self._pool: Any = None
        self._opening = asyncio.Lock()
        self._is_closed = False
        self.committed = asyncio.Event()
        """Set after every commit of this process; the relay waits for it."""

    async def open(self) -> None:
        """Make the pool; several calls at the same time make one.

        Raises:
            OSError, asyncpg.PostgresError: the server does not answer or refuses; see
                `is_transient`.
        """
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self.dsn,
                    min_size=1,
                    max_size=self._pool_size,
                    timeout=ACQUIRE_SECONDS,
                    command_timeout=COMMAND_SECONDS,
                    max_inactive_connection_lifetime=60,
                    server_settings={**_SESSION, "application_name": self.application_name},
                )
            self._is_closed = False

    async def close(self) -> None:
        """Close the pool, by force after some seconds. Later requests for a connection get
        `Unavailable`.
        """
        async with self._opening:
            self._is_closed = True
            pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            await asyncio.wait_for(pool.close(), CLOSE_SECONDS)
        except TimeoutError:
            pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection for reading; each statement is its own transaction.

        Raises:
            Unavailable: no connection came in time, or it broke.
        """
        if self._pool is None:
            await self._open_or_unavailable()
        lent: list[Connection] = []
        is_cut = False
        try:
            with _cutting(lent):
                async with (
                    self._shares.held(deadline.at_most(ACQUIRE_SECONDS)),
                    self._pool.acquire(timeout=deadline.at_most(ACQUIRE_SECONDS)) as conn,
                ):
                    lent.append(conn)
                    try:
                        yield conn
                    except DRIVER_FAILURES:
                        is_cut = conn.is_closed()
                        raise
        except AppError:
            raise
        except DRIVER_FAILURES as error:
            # Without a connection, nothing that the caller does can be at fault.
            if lent and not is_cut and not is_transient(error):
                raise
            if isinstance(error, asyncpg.PostgresError) and str(error.sqlstate).startswith(
                _DEPLOYMENT_STATES
            ):
                LOG.error(
                    "the database is not as this service needs it",
                    error=f"{type(error).__name__}: {error}",
                )
            raise Unavailable(
                f"the database does not answer now ({type(error).__name__})"
            ) from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection inside a transaction that commits at the end and rolls back on any
        error.

        Raises:
            Unavailable: as `connection`. Whether a broken commit took effect is unknown, so callers
                try again with the same ids.
        """
        async with self.connection() as conn, conn.transaction():
            yield conn
            faults.point("transaction.written")
        faults.point("transaction.committed")
        self.committed.set()

    async def direct(self) -> Connection:
        """Open a connection outside the pool, for session locks; the caller closes it.

        The server ends it, with its locks, when it is silent for `DIRECT_IDLE_SECONDS`.
        """
        return await asyncpg.connect(
            self.dsn,
            timeout=ACQUIRE_SECONDS,
            command_timeout=COMMAND_SECONDS,
            server_settings={
                **_SESSION,
                "idle_session_timeout": f"{DIRECT_IDLE_SECONDS}s",
                "application_name": f"{self.application_name} relay",
            },
        )

    async def _open_or_unavailable(self) -> None:
        if self._is_closed:
            raise Unavailable("the service is stopping")
        try:
            async with asyncio.timeout(
                deadline.seconds_left()
            ):  # others may be trying before us, one after another
                await self.open()
        except DRIVER_FAILURES as error:
            raise Unavailable(
                f"the database does not answer now ({type(error).__name__})"
            ) from error


@contextmanager
def _cutting(lent: Sequence[Connection]) -> Iterator[None]:
    """End the lent connections when the request's deadline passes inside the block.

    Args:
        lent: filled by the caller; empty before a connection is lent.
    """

    def cut() -> None:
        for conn in lent:
            with suppress(asyncpg.InterfaceError):  # it has just been given back
                conn.terminate()

    left = deadline.seconds_left()
    timer = asyncio.get_running_loop().call_later(left, cut) if left is not None else None
    try:
        yield
    finally:
        if timer is not None:
            timer.cancel()


class MigrationFailed(AppError):
    """dbmate said no; the message is its last lines."""

    default_code = "migration-failed"


def migrate(owner_dsn: str, folders: Sequence[Path]) -> None:
    """Bring a database to the newest schema, as its owner role.

    Args:
        owner_dsn: address with the role that owns the tables; only migrations use it.
        folders: the mechanisms' migrations and the service's own, numbered without overlap.

    Raises:
        MigrationFailed: a file failed; what was applied before it stays, each file is a
            transaction.
    """
    dbmate = shutil.which("dbmate", path=str(Path(sys.executable).parent)) or shutil.which("dbmate")
    if dbmate is None:
        raise MigrationFailed("dbmate was not found beside python; run `make setup`")
    url = (
        owner_dsn
        if "sslmode=" in owner_dsn
        else f"{owner_dsn}{'&' if '?' in owner_dsn else '?'}sslmode=disable"
    )
    arguments = [part for folder in folders for part in ("-d", str(folder))]
    done = subprocess.run(
        [
            dbmate,
            "--url",
            url,
            *arguments,
            "--no-dump-schema",
            "--wait",
            "--wait-timeout",
            "30s",
            "up",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode != 0:
        raise MigrationFailed(f"migration failed: {(done.stderr or done.stdout).strip()[-800:]}")
