-- name: add_told_events(event_ids, types, occurred_at, payloads)!
INSERT INTO told_event (event_id, type, occurred_at, payload)
SELECT t.event_id, t.type, t.occurred_at, t.payload
  FROM unnest(:event_ids::uuid[], :types::text[], :occurred_at::timestamptz[], :payloads::bytea[])
       AS t (event_id, type, occurred_at, payload)
 ORDER BY t.event_id
ON CONFLICT ON CONSTRAINT told_event_pk DO NOTHING;

-- name: add_deliveries(delivery_ids, subscription_ids, event_ids, channels, next_try_ats, made_at)
INSERT INTO delivery (delivery_id, subscription_id, event_id, channel, state, attempts, next_try_at, made_at)
SELECT t.delivery_id, t.subscription_id, t.event_id, t.channel, 'waiting', 0, t.next_try_at, :made_at
  FROM unnest(:delivery_ids::uuid[], :subscription_ids::text[], :event_ids::uuid[], :channels::text[],
              :next_try_ats::timestamptz[])
       WITH ORDINALITY AS t (delivery_id, subscription_id, event_id, channel, next_try_at, place)
 ORDER BY t.place
ON CONFLICT ON CONSTRAINT delivery_once DO NOTHING
RETURNING subscription_id;

-- name: list_ended(delivery_ids)
SELECT delivery_id
  FROM delivery
 WHERE delivery_id = ANY(:delivery_ids::uuid[]) AND state <> 'waiting';

-- name: list_ended_since(since)
SELECT delivery_id, subscription_id, event_id, channel, attempts, state, last_error, repeats, ended_at
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

-- name: list_deliveries(delivery_id, subscription_id, event_id, channel, state, before, count)
SELECT d.delivery_id, d.number, d.subscription_id, d.event_id, e.type, d.channel, d.state, d.attempts, d.next_try_at,
       d.last_error, d.made_at, d.ended_at
  FROM delivery AS d
  JOIN told_event AS e ON e.event_id = d.event_id
 WHERE d.number < :before AND (:delivery_id::uuid IS NULL OR d.delivery_id = :delivery_id)
   AND (:subscription_id::text IS NULL OR d.subscription_id = :subscription_id)
   AND (:event_id::uuid IS NULL OR d.event_id = :event_id)
   AND (:channel::text IS NULL OR d.channel = :channel)
   AND (:state::text IS NULL OR d.state = :state)
 ORDER BY d.number DESC
 LIMIT :count;
