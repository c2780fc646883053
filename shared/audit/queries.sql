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
