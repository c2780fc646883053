"""What the rebuilt database takes over: how goals stand, what was not published yet, and what is in
no log.
"""

from datetime import datetime
from typing import Any

import asyncpg

from deploy.operate.rebuild.compare import OUTBOX, Comparison, milestones
from deploy.operate.rebuild.published import GoalKey, Published
from services.metrics.goals.rules import GoalState
from services.metrics.intake.commands import go_on_from
from shared.postgres.database import Connection

CARRIED = ("outbox", "outbox_parked", "audit_entry", "audit_seal", "key_use")
"""Tables whose rows move as they are: events that wait for the broker, and the log of who changed
what.
"""

SHOWN = "shown_before"
"""What had been published before it was withheld. It is needed before the log is read: a unit that
is out is no cover for another.
"""

_GOALS = "SELECT project_id, goal_id, state FROM goal"


async def shown(old: asyncpg.Connection, new: asyncpg.Connection) -> None:
    """Take over what had been published before it was withheld."""
    rows = await old.fetch(f"SELECT * FROM {SHOWN}")  # noqa: S608 - a name of our own
    await new.copy_records_to_table(SHOWN, records=[tuple(row) for row in rows])


async def goals(new: Connection, published: Published, *, now: datetime) -> None:
    """Let goals go on from what was told of them, where they stand otherwise and nothing that was
    written says why.
    """
    stands = await _stands(new)
    known = {(content["project_id"], content["goal_id"]) for content, _ in await milestones(new)}
    last = {
        goal: GoalState(state)
        for goal, state in published.goals.items()
        if stands.get(goal, state) != state and goal not in known
    }
    if last:
        await go_on_from(new, last, now=now)


async def news(new: asyncpg.Connection, comparison: Comparison) -> None:
    """Leave in the new database's outbox only what nobody was told yet."""
    events = await comparison.events(new) + await _unheard(new, comparison.published)
    await new.execute("TRUNCATE outbox")
    await new.execute("DROP TABLE set_aside")
    await new.copy_records_to_table("outbox", records=events, columns=OUTBOX)


async def _unheard(new: asyncpg.Connection, published: Published) -> list[tuple[Any, ...]]:
    """Return the last milestone of each goal that stands otherwise than it was last told, where
    that says how.
    """
    stands = await _stands(new)
    last = {
        (content["project_id"], content["goal_id"]): (content["state"], row)
        for content, row in await milestones(new)
    }
    return [
        row
        for goal, (state, row) in last.items()
        if stands.get(goal) == state and published.goals.get(goal, "open") != state
    ]


async def _stands(new: asyncpg.Connection) -> dict[GoalKey, str]:
    """Return how each goal stands in the new database."""
    return {(row["project_id"], row["goal_id"]): row["state"] for row in await new.fetch(_GOALS)}


async def everything_else(old: asyncpg.Connection, new: asyncpg.Connection) -> None:
    """Carry over what the log does not hold: events that wait, dead letters' fates, and the audit
    log.
    """
    changed = await new.fetch(
        "DELETE FROM outbox RETURNING event_id, topic, key, shard, headers::text, payload"
    )
    for table in CARRIED:
        await _copy(old, new, table)
    await _go_on_counting(new)
    # Behind the events that waited: those are older than what the rebuild adds.
    await new.copy_records_to_table(
        "outbox", records=[tuple(row) for row in changed], columns=OUTBOX
    )
    await _settle_letters(old, new)


async def _copy(old: asyncpg.Connection, new: asyncpg.Connection, table: str) -> None:
    names = [row["column_name"] for row in await old.fetch(_COLUMNS, table)]
    listed = ", ".join(f"{name}::text" if name in ("headers", "after") else name for name in names)
    rows = await old.fetch(f"SELECT {listed} FROM {table}")  # noqa: S608 - names of our own
    if rows:
        await new.copy_records_to_table(table, records=[tuple(row) for row in rows], columns=names)


_COLUMNS = """
SELECT column_name FROM information_schema.columns
 WHERE table_schema = 'public' AND table_name = $1
 ORDER BY ordinal_position
"""


async def _go_on_counting(new: asyncpg.Connection) -> None:
    """Let numbers that are given out go on behind those that came over; order per key is the order
    of the numbers.
    """
    for table, column in (("outbox", "id"), ("audit_entry", "entry_id")):
        sequence = f"pg_get_serial_sequence('{table}', '{column}')"
        await new.execute(
            f"SELECT setval({sequence}, greatest((SELECT coalesce(max({column}), 0) FROM {table}), "  # noqa: S608
            f"nextval({sequence})))"
        )


async def _settle_letters(old: asyncpg.Connection, new: asyncpg.Connection) -> None:
    """Discard in the new database what somebody has discarded in the old one; the rest was judged
    anew.
    """
    for row in await old.fetch(
        "SELECT consumer, topic, partition, record_offset, reason, settled_at FROM dead_letter "
        "WHERE state = 'discarded'"
    ):
        await new.execute(
            "UPDATE dead_letter SET state = 'discarded', reason = $5, settled_at = $6 "
            "WHERE consumer = $1 AND topic = $2 AND partition = $3 AND record_offset = $4",
            *row,
        )
