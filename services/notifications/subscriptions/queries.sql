-- name: lock_subscription(subscription_id)!
-- A subscription that does not exist yet has no row to lock; two PUTs of one id wait for each other here.
SELECT pg_advisory_xact_lock(7401, hashtext(:subscription_id));

-- name: find_subscription(subscription_id)^
SELECT subscription_id, channel, address, language, events, subjects, windows, metrics, rhythm, digest_hour, active,
       stopped_because, secret_salt, previous_salt, previous_until, receiver, version, made_at, active_since
  FROM subscription
 WHERE subscription_id = :subscription_id;

-- name: count_subscriptions_to(address, other_than)$
SELECT count(*)
  FROM subscription
 WHERE lower(address) = lower(:address) AND active AND subscription_id <> :other_than;

-- name: list_subscriptions(after, count)
SELECT subscription_id, channel, address, language, events, subjects, windows, metrics, rhythm, digest_hour, active,
       stopped_because, secret_salt, previous_salt, previous_until, receiver, version, made_at, active_since
  FROM subscription
 WHERE subscription_id > :after
 ORDER BY subscription_id
 LIMIT :count;

-- name: list_subscription_ids(ids)
SELECT subscription_id
  FROM subscription
 WHERE subscription_id = ANY(:ids::text[]);

-- name: put_subscription(subscription_id, channel, address, language, events, subjects, windows, metrics, rhythm, digest_hour, active, secret_salt, previous_salt, previous_until, receiver, version, made_at, active_since)!
INSERT INTO subscription (subscription_id, channel, address, language, events, subjects, windows, metrics, rhythm,
       digest_hour, active, secret_salt, previous_salt, previous_until, receiver, version, made_at, active_since)
VALUES (:subscription_id, :channel, :address, :language, :events, :subjects, :windows, :metrics, :rhythm,
       :digest_hour, :active, :secret_salt, :previous_salt, :previous_until, :receiver, :version, :made_at, :active_since)
ON CONFLICT ON CONSTRAINT subscription_pk DO UPDATE
   SET channel = excluded.channel, address = excluded.address, language = excluded.language,
       events = excluded.events, subjects = excluded.subjects, windows = excluded.windows,
       metrics = excluded.metrics, rhythm = excluded.rhythm, digest_hour = excluded.digest_hour, active = excluded.active,
       stopped_because = NULL, secret_salt = excluded.secret_salt,
       previous_salt = excluded.previous_salt, previous_until = excluded.previous_until, receiver = excluded.receiver,
       version = excluded.version,
       active_since = excluded.active_since;

-- name: stop_subscription(subscription_id, because)$
UPDATE subscription
   SET active = false, stopped_because = :because, version = version + 1
 WHERE subscription_id = :subscription_id
RETURNING version;

-- name: list_candidates(event_names, patterns, only_webhooks)
-- Subscriptions that could match some event of a batch; which ones do is the domain's to say.
SELECT subscription_id, channel, address, language, events, subjects, windows, metrics, rhythm, digest_hour, active, active_since
  FROM subscription
 WHERE active
   AND (subjects = '{}' OR subjects && :patterns::text[])
   AND (events = '{}' OR events && :event_names::text[])
   AND (channel = 'webhook' OR NOT :only_webhooks)
 ORDER BY subscription_id;

-- name: add_sending(subscription_id)!
INSERT INTO sending (subscription_id)
VALUES (:subscription_id)
ON CONFLICT ON CONSTRAINT sending_pk DO NOTHING;

-- name: lock_sending(subscription_ids)
-- In order, so that two batches never wait for each other. A sender that goes to sleep waits here for a batch that is
-- just adding work, and looks only then for what waits, or it would sleep on it.
SELECT subscription_id
  FROM sending
 WHERE subscription_id = ANY(:subscription_ids::text[])
 ORDER BY subscription_id
   FOR NO KEY UPDATE;

-- name: wake_sending(subscription_ids, now)!
-- A paused address stays paused: what is new waits with what is there.
UPDATE sending
   SET wake_at = least(wake_at, greatest(:now::timestamptz, paused_until))
 WHERE subscription_id = ANY(:subscription_ids::text[]);

-- name: heal_sending(subscription_id, now)!
-- Forget failures, for an address that was changed or switched on again, and look at once for what waits.
UPDATE sending
   SET failures = 0, failing_since = NULL, paused_until = NULL, wake_at = :now
 WHERE subscription_id = :subscription_id;
