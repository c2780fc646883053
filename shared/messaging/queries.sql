-- name: claim_events(consumer, event_ids, origins)
-- One statement claims a whole batch; an id that stands twice in it is claimed once.
INSERT INTO inbox (consumer, event_id, origin)
SELECT :consumer, t.event_id, t.origin
  FROM unnest(:event_ids::uuid[], :origins::text[]) AS t (event_id, origin)
ON CONFLICT ON CONSTRAINT inbox_pk DO NOTHING
RETURNING event_id;

-- name: advance_positions(consumer, topics, partitions, offsets)
-- Never backwards: a process that slept through the end of its session may commit an old batch late. In the order of
-- the key, so that two processes never wait for each other in a circle. What was there before comes back.
INSERT INTO consumer_position AS p (consumer, topic, partition, next_offset)
SELECT :consumer, t.topic, t.partition, t.next_offset
  FROM unnest(:topics::text[], :partitions::integer[], :offsets::bigint[]) AS t (topic, partition, next_offset)
 ORDER BY t.topic, t.partition
ON CONFLICT ON CONSTRAINT consumer_position_pk DO UPDATE
   SET next_offset = excluded.next_offset
 WHERE p.next_offset < excluded.next_offset
RETURNING p.topic, p.partition, coalesce(old.next_offset, 0) AS next_offset;

-- name: list_positions(consumer)
SELECT topic, partition, next_offset, replay_from
  FROM consumer_position
 WHERE consumer = :consumer;

-- name: list_replays()
SELECT DISTINCT consumer
  FROM consumer_position
 WHERE replay_from IS NOT NULL;

-- name: order_replays(consumer, topics, partitions, offsets)!
-- Of two orders the one that begins earlier holds. A partition without a row was never read: it needs no order.
UPDATE consumer_position AS p
   SET replay_from = least(p.replay_from, t.replay_from, p.next_offset)
  FROM unnest(:topics::text[], :partitions::integer[], :offsets::bigint[]) AS t (topic, partition, replay_from)
 WHERE p.consumer = :consumer AND p.topic = t.topic AND p.partition = t.partition;

-- name: end_replays(consumer, topics, partitions, offsets)!
-- One that was ordered again from an earlier place in the meantime stays.
UPDATE consumer_position AS p
   SET replay_from = NULL
  FROM unnest(:topics::text[], :partitions::integer[], :offsets::bigint[]) AS t (topic, partition, replay_from)
 WHERE p.consumer = :consumer AND p.topic = t.topic AND p.partition = t.partition AND p.replay_from >= t.replay_from;

-- name: add_dead_letter(consumer, topic, partition, record_offset, key, headers, value, code, error, attempts)!
-- A crash between this commit and the offset commit brings the record again; it stays one letter.
INSERT INTO dead_letter (consumer, topic, partition, record_offset, key, headers, value, code, error, attempts,
                         content_hash)
VALUES (:consumer, :topic, :partition, :record_offset, :key, :headers::json, :value, :code, :error, :attempts,
        sha256(coalesce(:key::bytea, '') || coalesce('\x01' || :value::bytea, '\x00')))
ON CONFLICT ON CONSTRAINT dead_letter_origin DO UPDATE
   SET attempts = dead_letter.attempts + 1, error = excluded.error, code = excluded.code
 WHERE dead_letter.state = 'waiting';

-- name: list_dead_letters(state, consumer, topic, code, key, created_after, created_before, after, count)
SELECT id, consumer, topic, partition, record_offset, code, error, attempts, state, reason, created_at, settled_at
  FROM dead_letter
 WHERE (:state::text IS NULL OR state = :state)
   AND (:consumer::text IS NULL OR consumer = :consumer)
   AND (:topic::text IS NULL OR topic = :topic)
   AND (:code::text IS NULL OR code = :code)
   AND (:key::bytea IS NULL OR key = :key)
   AND (:created_after::timestamptz IS NULL OR created_at > :created_after)
   AND (:created_before::timestamptz IS NULL OR created_at < :created_before)
   AND id > :after
 ORDER BY id
 LIMIT :count;

-- name: get_dead_letter(id)^
SELECT id, consumer, topic, partition, record_offset, key, headers::text AS headers, value, code, error, attempts,
       state, reason, created_at, settled_at
  FROM dead_letter
 WHERE id = :id
   FOR UPDATE;

-- name: settle_dead_letter(id, state, reason)!
UPDATE dead_letter
   SET state = :state, reason = :reason, settled_at = clock_timestamp()
 WHERE id = :id;

-- name: empty_dead_letters(days, count, error)$
-- What remains says that there was one, where it came from and what became of it. Those that wait are kept whole.
WITH emptied AS (
    UPDATE dead_letter
       SET key = NULL, headers = '[]', value = NULL, error = :error, emptied_at = clock_timestamp()
     WHERE id IN (SELECT id
                    FROM dead_letter
                   WHERE emptied_at IS NULL AND settled_at < clock_timestamp() - :days * interval '1 day'
                   ORDER BY settled_at
                   LIMIT :count
                     FOR UPDATE SKIP LOCKED)
    RETURNING id
)
SELECT count(*)
  FROM emptied;

-- name: note_failed_replay(id, code, error)!
UPDATE dead_letter
   SET attempts = attempts + 1, code = :code, error = :error
 WHERE id = :id AND state = 'waiting';

-- name: begin_deliveries(consumer, scope, topics, partitions, offsets)$
-- What is found open was begun and never ended.
WITH begun AS (
    INSERT INTO delivery_death AS d (consumer, scope, topic, partition, record_offset)
    SELECT :consumer, :scope, t.topic, t.partition, t.record_offset
      FROM unnest(:topics::text[], :partitions::integer[], :offsets::bigint[]) AS t (topic, partition, record_offset)
    ON CONFLICT ON CONSTRAINT delivery_death_pk DO UPDATE
       SET death_count = d.death_count + d.is_open::integer, is_open = true
    RETURNING d.death_count
)
SELECT coalesce(max(death_count), 0)
  FROM begun;

-- name: close_deliveries(consumer, scope, topics, partitions, offsets)!
UPDATE delivery_death AS d
   SET is_open = false
  FROM unnest(:topics::text[], :partitions::integer[], :offsets::bigint[]) AS t (topic, partition, record_offset)
 WHERE d.consumer = :consumer AND d.scope = :scope AND d.topic = t.topic AND d.partition = t.partition
   AND d.record_offset = t.record_offset;

-- name: end_deliveries(consumer, scopes, topics, partitions, offsets)!
-- Everything up to the last record that was handled, so that no row is left behind. A record that ended leaves its
-- piece and batch open.
DELETE FROM delivery_death AS d
 USING unnest(:topics::text[], :partitions::integer[], :offsets::bigint[]) AS t (topic, partition, record_offset)
 WHERE d.consumer = :consumer AND d.scope = ANY(:scopes::text[]) AND d.topic = t.topic
   AND d.partition = t.partition AND d.record_offset <= t.record_offset;

-- name: dead_letters_waiting()^
SELECT count(*) AS count, min(created_at) AS oldest_at
  FROM dead_letter
 WHERE state = 'waiting';

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

-- name: put_publisher(organisation_number, version, name, may_speak_for, keys, revoked_at)!
INSERT INTO known_publisher AS p (organisation_number, version, name, may_speak_for, keys, revoked_at)
VALUES (:organisation_number, :version, :name, :may_speak_for::jsonb, :keys::jsonb, :revoked_at)
ON CONFLICT ON CONSTRAINT known_publisher_pk DO UPDATE
   SET version = excluded.version, name = excluded.name, may_speak_for = excluded.may_speak_for,
       keys = excluded.keys, revoked_at = excluded.revoked_at
 WHERE p.version < excluded.version;

-- name: find_publisher_by_key(key_id)^
SELECT organisation_number, name, may_speak_for::text AS may_speak_for, keys::text AS keys, revoked_at
  FROM known_publisher
 WHERE keys @> jsonb_build_array(jsonb_build_object('key_id', :key_id::text));

-- name: list_publishers(organisation_numbers)
SELECT organisation_number, may_speak_for::text AS may_speak_for, revoked_at
  FROM known_publisher
 WHERE organisation_number = ANY(:organisation_numbers::text[]);

-- name: list_applied_migrations()
SELECT version
  FROM schema_migrations;

-- name: add_audit_entries(who, source, request_id, actions, objects, reasons, afters)!
INSERT INTO audit_entry (who, source, request_id, action, object, reason, after)
SELECT :who, :source, :request_id, c.action, c.object, c.reason, c.after::jsonb
  FROM unnest(:actions::text[], :objects::text[], :reasons::text[], :afters::text[])
    AS c (action, object, reason, after);

-- name: list_audit_entries(actions)
SELECT action, noted_at, after::text AS after
  FROM audit_entry
 WHERE action = ANY(:actions::text[])
 ORDER BY entry_id;

-- name: has_unsealed(late_ids)$
SELECT EXISTS (
    SELECT FROM audit_entry AS e
     WHERE e.entry_id > coalesce((SELECT max(s.entry_id) FROM audit_seal AS s), 0) - :late_ids::bigint
       AND NOT EXISTS (SELECT FROM audit_seal AS s WHERE s.entry_id = e.entry_id)
);

-- name: unsealed(late_ids, count)
SELECT e.entry_id, e.noted_at, e.who, e.source, e.request_id, e.action, e.object, e.reason, e.after::text AS after
  FROM audit_entry AS e
 WHERE e.entry_id > coalesce((SELECT max(s.entry_id) FROM audit_seal AS s), 0) - :late_ids::bigint
   AND NOT EXISTS (SELECT FROM audit_seal AS s WHERE s.entry_id = e.entry_id)
 ORDER BY e.entry_id
 LIMIT :count;

-- name: lock_seals(lock)$
SELECT pg_advisory_xact_lock(:lock::bigint);

-- name: last_seal()^
SELECT seal, hash
  FROM audit_seal
 ORDER BY seal DESC
 LIMIT 1;

-- name: sealed_entries(after, count)
SELECT s.seal, s.entry_id, s.hash, e.noted_at, e.who, e.source, e.request_id, e.action, e.object, e.reason,
       e.after::text AS after
  FROM audit_seal AS s
  LEFT JOIN audit_entry AS e USING (entry_id)
 WHERE s.seal > :after
 ORDER BY s.seal
 LIMIT :count;

-- name: count_unsealed(seconds)$
SELECT count(*)
  FROM audit_entry AS e
 WHERE e.noted_at < clock_timestamp() - make_interval(secs => :seconds::float8)
   AND NOT EXISTS (SELECT FROM audit_seal AS s WHERE s.entry_id = e.entry_id);

-- name: put_key_uses(key_ids, organisation_numbers, used_ats)!
-- Replicas write about the same keys; the later use stays, whoever comes last. Ordered, so that they do not deadlock.
INSERT INTO key_use AS k (key_id, organisation_number, last_used_at)
SELECT t.key_id, t.organisation_number, t.used_at
  FROM unnest(:key_ids::text[], :organisation_numbers::text[], :used_ats::timestamptz[])
       AS t (key_id, organisation_number, used_at)
 ORDER BY t.key_id
ON CONFLICT ON CONSTRAINT key_use_pk DO UPDATE
   SET last_used_at = excluded.last_used_at
 WHERE k.last_used_at < excluded.last_used_at;

-- name: list_key_uses(organisation_number)
SELECT key_id, last_used_at
  FROM key_use
 WHERE organisation_number = :organisation_number;
