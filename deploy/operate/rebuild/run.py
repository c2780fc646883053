"""The course of a rebuild; see docs/decisions/0020 for why it is a second database.

The new database reads the whole log while the old one serves, and all states are compared. For the
switch the service is kept out of its database for a moment: what was committed by then is in the
log or in the outbox, the new database reads on to the end of the log, what moved is compared again,
the outbox is taken over, and the two change names. The service's consumers go on where they had
committed; what they read twice, the new database's inbox knows.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from deploy.local import databases
from deploy.local.progress import Progress, silent
from deploy.operate.rebuild import carry
from deploy.operate.rebuild.compare import Comparison
from deploy.operate.rebuild.published import Published
from deploy.services import migration_folders
from services.metrics.app import Settings, create_app
from shared.clock import Clock
from shared.delivery.consumers import record_of
from shared.errors import Conflict, Unavailable
from shared.events.catalogue import COMPACTED
from shared.kafka.broker import BusSettings
from shared.kafka.consumer import learn
from shared.postgres.database import migrate
from shared.service.runtime import Service

SERVICE = "metrics"
BATCH = 1_000
READ_MILLISECONDS = 500
READING = {"auto_offset_reset": "earliest", "fetch_max_wait_ms": 20}
"""Where the log ends is asked over the connection on which a fetch waits for records, and is
answered behind it.
"""

SWITCH_SECONDS = 30.0
"""A switch takes well under a second; when it takes this long something is wrong, and the old
database goes on.
"""

CLOSE_ENOUGH = 200
"""So few unread records are read during the switch."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the database of metrics is, for three roles.

    Attributes:
        admin: address of any database for a role that may make and rename databases.
        owner: address of the service's database for the role that migrates.
        service: likewise for the role that works.
    """

    admin: str
    owner: str
    service: str
    bus: BusSettings

    @property
    def name(self) -> str:
        """The database's name."""
        return urlsplit(self.service).path.lstrip("/")


@dataclass
class Outcome:
    """What a rebuild found.

    Attributes:
        record_count: records of the log that were read.
        state_count: published states that were compared.
        different: keys of the states that are others now.
        switch_seconds: how long the service was kept out of its database; none for a dry run.
        kept_as: the name of the old database, until somebody drops it.
    """

    record_count: int = 0
    state_count: int = 0
    different: list[str] = field(default_factory=list)
    switch_seconds: float | None = None
    kept_as: str | None = None


async def rebuild(target: Target, *, dry_run: bool = False, progress: Progress = silent) -> Outcome:
    """Rebuild metrics from the log, and put the result in its place unless it is a dry run.

    Raises:
        Conflict: `rebuild-running`; another one is at work.
        Unavailable: the switch took too long or a server went away; the old database goes on as it
            was.
    """
    try:
        async with _alone(target):
            return await _rebuild(target, dry_run=dry_run, progress=progress)
    except KafkaError as error:
        where = f"Kafka at {target.bus.bootstrap}"
        raise Unavailable(
            f"{where} does not answer ({type(error).__name__}); try again when it does"
        ) from error
    except (OSError, asyncpg.PostgresConnectionError) as error:
        where = f"PostgreSQL at {urlsplit(target.admin).hostname}"
        raise Unavailable(
            f"{where} does not answer ({type(error).__name__}); try again when it does"
        ) from error


@asynccontextmanager
async def _alone(target: Target) -> AsyncIterator[None]:
    """Let nobody else rebuild the same database meanwhile; the lock goes with its connection, and
    is never left.
    """
    admin = await asyncpg.connect(_renamed(target.admin, databases.SUPERUSER))
    try:
        lock = f"rebuild of {target.name}"
        if not await admin.fetchval("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", lock):
            raise Conflict(
                f"{target.name} is being rebuilt already; wait until that has ended",
                code="rebuild-running",
            )
        yield
    finally:
        await admin.close()


async def _rebuild(target: Target, *, dry_run: bool, progress: Progress) -> Outcome:
    new_name = f"{target.name}_rebuild"
    new = replace(
        target,
        admin=_renamed(target.admin, new_name),
        owner=_renamed(target.owner, new_name),
        service=_renamed(target.service, new_name),
    )
    await _clear_up(target, new_name)
    await _make(target, new_name)
    await asyncio.to_thread(migrate, new.owner, migration_folders(SERVICE))
    await _take_over(target, new)
    service: Service = create_app(
        Settings.model_validate({"database_dsn": new.service, "bus": target.bus})
    ).state.service
    consumer, told_consumer = (
        AIOKafkaConsumer(**target.bus.client_options(), **READING) for _ in range(2)
    )
    try:
        await consumer.start()
        await told_consumer.start()
        reading = Reading(service, consumer, told_consumer)
        await reading.begin()
        await reading.come_close(progress)
        comparison = await _compared(target, new, reading.published)
        await reading.come_close(progress)
        outcome = await _compare_or_switch(target, new, reading, comparison, dry_run=dry_run)
        outcome.record_count = reading.count
        return outcome
    finally:
        await consumer.stop()
        await told_consumer.stop()
        await service.database.close()
        await _drop(target, new_name)


async def _take_over(target: Target, new: Target) -> None:
    """Take over what is in no log and is needed before it is read."""
    old_conn = await asyncpg.connect(_renamed(target.admin, target.name))
    new_conn = await asyncpg.connect(new.admin)
    try:
        await carry.shown(old_conn, new_conn)
    finally:
        await old_conn.close()
        await new_conn.close()


class Reading:
    """Reads the topics of metrics from their beginning into the new database.

    Args:
        service: metrics on the new database; it is not started.
        consumer: without a group.
        told_consumer: another, for what metrics itself has told.
    """

    def __init__(
        self, service: Service, consumer: AIOKafkaConsumer, told_consumer: AIOKafkaConsumer
    ) -> None:
        self.count = 0
        self.service = service
        self.published = Published()
        self._consumer = consumer
        self._told_consumer = told_consumer
        self._deliveries = {
            s.topic: service.deliveries[s.group] for s in service.consumers.subscriptions
        }
        self._places: list[TopicPartition] = []
        self._states: list[TopicPartition] = []

    async def begin(self) -> None:
        """Go to the beginning of all topics."""
        await learn(self._consumer, self._deliveries)
        self._places = [
            TopicPartition(topic, number)
            for topic in self._deliveries
            for number in self._consumer.partitions_for_topic(topic) or ()
        ]
        self._states = [place for place in self._places if place.topic in COMPACTED]
        self._consumer.assign(self._places)
        await self._consumer.seek_to_beginning(*self._places)

    async def unread(self) -> int:
        """Return how many records are still to be read."""
        return sum((await self._unread_of(self._places)).values())

    async def _unread_of(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Return how many records are still to be read of each place, of those that have any."""
        ends = await self._consumer.end_offsets(places)
        left = {place: ends[place] - await self._consumer.position(place) for place in places}
        return {place: count for place, count in left.items() if count > 0}

    async def read_on(self) -> None:
        """Read and apply what comes next: what tells of states first.

        A figure that met a municipality as it was registered would count in the county of then,
        whose states nobody was ever told of.
        """
        states = await self._unread_of(self._states)
        batches = await self._consumer.getmany(
            *states, timeout_ms=READ_MILLISECONDS, max_records=BATCH
        )
        for place, records in batches.items():
            await self._deliveries[place.topic].take([record_of(record) for record in records])
            self.count += len(records)

    async def come_close(self, progress: Progress) -> None:
        """Read on until little is left, and what metrics has told."""
        while await self.unread() > CLOSE_ENOUGH:
            await self.read_on()
            progress("Reading the log", done=self.count, total=self.count + await self.unread())
        await self.read_published()

    async def read_published(self, old_conn: asyncpg.Connection | None = None) -> None:
        """Read on what metrics has told, and with the old database at hand what it is about to
        tell.
        """
        await self.published.read(self._told_consumer, old_conn)

    async def go_on(self) -> None:
        """Let goals go on from what was told of them, and leave the new database."""
        async with self.service.database.transaction() as conn:
            await carry.goals(conn, self.published, now=Clock().now())
        await self.service.database.close()

    async def read_to_the_end(self) -> None:
        """Read and apply everything that is in the log now."""
        ends = await self._consumer.end_offsets(self._places)
        while any([await self._consumer.position(place) < ends[place] for place in self._places]):
            await self.read_on()


async def _compared(target: Target, new: Target, published: Published) -> Comparison:
    """Compare all states while the service goes on."""
    comparison = Comparison(published)
    old_conn = await asyncpg.connect(_renamed(target.admin, target.name))
    new_conn = await asyncpg.connect(new.admin)
    try:
        await comparison.compare_all(old_conn, new_conn)
    finally:
        await old_conn.close()
        await new_conn.close()
    return comparison


async def _compare_or_switch(
    target: Target, new: Target, reading: Reading, comparison: Comparison, *, dry_run: bool
) -> Outcome:
    old_conn = await asyncpg.connect(_renamed(target.admin, target.name))
    admin = await asyncpg.connect(_renamed(target.admin, databases.SUPERUSER))
    try:
        begun = time.monotonic()
        try:
            if not dry_run:
                await _keep_out(admin, target, old_conn)
            async with asyncio.timeout(None if dry_run else SWITCH_SECONDS):
                await reading.read_to_the_end()
                await reading.read_published(old_conn)
                await reading.go_on()
                outcome = await _carried(old_conn, new, comparison, dry_run=dry_run)
                if not dry_run:
                    await old_conn.close()
                    outcome.kept_as = await _swap(admin, target, new)
                    outcome.switch_seconds = round(time.monotonic() - begun, 3)
                return outcome
        except TimeoutError:
            raise Unavailable(
                f"the switch took longer than {SWITCH_SECONDS:.0f} s; nothing was switched"
            ) from None
        finally:
            await _let_in(admin, target)
    finally:
        await admin.close()
        await old_conn.close()


async def _carried(
    old_conn: asyncpg.Connection, new: Target, comparison: Comparison, *, dry_run: bool
) -> Outcome:
    new_conn = await asyncpg.connect(new.admin)
    try:
        async with new_conn.transaction():
            await comparison.compare_moved(old_conn, new_conn)
            await carry.news(new_conn, comparison)
            if not dry_run:
                await carry.everything_else(old_conn, new_conn)
            return Outcome(state_count=len(comparison.seen), different=sorted(comparison.versions))
    finally:
        await new_conn.close()


async def _keep_out(
    admin: asyncpg.Connection, target: Target, old_conn: asyncpg.Connection
) -> None:
    """Let nobody but superusers into the database, and end the sessions that are there; they are
    tried again.
    """
    await admin.execute(f"ALTER DATABASE {target.name} CONNECTION LIMIT 0")
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> $2",
        *(target.name, old_conn.get_server_pid()),
    )


async def _let_in(admin: asyncpg.Connection, target: Target) -> None:
    await admin.execute(f"ALTER DATABASE {target.name} CONNECTION LIMIT -1")


async def _swap(admin: asyncpg.Connection, target: Target, new: Target) -> str:
    """Let the two databases change names, both or neither; return the old one's name."""
    kept_as = f"{target.name}_before_{time.strftime('%Y%m%d_%H%M%S', time.gmtime())}"
    while True:
        try:
            async with admin.transaction():
                await admin.execute(f"ALTER DATABASE {target.name} RENAME TO {kept_as}")
                await admin.execute(f"ALTER DATABASE {new.name} RENAME TO {target.name}")
                await admin.execute(f"ALTER DATABASE {kept_as} CONNECTION LIMIT -1")
        except (
            asyncpg.ObjectInUseError
        ):  # the server has not noticed yet that the last session is gone
            await asyncio.sleep(0.01)
        else:
            return kept_as


async def _make(target: Target, name: str) -> None:
    accounts = [urlsplit(dsn) for dsn in (target.owner, target.service)]
    passwords = {
        unquote(account.username or ""): unquote(account.password or "") for account in accounts
    }
    owner, service = passwords
    await databases.create(
        lambda database: _renamed(target.admin, database),
        passwords.__getitem__,
        name,
        owner=owner,
        service=service,
    )


async def _clear_up(target: Target, name: str) -> None:
    """Undo what a rebuild that was killed left: the service kept out, and a database that is half
    filled.
    """
    await _drop(target, name)
    admin = await asyncpg.connect(_renamed(target.admin, databases.SUPERUSER))
    try:
        await _let_in(admin, target)
    finally:
        await admin.close()


async def _drop(target: Target, name: str) -> None:
    admin = await asyncpg.connect(_renamed(target.admin, databases.SUPERUSER))
    try:
        with suppress(asyncpg.InvalidCatalogNameError):
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


def _renamed(dsn: str, database: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))
