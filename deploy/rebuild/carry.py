"""What the rebuilt database takes over: versions, what was not published yet, and what does not follow from the log."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from deploy.rebuild.published import Published
from services.metrics.commands import go_on_from
from services.metrics.domain import GoalState, period_of
from shared.database import Connection
from shared.events.envelope import derived_id
from shared.events.metrics import MetricUpdated, TargetReached

CARRIED = ("outbox", "outbox_parked", "audit_entry", "audit_seal", "key_use")
"""Tables whose rows move as they are: events that wait for the broker, and the log of who changed what."""


@dataclass
class Compared:
    """How many states were compared, and the keys of those that differ."""

    count: int = 0
    different: list[str] = field(default_factory=list)


_OLD_STATES = """
SELECT s.subject, s.definition_key, st.last_month, st.months, st.version, st.content::text AS content, st.unrounded,
       st.computed_at
  FROM state AS st
  JOIN series AS s USING (series_id)
"""
_COMPARE = """
SELECT o.subject, o.definition_key, o.last_month, o.months, o.version, st.series_id,
       st.content::text = o.content AND st.unrounded = o.unrounded AS is_alike
  FROM old_state AS o
  LEFT JOIN series AS s ON s.subject = o.subject AND s.definition_key = o.definition_key
  LEFT JOIN state AS st ON st.series_id = s.series_id AND st.last_month = o.last_month AND st.months = o.months
"""
_KEEP_VERSIONS = """
UPDATE state AS st
   SET version = o.version + (st.content::text <> o.content OR st.unrounded <> o.unrounded)::integer,
       computed_at = CASE WHEN st.content::text = o.content THEN o.computed_at ELSE st.computed_at END
  FROM old_state AS o
  JOIN series AS s ON s.subject = o.subject AND s.definition_key = o.definition_key
 WHERE st.series_id = s.series_id AND st.last_month = o.last_month AND st.months = o.months
"""
_ONLY_NEW = """
UPDATE state AS st
   SET version = 1
  FROM series AS s
 WHERE s.series_id = st.series_id
   AND NOT EXISTS (
           SELECT FROM old_state AS o
            WHERE o.subject = s.subject AND o.definition_key = s.definition_key AND o.last_month = st.last_month
              AND o.months = st.months
       )
RETURNING s.subject, s.definition_key, st.last_month, st.months
"""
_WRITTEN = """
SELECT DISTINCT ON (key) key, topic, shard, headers::text AS headers, payload
  FROM outbox
 WHERE topic = $1
 ORDER BY key, id DESC
"""
_MILESTONES = """
SELECT event_id, topic, key, shard, headers::text AS headers, payload
  FROM outbox
 WHERE topic = $1
 ORDER BY id
"""
_GOALS = "SELECT project_id, goal_id, state FROM goal"
_OUTBOX = ["event_id", "topic", "key", "shard", "headers", "payload"]


_NEW_STATES = """
SELECT s.subject, s.definition_key, st.last_month, st.months, st.content::text AS content, st.unrounded, st.computed_at
  FROM state AS st
  JOIN series AS s USING (series_id)
"""
UNLIKE = "{}"
"""The content of a state that has to be told again, whatever it is."""


async def goals(new: Connection, published: Published, *, now: datetime) -> None:
    """Let goals go on from what was told of them, where they stand otherwise and nothing that was written says why."""
    stands = {(row["project_id"], row["goal_id"]): row["state"] for row in await new.fetch(_GOALS)}
    written = [json.loads(row["payload"]) for row in await new.fetch(_MILESTONES, TargetReached.topic())]
    known = {(content["project_id"], content["goal_id"]) for content in written}
    last = {
        goal: GoalState(state)
        for goal, state in published.goals.items()
        if stands.get(goal, state) != state and goal not in known
    }
    if last:
        await go_on_from(new, last, now=now)


async def states(old: asyncpg.Connection, new: asyncpg.Connection, published: Published) -> Compared:
    """Compare the published states, give the equal ones their old version, and leave only the others to be published.

    What was published is what the log and the outbox have; where the old database says otherwise, one of the two was
    restored to another moment. A state that the log has in a newer version goes on behind that one, and a version that
    the log does not have is told as the next.

    A state that is another now gets the next version and its event, once. A milestone is told where a goal stands
    otherwise than before. A state that only the old database has (a figure that came and went within one batch of the
    rebuild) stays with what it says; one that only the new one has was never published, and is.
    """
    rows = _as_published(await old.fetch(_OLD_STATES), await new.fetch(_NEW_STATES), published)
    await new.execute(
        "CREATE TEMPORARY TABLE old_state (subject text, definition_key text, last_month integer, months smallint, "
        "version integer, content text, unrounded bigint[], computed_at timestamptz) ON COMMIT DROP"
    )
    await new.copy_records_to_table("old_state", records=rows)
    compared, versions = Compared(), {}
    for row in await new.fetch(_COMPARE):
        compared.count += 1
        if row["series_id"] is not None and not row["is_alike"]:
            versions[_key(row)] = row["version"] + 1
    await new.execute(_KEEP_VERSIONS)
    versions |= {_key(row): 1 for row in await new.fetch(_ONLY_NEW)}
    compared.different = sorted(versions)
    await _keep_what_only_the_old_has(new)
    written = {row["key"]: row for row in await new.fetch(_WRITTEN, MetricUpdated.topic())}
    events = [_event(written[key], version) for key, version in versions.items() if key in written]
    events += await _milestones(new, published)
    await new.execute("TRUNCATE outbox")
    await new.copy_records_to_table("outbox", records=events, columns=_OUTBOX)
    return compared


def _key(row: Any) -> str:
    return f"{row['subject']}|{row['definition_key']}|{period_of(row['last_month'], row['months'])}"


def _as_published(old: Sequence[Any], new: Sequence[Any], published: Published) -> list[tuple[Any, ...]]:
    """Return the old states as they were published, as far as log and old database differ."""
    rebuilt = {_key(row): row for row in new}
    rows, seen = [], set()
    for row in old:
        key = _key(row)
        seen.add(key)
        if published.version(key) == row["version"] or key not in rebuilt:
            rows.append(tuple(row))
        else:
            rows.append(_told(rebuilt[key], max(row["version"], published.version(key)), published))
    rows += [
        _told(rebuilt[key], published.version(key), published)
        for key in (published.states.keys() & rebuilt.keys()) - seen
    ]
    return rows


def _told(row: Any, version: int, published: Published) -> tuple[Any, ...]:
    """Return a rebuilt state with the version that was told last, marked unlike unless the log says the same of it."""
    is_alike = published.version(_key(row)) == version and published.says(_key(row), row["content"])
    content = row["content"] if is_alike else UNLIKE
    place = (row["subject"], row["definition_key"], row["last_month"], row["months"])
    return (*place, version, content, row["unrounded"], row["computed_at"])


async def _milestones(new: asyncpg.Connection, published: Published) -> list[tuple[Any, ...]]:
    """Return the last milestone of each goal that stands otherwise than it was last told, where that says how."""
    stands = {(row["project_id"], row["goal_id"]): row["state"] for row in await new.fetch(_GOALS)}
    last: dict[Any, tuple[str, Any]] = {}
    for row in await new.fetch(_MILESTONES, TargetReached.topic()):
        content = json.loads(row["payload"])
        last[content["project_id"], content["goal_id"]] = (content["state"], row)
    return [
        tuple(row)
        for goal, (state, row) in last.items()
        if stands.get(goal) == state and published.goals.get(goal, "open") != state
    ]


def _event(row: Any, version: int) -> tuple[Any, ...]:
    """Write a state's event anew with the version that follows the one published before."""
    event_id = derived_id("MetricUpdated", row["key"], version)
    headers = json.loads(row["headers"]) | {"ce_id": str(event_id)}
    content = json.loads(row["payload"]) | {"version": version}
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return (event_id, row["topic"], row["key"], row["shard"], json.dumps(headers), body)


async def _keep_what_only_the_old_has(new: asyncpg.Connection) -> None:
    await new.execute(
        """
        INSERT INTO series (subject, definition_key)
        SELECT DISTINCT o.subject, o.definition_key
          FROM old_state AS o
        ON CONFLICT ON CONSTRAINT series_subject DO NOTHING
        """
    )
    await new.execute(
        """
        INSERT INTO state (series_id, last_month, months, version, content, unrounded, computed_at)
        SELECT s.series_id, o.last_month, o.months, o.version, o.content::json, o.unrounded, o.computed_at
          FROM old_state AS o
          JOIN series AS s ON s.subject = o.subject AND s.definition_key = o.definition_key
        ON CONFLICT ON CONSTRAINT state_pk DO NOTHING
        """
    )


async def everything_else(old: asyncpg.Connection, new: asyncpg.Connection) -> None:
    """Carry over what the log does not hold: events that wait, dead letters' fates, and the audit log."""
    changed = await new.fetch("DELETE FROM outbox RETURNING event_id, topic, key, shard, headers::text, payload")
    for table in CARRIED:
        await _copy(old, new, table)
    await _go_on_counting(new)
    # Behind the events that waited: those are older than what the rebuild adds.
    await new.copy_records_to_table("outbox", records=[tuple(row) for row in changed], columns=_OUTBOX)
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
    """Let numbers that are given out go on behind those that came over; order per key is the order of the numbers."""
    for table, column in (("outbox", "id"), ("audit_entry", "entry_id")):
        sequence = f"pg_get_serial_sequence('{table}', '{column}')"
        await new.execute(
            f"SELECT setval({sequence}, greatest((SELECT coalesce(max({column}), 0) FROM {table}), "  # noqa: S608
            f"nextval({sequence})))"
        )


async def _settle_letters(old: asyncpg.Connection, new: asyncpg.Connection) -> None:
    """Discard in the new database what somebody has discarded in the old one; the rest was judged anew."""
    for row in await old.fetch(
        "SELECT consumer, topic, partition, record_offset, reason, settled_at FROM dead_letter "
        "WHERE state = 'discarded'"
    ):
        await new.execute(
            "UPDATE dead_letter SET state = 'discarded', reason = $5, settled_at = $6 "
            "WHERE consumer = $1 AND topic = $2 AND partition = $3 AND record_offset = $4",
            *row,
        )
