-- name: lease_sending(channel, now, until, by, count)
-- Take subscriptions that have something to do and that nobody works on; the one that waits longest first.
WITH taken AS MATERIALIZED (
    SELECT d.subscription_id
      FROM sending AS d
      JOIN subscription AS c ON c.subscription_id = d.subscription_id
     WHERE d.wake_at <= :now AND d.leased_until <= :now AND c.channel = :channel
     ORDER BY d.wake_at
     LIMIT :count
       FOR NO KEY UPDATE OF d SKIP LOCKED)
UPDATE sending AS s
   SET leased_until = :until, leased_by = :by
  FROM taken
  JOIN subscription AS u ON u.subscription_id = taken.subscription_id
 WHERE s.subscription_id = taken.subscription_id
RETURNING u.subscription_id, u.version, u.channel, u.address, u.language, u.active, u.stopped_because, u.secret_salt,
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
RETURNING delivery_id, subscription_id, event_id, channel, attempts, state, last_error;

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
RETURNING delivery_id, subscription_id, event_id, channel, attempts, state, last_error;

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
