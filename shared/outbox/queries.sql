-- name: outbox_state()^
SELECT (SELECT count(*) FROM outbox) AS waiting_count,
       (SELECT extract(epoch FROM clock_timestamp() - min(created_at))::float8 FROM outbox) AS oldest_seconds,
       (SELECT count(*) FROM outbox_parked) AS parked_count;

-- name: next_outbox(shards, absent_topics, count)
-- Unpublished rows only and no cursor on id: a row whose transaction commits late is still seen.
SELECT id, topic, key, headers::text AS headers, payload,
       EXISTS (SELECT FROM outbox_parked AS p WHERE p.topic = o.topic AND p.key = o.key) AS is_key_parked
  FROM outbox AS o
 WHERE shard = ANY(:shards::smallint[])
   AND NOT topic = ANY(:absent_topics::text[])
 ORDER BY id
 LIMIT :count;

-- name: remove_outbox(ids)!
DELETE FROM outbox
 WHERE id = ANY(:ids::bigint[]);

-- name: park_outbox(topic, key, reason)!
-- All rows of the key wait together, or a later event would overtake the one that is stuck.
WITH moved AS (
    DELETE FROM outbox
     WHERE topic = :topic AND key = :key
    RETURNING id, event_id, topic, key, shard, headers, payload, created_at
)
INSERT INTO outbox_parked (id, event_id, topic, key, shard, headers, payload, created_at, reason)
SELECT id, event_id, topic, key, shard, headers, payload, created_at, :reason
  FROM moved;

-- name: list_parked()
SELECT topic, key, count(*) AS event_count, min(created_at) AS oldest_at, (array_agg(reason ORDER BY id))[1] AS reason
  FROM outbox_parked
 GROUP BY topic, key
 ORDER BY min(id);

-- name: release_parked(topic, key)$
-- The rows keep their ids and so their order, before whatever was written since.
WITH moved AS (
    DELETE FROM outbox_parked
     WHERE topic = :topic AND key = :key
    RETURNING id, event_id, topic, key, shard, headers, payload, created_at
), returned AS (
    INSERT INTO outbox (id, event_id, topic, key, shard, headers, payload, created_at) OVERRIDING SYSTEM VALUE
    SELECT id, event_id, topic, key, shard, headers, payload, created_at
      FROM moved
    RETURNING id
)
SELECT count(*)
  FROM returned;

-- name: take_shard(lock_class, shard)$
SELECT pg_try_advisory_lock(:lock_class::int, :shard::int);

-- name: release_shard(lock_class, shard)$
SELECT pg_advisory_unlock(:lock_class::int, :shard::int);

-- name: count_relays(application_name)$
SELECT count(*)
  FROM pg_stat_activity
 WHERE datname = current_database() AND application_name = :application_name;
