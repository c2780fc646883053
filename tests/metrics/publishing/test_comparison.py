"""What a rebuild makes of the states while figures go on coming: all are compared, then those that
moved.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest_asyncio

from deploy.operate.rebuild import carry
from deploy.operate.rebuild.compare import Comparison
from deploy.operate.rebuild.published import Published, Told
from shared.events.metrics import TargetReached
from shared.events.reporting import FigureEvent
from shared.postgres.database import Database
from tests.metrics import stored
from tests.metrics.factories import NOW, posted_event, withdrawn_event
from tests.metrics.posted import DEFINITION, SUBJECT, posted
from tests.support.infrastructure import Infra

FEBRUARY, MARCH = (posted_event(posted(period)) for period in ("2013-02", "2013-03"))
CORRECTED, CORRECTED_MARCH = (
    posted_event(posted(p, vintage=2, lost="90")) for p in ("2013-02", "2013-03")
)
WITHDRAWN = withdrawn_event(posted("2013-03"))
REACHING, LOSING = (
    posted_event(posted("2013-01", vintage=n, lost=lost)) for n, lost in ((1, "10"), (2, "90"))
)
OTHERS = posted_event(posted("2013-02", municipality_id="sund-1245"))
VERSIONS = (
    "SELECT s.subject, st.last_month, st.version FROM state AS st JOIN series AS s USING"
    " (series_id)"
)


def key(period: str) -> str:
    return f"{SUBJECT}|absence|{DEFINITION}|{period}"


@dataclass
class Rebuilding:
    """An old database that serves, a new one that reads the log, and who looks into both as their
    owner.
    """

    old: Database
    new: Database
    old_conn: asyncpg.Connection
    new_conn: asyncpg.Connection
    comparison: Comparison = field(default_factory=lambda: Comparison(Published()))

    async def served(self, *figures: FigureEvent) -> list[Told]:
        """Let the old database take figures, and the log what it tells of them; return that."""
        await stored.apply(self.old, figures)
        rows = await self.old_conn.fetch(
            "WITH told AS (DELETE FROM outbox RETURNING *) SELECT topic, event_id::text, payload"
            " FROM told ORDER BY id"
        )
        told = [Told(*row) for row in rows]
        for one in told:
            self.comparison.published.add(one)
        return told

    async def read(self, *figures: FigureEvent) -> None:
        """Let the new database read figures."""
        await stored.apply(self.new, figures)

    async def compare_all(self) -> dict[str, int]:
        await self.comparison.compare_all(self.old_conn, self.new_conn)
        return dict(self.comparison.versions)

    async def compare_moved(self) -> list[tuple[str, int]]:
        """Return what is to be told in the end, each with its version."""
        async with self.new.transaction() as conn:
            await carry.goals(conn, self.comparison.published, now=NOW)
        async with self.new_conn.transaction():
            await self.comparison.compare_moved(self.old_conn, self.new_conn)
            await carry.news(self.new_conn, self.comparison)
        told = await stored.metrics_of(self.new, SUBJECT)
        assert {event.key: event.version for event in told} == self.comparison.versions
        return [(event.period, event.version) for event in told]

    async def other_versions(self) -> list[Any]:
        """Return the states that have one version in the old database and another in the new
        one.
        """
        old, new = await self.old_conn.fetch(VERSIONS), await self.new_conn.fetch(VERSIONS)
        return sorted({tuple(row) for row in old} ^ {tuple(row) for row in new})


@pytest_asyncio.fixture
async def rebuilding(infra: Infra) -> AsyncIterator[Rebuilding]:
    """A rebuild whose databases have both February."""
    async with AsyncExitStack() as stack:
        opened: list[Any] = []
        for _ in range(2):
            handle = await infra.make_database("metrics")
            stack.push_async_callback(infra.drop_database, handle)
            database = Database(handle.dsn, application_name="rebuilding", pool_size=2)
            stack.push_async_callback(database.close)
            conn = await asyncpg.connect(handle.owner_dsn)
            stack.push_async_callback(conn.close)
            opened.append((database, conn))
        (old, old_conn), (new, new_conn) = opened
        made = Rebuilding(old, new, old_conn, new_conn)
        await made.served(FEBRUARY, OTHERS)
        await made.read(FEBRUARY, OTHERS)
        yield made


async def test_what_comes_out_equal_is_told_by_nobody(rebuilding: Rebuilding) -> None:
    assert await rebuilding.compare_all() == {}
    await rebuilding.served(MARCH, CORRECTED)
    await rebuilding.read(CORRECTED)
    await rebuilding.read(MARCH)
    assert await rebuilding.compare_moved() == []
    assert await rebuilding.other_versions() == [], "though the figures fell into batches otherwise"


async def test_what_is_another_is_told_in_its_next_version_though_it_does_not_move(
    rebuilding: Rebuilding,
) -> None:
    await rebuilding.old_conn.execute(
        "UPDATE state SET unrounded[1] = unrounded[1] + 1 "
        "WHERE series_id = (SELECT series_id FROM series WHERE subject = $1)",
        SUBJECT,
    )
    assert await rebuilding.compare_all() == {key("2013-02"): 2}
    await rebuilding.served(MARCH)
    await rebuilding.read(MARCH)
    assert await rebuilding.compare_moved() == [("2013-02", 2)]


async def test_a_side_that_is_ahead_for_a_while_is_not_another(rebuilding: Rebuilding) -> None:
    await rebuilding.read(CORRECTED, MARCH)
    assert await rebuilding.compare_all() == {key("2013-02"): 2, key("2013-03"): 1}
    await rebuilding.served(CORRECTED, MARCH)
    assert await rebuilding.compare_moved() == []
    assert await rebuilding.other_versions() == []


async def test_what_the_new_side_alone_goes_on_to_say_is_told(rebuilding: Rebuilding) -> None:
    assert await rebuilding.compare_all() == {}
    await rebuilding.read(CORRECTED)
    assert await rebuilding.compare_moved() == [("2013-02", 2)]


async def test_what_the_old_side_alone_went_on_to_say_is_put_right(rebuilding: Rebuilding) -> None:
    """What it said rests on a figure that no log has; the rebuilt state is the one from before,
    told behind it.
    """
    assert await rebuilding.compare_all() == {}
    await rebuilding.served(CORRECTED)
    assert await rebuilding.compare_moved() == [("2013-02", 3)]


async def test_what_came_and_went_within_one_batch_is_told_again_where_the_log_lost_it(
    rebuilding: Rebuilding,
) -> None:
    await stored.apply(rebuilding.old, [MARCH], [WITHDRAWN])
    await rebuilding.old_conn.execute("TRUNCATE outbox")
    await rebuilding.read(MARCH, WITHDRAWN)
    assert await rebuilding.compare_all() == {key("2013-03"): 3}
    assert await rebuilding.compare_moved() == [("2013-03", 3)]


async def test_what_the_log_lost_is_told_again_though_it_was_not_read_yet_when_all_was_compared(
    rebuilding: Rebuilding,
) -> None:
    await stored.apply(rebuilding.old, [MARCH])
    await rebuilding.old_conn.execute("TRUNCATE outbox")
    assert await rebuilding.compare_all() == {}
    await rebuilding.read(MARCH)
    assert await rebuilding.compare_moved() == [("2013-03", 2)]


async def test_what_only_the_old_side_has_stays(rebuilding: Rebuilding) -> None:
    await rebuilding.served(MARCH)
    assert await rebuilding.compare_all() == {}
    assert await rebuilding.compare_moved() == []
    assert await rebuilding.other_versions() == []


async def test_what_came_and_went_within_one_batch_is_told_by_nobody_where_the_log_has_it(
    rebuilding: Rebuilding,
) -> None:
    await rebuilding.served(MARCH)
    await rebuilding.served(WITHDRAWN)
    await rebuilding.read(MARCH, WITHDRAWN)
    assert await rebuilding.compare_all() == {}
    assert await rebuilding.compare_moved() == []
    assert await rebuilding.other_versions() == []


async def test_a_milestone_that_a_restored_outbox_tells_again_is_not_the_newest(
    rebuilding: Rebuilding,
) -> None:
    """Reached, lost, and reached told a second time: the goal is open, and nobody has to be told so
    again.
    """
    for database in (rebuilding.old, rebuilding.new):
        await stored.hear(database, goals=True)
    reached = [
        one for one in await rebuilding.served(REACHING) if one.topic == TargetReached.topic()
    ]
    assert len(reached) == 1
    await rebuilding.served(LOSING)
    await rebuilding.read(REACHING, LOSING)
    rebuilding.comparison.published.add(reached[0])

    assert await rebuilding.compare_all() == {}
    await rebuilding.compare_moved()

    assert await stored.milestones_of(rebuilding.new) == []


async def test_an_older_version_that_was_told_again_is_followed_by_the_next(
    rebuilding: Rebuilding,
) -> None:
    """Compaction would keep it, and nobody who reads the topic anew would ever see the newest."""
    first = await rebuilding.served(MARCH)
    await rebuilding.served(CORRECTED_MARCH)
    await rebuilding.read(MARCH, CORRECTED_MARCH)
    for one in first:
        rebuilding.comparison.published.add(one)
    assert await rebuilding.compare_all() == {key("2013-03"): 3}
    assert await rebuilding.compare_moved() == [("2013-03", 3)]
