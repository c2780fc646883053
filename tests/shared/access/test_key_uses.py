"""When keys were last used: noted at once, kept now and then, never moved back."""

from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from shared.access.key_uses import KeyUses
from shared.errors import Unavailable
from shared.postgres.database import Database
from tests.conftest import MakeDatabase

ORGNR = "974760673"
NOON = datetime(2014, 3, 7, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)


@pytest_asyncio.fixture
async def database(make_database: MakeDatabase) -> Database:
    """Any service's."""
    return await make_database("metrics")


async def uses(of: KeyUses, database: Database, publisher: str = ORGNR) -> dict[str, datetime]:
    async with database.connection() as conn:
        return await of.of(conn, publisher)


async def test_a_use_shows_at_once_and_stays_after_it_was_kept(database: Database) -> None:
    noted = KeyUses()
    noted.note("k1", ORGNR, NOON)
    assert await uses(noted, database) == {"k1": NOON}
    assert await uses(KeyUses(), database) == {}, "another replica has not seen it yet"
    assert await noted.keep(database) == 1
    assert await uses(KeyUses(), database) == {"k1": NOON}
    assert await uses(KeyUses(), database, "938801363") == {}


async def test_a_thousand_uses_of_a_key_are_one_write(database: Database) -> None:
    noted = KeyUses()
    for second in range(1_000):
        noted.note("k1", ORGNR, NOON + timedelta(seconds=second))
    noted.note("k2", ORGNR, NOON)
    assert await noted.keep(database) == 2
    assert await noted.keep(database) == 0
    assert await uses(noted, database) == {"k1": NOON + timedelta(seconds=999), "k2": NOON}


async def test_a_replica_that_writes_late_does_not_move_a_use_back(database: Database) -> None:
    quick, slow = KeyUses(), KeyUses()
    slow.note("k1", ORGNR, NOON)
    quick.note("k1", ORGNR, LATER)
    await quick.keep(database)
    assert await uses(slow, database) == {"k1": LATER}
    await slow.keep(database)
    assert await uses(KeyUses(), database) == {"k1": LATER}


async def test_what_could_not_be_kept_is_kept_the_next_time(database: Database) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/none", application_name="test", pool_size=2)
    noted = KeyUses()
    noted.note("k1", ORGNR, NOON)
    with pytest.raises(Unavailable):
        await noted.keep(away)
    assert await noted.keep(database) == 1
