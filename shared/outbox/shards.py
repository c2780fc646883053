"""Which relay publishes which rows: each shard of the outbox belongs to the relay whose database
session holds the shard's advisory lock.
"""

import asyncio
import time

from aiokafka.errors import KafkaError

from shared.outbox.outbox import SHARD_COUNT
from shared.postgres.database import DRIVER_FAILURES, Connection, Database, in_short, load_queries
from shared.postgres.locks import Lock

QUERIES = load_queries(__file__)

SHARE_SECONDS = 2.0
"""How often a relay looks whether others have come or gone."""

FRESH_SECONDS = 1.0
"""How long after the database's last answer something may leave unasked. A process that hung has
lost its shards when it wakes: what it held went out by another relay, and what is newer behind it.
"""


class ShardsLost(KafkaError):  # type: ignore[misc]  # the client has no types
    """The session that held the shards is gone; another relay may send their rows by now."""


class Shards:
    """This relay's share of the shards: all of them alone, an equal part beside other relays.

    Args:
        database: whose outbox.

    Attributes:
        held: the shards that this relay may publish.
        is_alone: whether no other relay was there at the last look.
        asking: held while something is asked on the session, which serves one at a time.
    """

    def __init__(self, database: Database) -> None:
        self.held: list[int] = []
        self.is_alone = False
        self.asking = asyncio.Lock()
        self._database = database
        self._conn: Connection | None = None
        self._answered_at = 0.0
        self._shared_at = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether the session is there, as far as this process knows."""
        return self._conn is not None and not self._conn.is_closed()

    async def share(self) -> Connection:
        """Take or give up shards as the number of relays wants it; return the session's connection.

        Raises:
            OSError, asyncpg.PostgresError: the database does not answer or refuses.
        """
        if self._conn is None:
            self._conn = await self._database.direct()
            self.held.clear()
            self._shared_at = 0.0
        conn = self._conn
        if time.monotonic() - self._shared_at < SHARE_SECONDS:
            return conn
        self._shared_at = time.monotonic()
        relays = await QUERIES.count_relays(
            conn, application_name=f"{self._database.application_name} relay"
        )
        self.is_alone = relays <= 1
        share = -(-SHARD_COUNT // max(1, relays))
        while len(self.held) > share:
            shard = self.held.pop()
            await QUERIES.release_shard(conn, lock_class=Lock.OUTBOX_SHARD, shard=shard)
        for shard in range(SHARD_COUNT):
            if len(self.held) >= share:
                break
            if shard not in self.held and await QUERIES.take_shard(
                conn, lock_class=Lock.OUTBOX_SHARD, shard=shard
            ):
                self.held.append(shard)
        return conn

    def note_answer(self) -> None:
        """Note that the session has just answered, and so still holds the shards."""
        self._answered_at = time.monotonic()

    async def make_sure(self) -> None:
        """Ask for the session, if the database has not answered for a while.

        Raises:
            ShardsLost: it is gone.
        """
        async with self.asking:
            if time.monotonic() - self._answered_at < FRESH_SECONDS:
                return
            try:
                if self._conn is None:
                    raise ShardsLost
                await self._conn.execute("SELECT")
            except DRIVER_FAILURES as gone:
                raise ShardsLost(in_short(gone)) from gone
            self._answered_at = time.monotonic()

    def drop(self) -> None:
        """End the session, and with it the locks."""
        conn, self._conn = self._conn, None
        self.held.clear()
        if conn is not None:
            conn.terminate()
