-- name: lock_programme(programme_id)$
-- A new round and a new project of one programme wait for each other, or neither would see the other.
SELECT pg_advisory_xact_lock(7303, hashtext(:programme_id));

-- name: get_round(round_id)^
SELECT round_id, version, programme_id, report_kind, period, opens_on, due_on, cohort_ids, theme_ids, form_id,
       form_version, reminders::text AS reminders, loaded_on
  FROM round
 WHERE round_id = :round_id
   FOR UPDATE;

-- name: list_rounds_of(programme_id)
SELECT round_id, version, programme_id, report_kind, period, opens_on, due_on, cohort_ids, theme_ids, form_id,
       form_version, reminders::text AS reminders, loaded_on
  FROM round
 WHERE programme_id = :programme_id
 ORDER BY round_id;

-- name: get_asked_form(round_id)^
SELECT form_id, form_version
  FROM round
 WHERE round_id = :round_id
   AND form_id IS NOT NULL;

-- name: put_round(round_id, version, programme_id, report_kind, period, opens_on, due_on, cohort_ids, theme_ids, form_id, form_version, reminders, loaded_on)!
INSERT INTO round (round_id, version, programme_id, report_kind, period, opens_on, due_on, cohort_ids, theme_ids,
                   form_id, form_version, reminders, loaded_on)
VALUES (:round_id, :version, :programme_id, :report_kind, :period, :opens_on, :due_on, :cohort_ids, :theme_ids,
        :form_id, :form_version, :reminders::jsonb, :loaded_on)
ON CONFLICT ON CONSTRAINT round_pk DO UPDATE
   SET version = excluded.version, programme_id = excluded.programme_id, report_kind = excluded.report_kind,
       period = excluded.period, opens_on = excluded.opens_on, due_on = excluded.due_on,
       cohort_ids = excluded.cohort_ids, theme_ids = excluded.theme_ids, form_id = excluded.form_id,
       form_version = excluded.form_version, reminders = excluded.reminders;

-- name: add_obligations(round_id, obligation_ids, project_ids, historical)!
INSERT INTO obligation (obligation_id, round_id, project_id, state, historical)
SELECT t.obligation_id, :round_id, t.project_id, 'not_due', :historical
  FROM unnest(:obligation_ids::uuid[], :project_ids::text[]) AS t (obligation_id, project_id)
ON CONFLICT ON CONSTRAINT obligation_place DO NOTHING;

-- name: reopen_obligations(round_id, today)!
-- The dates of a round were moved so that its time is not over: what is not handed in begins anew.
UPDATE obligation AS o
   SET state = 'not_due', historical = false
  FROM round AS r
 WHERE r.round_id = o.round_id AND o.round_id = :round_id AND o.state IN ('due', 'overdue') AND r.due_on >= :today;

-- name: turn_due(today)
-- The guard on state makes each change happen once, however many replicas look. What another transaction holds (a
-- report that comes in at this moment) is left for the next look, so that nobody waits in a circle.
UPDATE obligation AS o
   SET state = 'due'
  FROM round AS r
 WHERE r.round_id = o.round_id AND o.state = 'not_due'
   AND o.obligation_id IN (
       SELECT p.obligation_id
         FROM obligation AS p
         JOIN round AS q USING (round_id)
        WHERE p.state = 'not_due' AND q.opens_on <= :today
          FOR UPDATE OF p SKIP LOCKED)
RETURNING o.obligation_id, o.round_id, o.project_id, o.historical, r.version AS round_version, r.report_kind, r.period,
          r.opens_on, r.due_on;

-- name: turn_overdue(today, historical_only)
UPDATE obligation AS o
   SET state = 'overdue'
  FROM round AS r
 WHERE r.round_id = o.round_id AND o.state = 'due'
   AND o.obligation_id IN (
       SELECT p.obligation_id
         FROM obligation AS p
         JOIN round AS q USING (round_id)
        WHERE p.state = 'due' AND q.due_on < :today AND (p.historical OR NOT :historical_only::boolean)
          FOR UPDATE OF p SKIP LOCKED)
RETURNING o.obligation_id, o.round_id, o.project_id, o.historical, r.version AS round_version, r.report_kind, r.period,
          r.opens_on, r.due_on;

-- name: is_anything_overdue(today)$
SELECT EXISTS (
       SELECT 1
         FROM obligation AS o
         JOIN round AS r USING (round_id)
        WHERE o.state = 'due' AND r.due_on < :today);

-- name: lock_obligation(obligation_id)^
SELECT o.obligation_id, o.round_id, o.project_id, o.state, o.historical, o.first_submitted_at, o.days_late,
       r.version AS round_version, r.report_kind, r.period, r.opens_on, r.due_on
  FROM obligation AS o
  JOIN round AS r USING (round_id)
 WHERE o.obligation_id = :obligation_id
   FOR UPDATE OF o;

-- name: settle_obligation(obligation_id, submitted_at, days_late)!
-- Lateness is that of the first submission; later versions do not change it.
UPDATE obligation
   SET state = 'submitted', first_submitted_at = coalesce(first_submitted_at, :submitted_at),
       days_late = coalesce(days_late, :days_late)
 WHERE obligation_id = :obligation_id;

-- name: list_obligations(state, cohort, theme, round_id, project_id, after, count)
SELECT o.obligation_id, o.round_id, o.project_id, o.state, o.historical, o.first_submitted_at, o.days_late,
       r.version AS round_version, r.report_kind, r.period, r.opens_on, r.due_on
  FROM obligation AS o
  JOIN round AS r USING (round_id)
  JOIN project AS p USING (project_id)
 WHERE (:state::text IS NULL OR o.state = :state)
   AND (:cohort::text IS NULL OR p.cohort_id = :cohort)
   AND (:theme::text IS NULL OR :theme = ANY(p.theme_ids))
   AND (:round_id::text IS NULL OR o.round_id = :round_id)
   AND (:project_id::text IS NULL OR o.project_id = :project_id)
   AND o.obligation_id > :after
 ORDER BY o.obligation_id
 LIMIT :count;
