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

-- name: count_waiting_letters(consumer, topic, count)$
SELECT count(*)
  FROM (SELECT
          FROM dead_letter
         WHERE consumer = :consumer AND topic = :topic AND state = 'waiting'
         LIMIT :count) AS letter;

-- name: add_not_kept(consumer, topic, count)^
INSERT INTO letter_not_kept AS n (consumer, topic, count, is_open)
VALUES (:consumer, :topic, :count, true)
ON CONFLICT ON CONSTRAINT letter_not_kept_pk DO UPDATE
   SET count = n.count + excluded.count, is_open = true, last_at = clock_timestamp()
RETURNING n.count, old.is_open IS NOT TRUE AS is_new;

-- name: close_not_kept(consumer, topic)!
UPDATE letter_not_kept
   SET is_open = false
 WHERE consumer = :consumer AND topic = :topic AND is_open;

-- name: list_not_kept()
SELECT consumer, topic, count, begun_at, last_at
  FROM letter_not_kept
 ORDER BY last_at DESC, consumer, topic;
