"""Comparing the rebuilt states with the published ones.

That takes seconds for a whole programme, so all are compared while the service still serves, and
those that moved meanwhile are compared again when it is kept out of its database.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from deploy.operate.rebuild.published import Published
from services.metrics.series.rules.figures import last_month_of, period_of
from shared.events.envelope import derived_id
from shared.events.metrics import MetricUpdated, TargetReached
from shared.values import Period

OUTBOX = ["event_id", "topic", "key", "shard", "headers", "payload"]
UNLIKE = "{}"
"""The content of a state that has to be told again, whatever it is."""

_AMONG = """
       ($1::text[] IS NULL OR (s.subject, s.metric, s.definition_key, st.last_month, st.months) IN (
           SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::smallint[])))
"""
_STATES = f"""
SELECT s.subject, s.metric, s.definition_key, st.last_month, st.months, st.version,
       st.content::text AS content, st.unrounded, st.computed_at
  FROM state AS st
  JOIN series AS s USING (series_id)
 WHERE {_AMONG}
"""  # noqa: S608 - a condition of our own, here and below
_OLD_TABLE = """
CREATE TEMPORARY TABLE old_state (
    subject text, metric text, definition_key text, last_month integer, months smallint,
    version integer, content text, unrounded bigint[], computed_at timestamptz
) ON COMMIT DROP
"""
_COMPARE = """
SELECT o.subject, o.metric, o.definition_key, o.last_month, o.months, o.version, st.series_id,
       st.content::text = o.content AND st.unrounded = o.unrounded AS is_alike
  FROM old_state AS o
  LEFT JOIN series AS s USING (subject, metric, definition_key)
  LEFT JOIN state AS st
    ON st.series_id = s.series_id AND st.last_month = o.last_month AND st.months = o.months
"""
_KEEP_VERSIONS = """
UPDATE state AS st
   SET version = o.version
               + (st.content::text <> o.content OR st.unrounded <> o.unrounded)::integer,
       computed_at = CASE WHEN st.content::text = o.content THEN o.computed_at
                          ELSE st.computed_at END
  FROM old_state AS o
  JOIN series AS s USING (subject, metric, definition_key)
 WHERE st.series_id = s.series_id AND st.last_month = o.last_month AND st.months = o.months
"""
_ONLY_NEW = f"""
UPDATE state AS st
   SET version = 1
  FROM series AS s
 WHERE s.series_id = st.series_id
   AND {_AMONG}
   AND NOT EXISTS (
           SELECT FROM old_state AS o
            WHERE o.subject = s.subject AND o.metric = s.metric
              AND o.definition_key = s.definition_key
              AND o.last_month = st.last_month AND o.months = st.months
       )
RETURNING s.subject, s.metric, s.definition_key, st.last_month, st.months
"""  # noqa: S608
_ONLY_OLD_SERIES = """
INSERT INTO series (subject, metric, definition_key)
SELECT DISTINCT o.subject, o.metric, o.definition_key
  FROM old_state AS o
ON CONFLICT ON CONSTRAINT series_subject DO NOTHING
"""
_ONLY_OLD = """
INSERT INTO state (series_id, last_month, months, version, content, unrounded, computed_at)
SELECT s.series_id, o.last_month, o.months, o.version, o.content::json, o.unrounded, o.computed_at
  FROM old_state AS o
  JOIN series AS s USING (subject, metric, definition_key)
ON CONFLICT ON CONSTRAINT state_pk DO NOTHING
"""
_SET_ASIDE = f"""
CREATE TABLE set_aside AS
SELECT DISTINCT ON (key) *
  FROM outbox
 WHERE topic = '{MetricUpdated.topic()}'
 ORDER BY key, id DESC;
INSERT INTO set_aside SELECT * FROM outbox WHERE topic = '{TargetReached.topic()}';
CREATE INDEX ON set_aside (key);
GRANT SELECT ON set_aside TO PUBLIC;
ANALYZE set_aside;
TRUNCATE outbox;
"""  # noqa: S608
_WRITTEN_KEYS = "SELECT key FROM outbox WHERE topic = $1"
_WRITTEN = """
SELECT DISTINCT ON (key) key, topic, shard, headers::text AS headers, payload
  FROM (SELECT * FROM set_aside UNION ALL SELECT * FROM outbox) AS o
 WHERE topic = $1 AND key = ANY($2)
 ORDER BY key, id DESC
"""
_MILESTONES = """
SELECT event_id, topic, key, shard, headers::text AS headers, payload
  FROM (SELECT * FROM set_aside UNION ALL SELECT * FROM outbox) AS o
 WHERE topic = $1
 ORDER BY id
"""


@dataclass
class Comparison:
    """What came out of the published states in the rebuilt database.

    What was published is what the log and the outbox have; where the old database says otherwise,
    one of the two was restored to another moment. A state that the log has in a newer version goes
    on behind that one, and a version that the log does not have is told as the next.

    A state that comes out equal keeps its version. One that is another now gets the next version
    and its event, once. One that only the old database has (a figure that came and went within one
    batch of the rebuild) stays with what it says; one that only the new one has was never
    published, and is.

    Attributes:
        published: what was told of states.
        seen: keys of the states that were compared.
        versions: of the states that are others now, the version that each is told in, by key.
        only_old: keys of the states that the new database did not have yet when all were compared.
    """

    published: Published
    seen: set[str] = field(default_factory=set)
    versions: dict[str, int] = field(default_factory=dict)
    only_old: set[str] = field(default_factory=set)

    async def compare_all(self, old: asyncpg.Connection, new: asyncpg.Connection) -> None:
        """Compare everything, and set aside what reading the log wrote into the new database's
        outbox.
        """
        self.published.moved.clear()
        async with new.transaction():
            await self._compare(old, new, None)
            await new.execute(_SET_ASIDE)

    async def compare_moved(self, old: asyncpg.Connection, new: asyncpg.Connection) -> None:
        """Compare again what either side has told since, in the caller's transaction."""
        written = {row["key"] for row in await new.fetch(_WRITTEN_KEYS, MetricUpdated.topic())}
        await self._compare(old, new, written | self.published.moved | self.only_old)
        # Not before: with such a state at hand, a figure that was read later would have nothing to
        # tell.
        await new.execute(_ONLY_OLD_SERIES)
        await new.execute(_ONLY_OLD)

    async def events(self, new: asyncpg.Connection) -> list[tuple[Any, ...]]:
        """Return the events of the states that are others now, as rows of the outbox."""
        rows = await new.fetch(_WRITTEN, MetricUpdated.topic(), list(self.versions))
        return [_event(row, self.versions[row["key"]]) for row in rows]

    async def _compare(
        self, old: asyncpg.Connection, new: asyncpg.Connection, keys: Collection[str] | None
    ) -> None:
        for key in keys or ():
            self.versions.pop(key, None)
        places = _columns(keys)
        rows = self._as_published(
            await old.fetch(_STATES, *places), await new.fetch(_STATES, *places)
        )
        await new.execute(_OLD_TABLE)
        await new.copy_records_to_table("old_state", records=rows)
        await new.execute("ANALYZE old_state")
        for row in await new.fetch(_COMPARE):
            self.seen.add(_key(row))
            if row["series_id"] is None:
                self.only_old.add(_key(row))
            elif not row["is_alike"]:
                self.versions[_key(row)] = row["version"] + 1
        await new.execute(_KEEP_VERSIONS)
        self.versions |= {_key(row): 1 for row in await new.fetch(_ONLY_NEW, *places)}

    def _as_published(self, old: Sequence[Any], new: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return the old states as they were published, as far as log and old database differ."""
        rebuilt = {_key(row): row for row in new}
        rows, seen = [], set()
        for row in old:
            key = _key(row)
            seen.add(key)
            is_as_told = (
                self.published.version(key) == row["version"] and key not in self.published.outdated
            )
            if is_as_told or key not in rebuilt:
                rows.append(tuple(row))
            else:
                rows.append(
                    self._told(rebuilt[key], max(row["version"], self.published.version(key)))
                )
        rows += [
            self._told(rebuilt[key], self.published.version(key))
            for key in (self.published.states.keys() & rebuilt.keys()) - seen
        ]
        return rows

    def _told(self, row: Any, version: int) -> tuple[Any, ...]:
        """Return a rebuilt state with the version told last, marked unlike unless the log says the
        same of it.
        """
        is_alike = self.published.version(_key(row)) == version and self.published.says(
            _key(row), row["content"]
        )
        content = row["content"] if is_alike else UNLIKE
        series = (row["subject"], row["metric"], row["definition_key"])
        place = (*series, row["last_month"], row["months"])
        return (*place, version, content, row["unrounded"], row["computed_at"])


async def milestones(new: asyncpg.Connection) -> list[tuple[dict[str, Any], tuple[Any, ...]]]:
    """Return all milestones that reading the log wrote, in order, each with its row of the
    outbox.
    """
    return [
        (json.loads(row["payload"]), tuple(row))
        for row in await new.fetch(_MILESTONES, TargetReached.topic())
    ]


def _key(row: Any) -> str:
    period = period_of(row["last_month"], row["months"])
    return "|".join((row["subject"], row["metric"], row["definition_key"], str(period)))


def _columns(keys: Collection[str] | None) -> tuple[list[Any] | None, ...]:
    """Return what keys name, column by column; nothing for all states."""
    if keys is None:
        return (None, None, None, None, None)
    named = [key.rsplit("|", 3) for key in keys]
    periods = [Period.parse(period) for *_, period in named]
    return (
        [subject for subject, *_ in named],
        [metric for _, metric, *_ in named],
        [definition_key for *_, definition_key, _ in named],
        [last_month_of(period) for period in periods],
        [period.grain.months for period in periods],
    )


def _event(row: Any, version: int) -> tuple[Any, ...]:
    """Write a state's event anew with the version that follows the one published before."""
    event_id = derived_id("MetricUpdated", row["key"], version)
    headers = json.loads(row["headers"]) | {"ce_id": str(event_id)}
    content = json.loads(row["payload"]) | {"version": version}
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return (event_id, row["topic"], row["key"], row["shard"], json.dumps(headers), body)
