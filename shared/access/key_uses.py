"""When publishers' keys were last used at a service: noted in memory, kept in the database now and
then.

A request never waits for it. A process that is killed forgets at most the last minute's uses, so
what is shown is never later than the truth and seldom a minute earlier.
"""

import asyncio
from contextlib import suppress
from datetime import datetime

from shared.errors import Unavailable
from shared.postgres.database import DRIVER_FAILURES, Connection, Database, load_queries

QUERIES = load_queries(__file__)

KEEP_SECONDS = 60.0
"""One write for all keys that were used, so often at most."""

LAST_SECONDS = 2.0


class KeyUses:
    """The uses that one process has seen and not kept yet."""

    def __init__(self) -> None:
        self._fresh: dict[str, tuple[str, datetime]] = {}

    def note(self, key_id: str, organisation_number: str, at: datetime) -> None:
        """Remember a use."""
        self._fresh[key_id] = (organisation_number, at)

    async def keep_always(self, database: Database) -> None:
        """Keep what was noted, for as long as the service runs.

        Raises:
            Unavailable: the database is away; what was noted is noted still.
        """
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            await self.keep(database)

    async def keep_at_the_end(self, database: Database) -> None:
        """Keep what was noted if the database answers at once; it is worth one try and no
        waiting.
        """
        with suppress(Unavailable, TimeoutError, *DRIVER_FAILURES):
            async with asyncio.timeout(LAST_SECONDS):
                await self.keep(database)

    async def keep(self, database: Database) -> int:
        """Keep what was noted; return for how many keys.

        Raises:
            Unavailable: the database is away; what was noted is noted still.
        """
        noted, self._fresh = self._fresh, {}
        if not noted:
            return 0
        try:
            async with database.transaction() as conn:
                await QUERIES.put_key_uses(
                    conn,
                    key_ids=list(noted),
                    organisation_numbers=[publisher for publisher, _ in noted.values()],
                    used_ats=[at for _, at in noted.values()],
                )
        except BaseException:
            self._fresh = noted | self._fresh
            raise
        return len(noted)

    async def of(self, conn: Connection, organisation_number: str) -> dict[str, datetime]:
        """Return when a publisher's keys were last used here, by key: as kept by any replica or
        noted by this one.
        """
        rows = QUERIES.list_key_uses(conn, organisation_number=organisation_number)
        uses = {row["key_id"]: row["last_used_at"] async for row in rows}
        for key_id, (publisher, at) in self._fresh.items():
            if publisher == organisation_number:
                uses[key_id] = max(at, uses.get(key_id, at))
        return uses
