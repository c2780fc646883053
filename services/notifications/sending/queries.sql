-- name: lease_sending(channel, now, until, by, count, held, places_for_one, places_for_unproven)
-- Take subscriptions that have something to do and that nobody works on; the one that waits longest first. No receiver
-- gets more than its share of the places, nor do all those together that have not answered.
WITH awake AS (
    SELECT d.subscription_id, d.wake_at, r.answers,
           row_number() OVER (PARTITION BY c.receiver ORDER BY d.wake_at)
           + (SELECT count(*) FROM unnest(:held::text[]) AS h (receiver) WHERE h.receiver = c.receiver) AS place
      FROM sending AS d
      JOIN subscription AS c ON c.subscription_id = d.subscription_id
      JOIN receiver AS r ON r.receiver = c.receiver
     WHERE d.wake_at <= :now AND d.leased_until <= :now AND c.channel = :channel
       AND (r.paused_until IS NULL OR r.paused_until <= :now OR NOT c.active)),
allowed AS (
    SELECT subscription_id, wake_at, answers, row_number() OVER (PARTITION BY answers ORDER BY wake_at) AS place
      FROM awake
     WHERE place <= :places_for_one),
taken AS MATERIALIZED (
    SELECT d.subscription_id
      FROM sending AS d
     WHERE d.subscription_id IN (
           SELECT subscription_id
             FROM allowed
            WHERE answers OR place <= :places_for_unproven
            ORDER BY wake_at
            LIMIT :count)
       AND d.wake_at <= :now AND d.leased_until <= :now
       FOR NO KEY UPDATE SKIP LOCKED)
UPDATE sending AS s
   SET leased_until = :until, leased_by = :by
  FROM taken
  JOIN subscription AS u ON u.subscription_id = taken.subscription_id
  JOIN receiver AS v ON v.receiver = u.receiver
 WHERE s.subscription_id = taken.subscription_id
RETURNING u.subscription_id, u.version, u.channel, u.address, u.language, u.active, u.stopped_because, u.secret_salt,
          u.previous_salt, u.previous_until, u.rhythm, u.receiver, v.answers, v.silences, v.paused_until AS receiver_paused_until,
          s.failures, s.failing_since, s.paused_until;

-- name: release_leases(by, but)!
-- A sender's name is unique among the running ones, so nobody works on what is leased under it unless it does itself.
UPDATE sending
   SET leased_until = '-infinity', leased_by = NULL
 WHERE leased_by = :by AND subscription_id <> ALL(:but::text[]);

-- name: list_due(subscription_id, version, now, count)
-- Nothing is due any more as soon as the subscription is switched off or changed, even in the middle of a lease: it is
-- for whoever takes the subscription as it is now.
SELECT d.delivery_id, d.attempts, e.event_id, e.type, e.occurred_at, e.payload
  FROM delivery AS d
  JOIN told_event AS e ON e.event_id = d.event_id
  JOIN subscription AS s ON s.subscription_id = d.subscription_id AND s.active AND s.version = :version
 WHERE d.subscription_id = :subscription_id AND d.state = 'waiting' AND d.next_try_at <= :now
 ORDER BY d.next_try_at, d.number
 LIMIT :count;

-- name: put_try(delivery_id, attempts_before, state, attempts, next_try_at, last_error, ended_at)^
-- The WHERE lets only the first of two senders count, should one have slept through the end of its lease.
UPDATE delivery
   SET state = :state, attempts = :attempts, next_try_at = :next_try_at, last_error = :last_error,
       ended_at = :ended_at
 WHERE delivery_id = :delivery_id AND state = 'waiting' AND attempts = :attempts_before
RETURNING delivery_id, subscription_id, event_id, channel, attempts, state, last_error, repeats;

-- name: give_up_waiting(subscription_id, last_error, ended_at, count)
UPDATE delivery
   SET state = 'failed', next_try_at = NULL, last_error = :last_error, ended_at = :ended_at
 WHERE delivery_id IN (
       SELECT delivery_id
         FROM delivery
        WHERE subscription_id = :subscription_id AND state = 'waiting'
        ORDER BY next_try_at
        LIMIT :count
          FOR NO KEY UPDATE)
RETURNING delivery_id, subscription_id, event_id, channel, attempts, state, last_error, repeats;

-- name: put_health(subscription_id, failures, failing_since, paused_until)!
UPDATE sending
   SET failures = :failures, failing_since = :failing_since, paused_until = :paused_until
 WHERE subscription_id = :subscription_id;

-- name: end_lease(subscription_id, by)!
-- After `lock_sending`, in the same transaction: only a statement that begins with the lock held sees every delivery.
UPDATE sending AS s
   SET leased_until = '-infinity', leased_by = NULL,
       wake_at = CASE WHEN next.try_at IS NOT NULL THEN greatest(next.try_at, s.paused_until) END
  FROM (SELECT min(next_try_at) AS try_at
          FROM delivery
         WHERE subscription_id = :subscription_id AND state = 'waiting') AS next
 WHERE s.subscription_id = :subscription_id AND s.leased_by = :by;

-- name: add_attempts(delivery_ids, began_at, seconds, result)!
INSERT INTO attempt (delivery_id, began_at, seconds, result)
SELECT t.delivery_id, :began_at, :seconds, :result
  FROM unnest(:delivery_ids::uuid[]) AS t (delivery_id)
ON CONFLICT ON CONSTRAINT attempt_pk DO NOTHING;

-- name: list_attempts(delivery_id)
SELECT began_at, seconds, result
  FROM attempt
 WHERE delivery_id = :delivery_id
 ORDER BY began_at;

-- name: find_event_of(delivery_id)^
SELECT e.event_id, e.type, e.occurred_at, e.payload
  FROM delivery AS d
  JOIN told_event AS e ON e.event_id = d.event_id
 WHERE d.delivery_id = :delivery_id;

-- name: repeat_delivery(delivery_id, now)!
UPDATE delivery
   SET state = 'waiting', attempts = 0, next_try_at = :now, last_error = NULL, ended_at = NULL,
       repeats = repeats + (state <> 'waiting')::int
 WHERE delivery_id = :delivery_id;

-- name: repeat_since(subscription_id, since, now)
UPDATE delivery
   SET state = 'waiting', attempts = 0, next_try_at = :now, last_error = NULL, ended_at = NULL,
       repeats = repeats + (state <> 'waiting')::int
 WHERE subscription_id = :subscription_id AND made_at >= :since
RETURNING delivery_id;
