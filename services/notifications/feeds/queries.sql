-- name: put_entry(entry_id, programme_id, project_id, report_kind, period, day, state, changed_at)!
-- The sequence rises only where something that is shown changed; an older state that is read again changes nothing.
INSERT INTO calendar_entry AS c (entry_id, programme_id, project_id, report_kind, period, day, state, changed_at)
VALUES (:entry_id, :programme_id, :project_id, :report_kind, :period, :day, :state, :changed_at)
ON CONFLICT ON CONSTRAINT calendar_entry_pk DO UPDATE
   SET report_kind = excluded.report_kind, period = excluded.period, day = excluded.day, state = excluded.state,
       sequence = c.sequence + 1, changed_at = excluded.changed_at
 WHERE c.changed_at <= excluded.changed_at
   AND (c.report_kind, c.period, c.day, c.state) <> (excluded.report_kind, excluded.period, excluded.day, excluded.state);

-- name: cancel_entries(project_ids, changed_at)!
-- What is still open of a project that ended is not expected any more.
UPDATE calendar_entry
   SET state = 'cancelled', sequence = sequence + 1, changed_at = greatest(changed_at, :changed_at)
 WHERE project_id = ANY(:project_ids::text[]) AND state = 'open';

-- name: list_of_programme(programme_id)
SELECT entry_id, project_id, report_kind, period, day, state, sequence, changed_at
  FROM calendar_entry
 WHERE programme_id = :programme_id
 ORDER BY day, entry_id;

-- name: list_of_projects(project_ids)
SELECT entry_id, project_id, report_kind, period, day, state, sequence, changed_at
  FROM calendar_entry
 WHERE project_id = ANY(:project_ids::text[])
 ORDER BY day, entry_id;

-- name: add_news(event_ids, types, happened_ats, subjects, payloads)!
-- An array of arrays must be rectangular, so the subjects come as one text each.
INSERT INTO news (event_id, type, happened_at, subjects, payload)
SELECT t.event_id, t.type, t.happened_at, string_to_array(t.subjects, ' '), t.payload
  FROM unnest(:event_ids::uuid[], :types::text[], :happened_ats::timestamptz[], :subjects::text[], :payloads::bytea[])
       AS t (event_id, type, happened_at, subjects, payload)
 ORDER BY t.event_id
ON CONFLICT ON CONSTRAINT news_pk DO NOTHING;

-- name: list_news(subject, before, count)
SELECT event_id, type, happened_at, payload
  FROM news
 WHERE (:subject::text IS NULL OR subjects @> ARRAY[:subject::text]) AND happened_at < :before
 ORDER BY happened_at DESC, event_id
 LIMIT :count;

-- name: put_gathering(gathering_id, version, programme_id, network_id, nb, nn, en, starts_at, ends_at, place, cancelled, changed_at)!
-- A change that no calendar shows, as of who came, raises the version and leaves the sequence.
INSERT INTO gathering AS g (gathering_id, version, programme_id, network_id, nb, nn, en, starts_at, ends_at, place,
       cancelled, changed_at)
VALUES (:gathering_id, :version, :programme_id, :network_id, :nb, :nn, :en, :starts_at, :ends_at, :place,
       :cancelled, :changed_at)
ON CONFLICT ON CONSTRAINT gathering_pk DO UPDATE
   SET version = excluded.version, programme_id = excluded.programme_id, network_id = excluded.network_id,
       nb = excluded.nb, nn = excluded.nn, en = excluded.en, starts_at = excluded.starts_at,
       ends_at = excluded.ends_at, place = excluded.place, cancelled = excluded.cancelled,
       sequence = g.sequence + (
           (g.nb, g.nn, g.en, g.starts_at, g.ends_at, g.place, g.cancelled) IS DISTINCT FROM
           (excluded.nb, excluded.nn, excluded.en, excluded.starts_at, excluded.ends_at, excluded.place, excluded.cancelled))::int,
       changed_at = CASE
           WHEN (g.nb, g.nn, g.en, g.starts_at, g.ends_at, g.place, g.cancelled) IS DISTINCT FROM
           (excluded.nb, excluded.nn, excluded.en, excluded.starts_at, excluded.ends_at, excluded.place, excluded.cancelled)
           THEN excluded.changed_at ELSE g.changed_at END
 WHERE g.version < excluded.version;

-- name: list_gatherings(programme_id, network_id)
SELECT gathering_id, nb, nn, en, starts_at, ends_at, place, cancelled, sequence, changed_at
  FROM gathering
 WHERE (:programme_id::text IS NULL OR programme_id = :programme_id)
   AND (:network_id::text IS NULL OR network_id = :network_id)
 ORDER BY starts_at, gathering_id;
