-- name: put_names(subjects, versions, nb, nn, en)!
-- The WHERE keeps an older state that comes late from overwriting a newer one.
INSERT INTO subject_name AS n (subject, version, nb, nn, en)
SELECT t.subject, t.version, t.nb, t.nn, t.en
  FROM unnest(:subjects::text[], :versions::int[], :nb::text[], :nn::text[], :en::text[])
       AS t (subject, version, nb, nn, en)
 ORDER BY t.subject
ON CONFLICT ON CONSTRAINT subject_name_pk DO UPDATE
   SET version = excluded.version, nb = excluded.nb, nn = excluded.nn, en = excluded.en
 WHERE n.version < excluded.version;

-- name: list_names(subjects)
SELECT subject, nb, nn, en
  FROM subject_name
 WHERE subject = ANY(:subjects::text[]);

-- name: put_municipality(municipality_id, version, valid_from, names, county_numbers)!
INSERT INTO municipality AS m (municipality_id, version, valid_from, names, county_numbers)
VALUES (:municipality_id, :version, :valid_from, :names, :county_numbers)
ON CONFLICT ON CONSTRAINT municipality_pk DO UPDATE
   SET version = excluded.version, valid_from = excluded.valid_from, names = excluded.names,
       county_numbers = excluded.county_numbers
 WHERE m.version < excluded.version;

-- name: list_municipalities(municipality_ids)
SELECT municipality_id, valid_from, names, county_numbers
  FROM municipality
 WHERE municipality_id = ANY(:municipality_ids::text[]) AND valid_from <> '{}';

-- name: put_project_subjects(project_id, version, subjects)!
INSERT INTO project_subject AS p (project_id, version, subjects)
VALUES (:project_id, :version, :subjects)
ON CONFLICT ON CONSTRAINT project_subject_pk DO UPDATE
   SET version = excluded.version, subjects = excluded.subjects
 WHERE p.version < excluded.version;

-- name: list_project_subjects(project_ids)
SELECT project_id, subjects
  FROM project_subject
 WHERE project_id = ANY(:project_ids::text[]);

-- name: lock_subscription(subscription_id)!
-- A subscription that does not exist yet has no row to lock; two PUTs of one id wait for each other here.
SELECT pg_advisory_xact_lock(7401, hashtext(:subscription_id));

-- name: find_subscription(subscription_id)^
SELECT subscription_id, channel, address, language, events, subjects, windows, active, stopped_because, secret_salt,
       version, made_at, active_since
  FROM subscription
 WHERE subscription_id = :subscription_id;

-- name: count_subscriptions_to(address, other_than)$
SELECT count(*)
  FROM subscription
 WHERE lower(address) = lower(:address) AND active AND subscription_id <> :other_than;

-- name: list_subscriptions(after, count)
SELECT subscription_id, channel, address, language, events, subjects, windows, active, stopped_because, secret_salt,
       version, made_at, active_since
  FROM subscription
 WHERE subscription_id > :after
 ORDER BY subscription_id
 LIMIT :count;

-- name: list_subscription_ids(ids)
SELECT subscription_id
  FROM subscription
 WHERE subscription_id = ANY(:ids::text[]);

-- name: put_subscription(subscription_id, channel, address, language, events, subjects, windows, active, secret_salt, version, made_at, active_since)!
INSERT INTO subscription (subscription_id, channel, address, language, events, subjects, windows, active, secret_salt,
       version, made_at, active_since)
VALUES (:subscription_id, :channel, :address, :language, :events, :subjects, :windows, :active, :secret_salt,
       :version, :made_at, :active_since)
ON CONFLICT ON CONSTRAINT subscription_pk DO UPDATE
   SET channel = excluded.channel, address = excluded.address, language = excluded.language,
       events = excluded.events, subjects = excluded.subjects, windows = excluded.windows, active = excluded.active,
       stopped_because = NULL, secret_salt = excluded.secret_salt, version = excluded.version,
       active_since = excluded.active_since;

-- name: stop_subscription(subscription_id, because)$
UPDATE subscription
   SET active = false, stopped_because = :because, version = version + 1
 WHERE subscription_id = :subscription_id
RETURNING version;

-- name: list_candidates(event_names, patterns, only_webhooks)
-- Subscriptions that could match some event of a batch; which ones do is the domain's to say.
SELECT subscription_id, channel, address, language, events, subjects, windows, active, active_since
  FROM subscription
 WHERE active
   AND (subjects = '{}' OR subjects && :patterns::text[])
   AND (events = '{}' OR events && :event_names::text[])
   AND (channel = 'webhook' OR NOT :only_webhooks)
 ORDER BY subscription_id;

-- name: lock_sending(subscription_ids)
-- In order, so that two batches never wait for each other. A sender that goes to sleep waits here for a batch that is
-- just adding work, and looks only then for what waits, or it would sleep on it.
SELECT subscription_id
  FROM sending
 WHERE subscription_id = ANY(:subscription_ids::text[])
 ORDER BY subscription_id
   FOR NO KEY UPDATE;

-- name: add_told_events(event_ids, types, occurred_at, payloads)!
INSERT INTO told_event (event_id, type, occurred_at, payload)
SELECT t.event_id, t.type, t.occurred_at, t.payload
  FROM unnest(:event_ids::uuid[], :types::text[], :occurred_at::timestamptz[], :payloads::bytea[])
       AS t (event_id, type, occurred_at, payload)
 ORDER BY t.event_id
ON CONFLICT ON CONSTRAINT told_event_pk DO NOTHING;

-- name: add_deliveries(delivery_ids, subscription_ids, event_ids, channels, made_at)
INSERT INTO delivery (delivery_id, subscription_id, event_id, channel, state, attempts, next_try_at, made_at)
SELECT t.delivery_id, t.subscription_id, t.event_id, t.channel, 'waiting', 0, :made_at, :made_at
  FROM unnest(:delivery_ids::uuid[], :subscription_ids::text[], :event_ids::uuid[], :channels::text[])
       WITH ORDINALITY AS t (delivery_id, subscription_id, event_id, channel, place)
 ORDER BY t.place
ON CONFLICT ON CONSTRAINT delivery_once DO NOTHING
RETURNING subscription_id;

-- name: wake_sending(subscription_ids, now)!
-- A paused address stays paused: what is new waits with what is there.
UPDATE sending
   SET wake_at = least(wake_at, greatest(:now::timestamptz, paused_until))
 WHERE subscription_id = ANY(:subscription_ids::text[]);

-- name: add_sending(subscription_id)!
INSERT INTO sending (subscription_id)
VALUES (:subscription_id)
ON CONFLICT ON CONSTRAINT sending_pk DO NOTHING;

-- name: heal_sending(subscription_id, now)!
-- Forget failures, for an address that was changed or switched on again, and look at once for what waits.
UPDATE sending
   SET failures = 0, failing_since = NULL, paused_until = NULL, wake_at = :now
 WHERE subscription_id = :subscription_id;

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

-- name: list_ended(delivery_ids)
SELECT delivery_id
  FROM delivery
 WHERE delivery_id = ANY(:delivery_ids::uuid[]) AND state <> 'waiting';

-- name: list_ended_since(since)
SELECT delivery_id, subscription_id, event_id, channel, attempts, state, last_error, ended_at
  FROM delivery
 WHERE ended_at >= :since
 ORDER BY ended_at, number;

-- name: put_ended(delivery_id, subscription_id, event_id, channel, state, attempts, last_error, ended_at)!
-- One that is waiting was restored to a moment before it arrived; it must not be sent again.
INSERT INTO delivery AS d (delivery_id, subscription_id, event_id, channel, state, attempts, last_error, made_at, ended_at)
VALUES (:delivery_id, :subscription_id, :event_id, :channel, :state, :attempts, :last_error, :ended_at, :ended_at)
ON CONFLICT ON CONSTRAINT delivery_pk DO UPDATE
   SET state = excluded.state, attempts = excluded.attempts, last_error = excluded.last_error, next_try_at = NULL,
       ended_at = excluded.ended_at
 WHERE d.state = 'waiting';

-- name: list_told_events()
-- Two of one transaction have the same time, as a goal that was reached and lost in one batch; deliveries are numbered.
SELECT e.event_id, e.type, e.occurred_at, e.payload
  FROM told_event AS e
  LEFT JOIN delivery AS d USING (event_id)
 GROUP BY e.event_id
 ORDER BY e.occurred_at, min(d.number);

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

-- name: list_deliveries(subscription_id, event_id, channel, state, before, count)
SELECT d.delivery_id, d.number, d.subscription_id, d.event_id, e.type, d.channel, d.state, d.attempts, d.next_try_at,
       d.last_error, d.made_at, d.ended_at
  FROM delivery AS d
  JOIN told_event AS e ON e.event_id = d.event_id
 WHERE d.number < :before
   AND (:subscription_id::text IS NULL OR d.subscription_id = :subscription_id)
   AND (:event_id::uuid IS NULL OR d.event_id = :event_id)
   AND (:channel::text IS NULL OR d.channel = :channel)
   AND (:state::text IS NULL OR d.state = :state)
 ORDER BY d.number DESC
 LIMIT :count;
