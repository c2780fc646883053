-- name: put_municipality(municipality_id, version)$
-- The WHERE keeps an older state that comes late from overwriting a newer one.
INSERT INTO municipality AS m (municipality_id, version)
VALUES (:municipality_id, :version)
ON CONFLICT ON CONSTRAINT municipality_pk DO UPDATE
   SET version = excluded.version
 WHERE m.version < excluded.version
RETURNING municipality_id;

-- name: remove_municipality_versions(municipality_id)!
DELETE FROM municipality_version
 WHERE municipality_id = :municipality_id;

-- name: add_municipality_versions(municipality_id, numbers, names, valid_from, valid_to)!
INSERT INTO municipality_version (municipality_id, number, name, valid_from, valid_to)
SELECT :municipality_id, t.number, t.name, t.valid_from, t.valid_to
  FROM unnest(:numbers::text[], :names::text[], :valid_from::date[], :valid_to::date[])
       AS t (number, name, valid_from, valid_to);

-- name: list_number_holders(numbers)
SELECT number, municipality_id, valid_from, valid_to
  FROM municipality_version
 WHERE number = ANY(:numbers::text[])
 ORDER BY number, valid_from;

-- name: lock_municipalities(municipality_ids)$
-- Order per municipality: whoever writes its figures holds its row, so outbox numbers follow the order of commits. Rows
-- are taken in the order of their ids, so that two batches wait for each other instead of in a circle.
WITH locked AS MATERIALIZED (
    SELECT municipality_id
      FROM municipality
     WHERE municipality_id = ANY(:municipality_ids::text[])
     ORDER BY municipality_id
       FOR UPDATE)
SELECT count(*)
  FROM locked;

-- name: put_project(project_id, version, programme_id, cohort_id, theme_ids, ended_on)$
INSERT INTO project AS p (project_id, version, programme_id, cohort_id, theme_ids, ended_on)
VALUES (:project_id, :version, :programme_id, :cohort_id, :theme_ids, :ended_on)
ON CONFLICT ON CONSTRAINT project_pk DO UPDATE
   SET version = excluded.version, programme_id = excluded.programme_id, cohort_id = excluded.cohort_id,
       theme_ids = excluded.theme_ids, ended_on = excluded.ended_on
 WHERE p.version < excluded.version
RETURNING project_id;

-- name: remove_project_members(project_id)!
DELETE FROM project_member
 WHERE project_id = :project_id;

-- name: add_project_members(project_id, municipality_ids, member_from, member_to)!
INSERT INTO project_member (project_id, municipality_id, member_from, member_to)
SELECT :project_id, t.municipality_id, t.member_from, t.member_to
  FROM unnest(:municipality_ids::text[], :member_from::date[], :member_to::date[])
       AS t (municipality_id, member_from, member_to);

-- name: lock_programme(programme_id)$
-- A new round and a new project of one programme wait for each other, or neither would see the other.
SELECT pg_advisory_xact_lock(7302, hashtext(:programme_id));

-- name: list_projects(programme_id)
SELECT project_id, programme_id, cohort_id, theme_ids, ended_on
  FROM project
 WHERE programme_id = :programme_id
 ORDER BY project_id;

-- name: list_members(project_ids)
SELECT project_id, municipality_id, member_from, member_to
  FROM project_member
 WHERE project_id = ANY(:project_ids::text[]);

-- name: list_figures_by_id(publishers, figure_ids)
SELECT f.publisher, f.figure_id, f.body_hash, f.vintage, f.findings::text AS findings
  FROM unnest(:publishers::text[], :figure_ids::uuid[]) AS t (publisher, figure_id)
  JOIN figure AS f USING (publisher, figure_id);

-- name: list_standing(municipality_ids, units, definition_keys, periods, windows)
-- The newest vintage of each place, when something was last decided there, and the figure in force, which a withdrawal
-- may have made an older one.
SELECT municipality_id, unit, definition_key, period, figure_window, newest.vintage, newest.origin, newest.posted_at,
       greatest(newest.posted_at, withdrawal.withdrawn_at) AS decided_at, force.figure_id, force.publisher,
       force.weight_kind
  FROM unnest(:municipality_ids::text[], :units::text[], :definition_keys::text[], :periods::text[], :windows::text[])
       AS t (municipality_id, unit, definition_key, period, figure_window)
 CROSS JOIN LATERAL (
       SELECT f.vintage, f.origin, f.posted_at
         FROM figure AS f
        WHERE f.municipality_id = t.municipality_id AND f.unit = t.unit AND f.definition_key = t.definition_key
          AND f.period = t.period AND f.figure_window = t.figure_window
        ORDER BY f.vintage DESC
        LIMIT 1) AS newest
  LEFT JOIN LATERAL (
       SELECT f.withdrawn_at
         FROM figure AS f
        WHERE f.municipality_id = t.municipality_id AND f.unit = t.unit AND f.definition_key = t.definition_key
          AND f.period = t.period AND f.figure_window = t.figure_window AND f.withdrawn_at IS NOT NULL
        ORDER BY f.withdrawn_at DESC
        LIMIT 1) AS withdrawal ON true
  LEFT JOIN LATERAL (
       SELECT f.figure_id, f.publisher, CASE f.figure_window WHEN 'period' THEN f.weight_kind END AS weight_kind
         FROM figure AS f
        WHERE f.municipality_id = t.municipality_id AND f.unit = t.unit AND f.definition_key = t.definition_key
          AND f.period = t.period AND f.figure_window = t.figure_window AND f.in_force) AS force ON true;

-- name: list_rates(municipality_ids, units, definition_keys, periods, windows)
SELECT municipality_id, unit, definition_key, period, figure_window,
       coalesce(f.rate_percent, 100 * f.lost_days / f.agreed_days) AS rate
  FROM unnest(:municipality_ids::text[], :units::text[], :definition_keys::text[], :periods::text[], :windows::text[])
       AS t (municipality_id, unit, definition_key, period, figure_window)
  JOIN figure AS f USING (municipality_id, unit, definition_key, period, figure_window)
 WHERE f.in_force AND coalesce(f.agreed_days, 1) > 0;

-- name: count_weight_kinds(municipality_ids, units, definition_keys)
SELECT municipality_id, unit, definition_key, f.weight_kind, count(*) AS figure_count
  FROM unnest(:municipality_ids::text[], :units::text[], :definition_keys::text[])
       AS t (municipality_id, unit, definition_key)
  JOIN figure AS f USING (municipality_id, unit, definition_key)
 WHERE f.in_force AND f.figure_window = 'period' AND f.weight_kind IS NOT NULL
 GROUP BY municipality_id, unit, definition_key, f.weight_kind;

-- name: end_force(publishers, figure_ids)!
UPDATE figure AS f
   SET in_force = false
  FROM unnest(:publishers::text[], :figure_ids::uuid[]) AS t (publisher, figure_id)
 WHERE f.publisher = t.publisher AND f.figure_id = t.figure_id;

-- name: withdraw_figure(publisher, figure_id, withdrawn_at, withdrawn_by, reason)!
UPDATE figure
   SET in_force = false, withdrawn_at = :withdrawn_at, withdrawn_by = :withdrawn_by, withdrawal_reason = :reason
 WHERE publisher = :publisher AND figure_id = :figure_id;

-- name: restore_force(municipality_id, unit, definition_key, period, figure_window)^
-- The newest vintage of the place that was not withdrawn holds again.
UPDATE figure AS f
   SET in_force = true
 WHERE (f.publisher, f.figure_id) = (
       SELECT g.publisher, g.figure_id
         FROM figure AS g
        WHERE g.municipality_id = :municipality_id AND g.unit = :unit AND g.definition_key = :definition_key
          AND g.period = :period AND g.figure_window = :figure_window AND g.withdrawn_at IS NULL
        ORDER BY g.vintage DESC
        LIMIT 1)
RETURNING f.publisher, f.figure_id, f.municipality_id, f.municipality_number, f.unit, f.period, f.figure_window,
          f.definition_key, f.lost_days, f.agreed_days, f.rate_percent, f.weight_kind, f.weight, f.persons, f.note,
          f.generated, f.findings::text AS findings, f.vintage, f.replaces, f.in_force, f.origin, f.posted_at,
          f.withdrawn_at, f.withdrawn_by, f.withdrawal_reason;

-- name: list_figures(municipality_id, from_day, to_day, current_only, after_day, after_key, count)
SELECT f.publisher, f.figure_id, f.municipality_id, f.municipality_number, f.unit, f.period, f.figure_window,
       f.definition_key, f.lost_days, f.agreed_days, f.rate_percent, f.weight_kind, f.weight, f.persons, f.note,
       f.generated, f.findings::text AS findings, f.vintage, f.replaces, f.in_force, f.origin, f.posted_at,
       f.withdrawn_at, f.withdrawn_by, f.withdrawal_reason, f.period_last_day,
       concat_ws('|', f.unit, f.definition_key, f.period, f.figure_window, lpad(f.vintage::text, 6, '0')) AS sort_key
  FROM figure AS f
 WHERE f.municipality_id = :municipality_id
   AND (:from_day::date IS NULL OR f.period_last_day >= :from_day::date)
   AND (:to_day::date IS NULL OR f.period_last_day <= :to_day::date)
   AND (NOT :current_only::boolean OR f.in_force)
   AND (f.period_last_day,
        concat_ws('|', f.unit, f.definition_key, f.period, f.figure_window, lpad(f.vintage::text, 6, '0')))
       > (:after_day::date, :after_key::text)
 ORDER BY f.period_last_day, sort_key
 LIMIT :count;

-- name: find_figure(publisher, figure_id)^
SELECT f.publisher, f.figure_id, f.municipality_id, f.municipality_number, f.unit, f.period, f.figure_window,
       f.definition_key, f.lost_days, f.agreed_days, f.rate_percent, f.weight_kind, f.weight, f.persons, f.note,
       f.generated, f.findings::text AS findings, f.vintage, f.replaces, f.in_force, f.origin, f.posted_at,
       f.withdrawn_at, f.withdrawn_by, f.withdrawal_reason
  FROM figure AS f
 WHERE f.publisher = :publisher AND f.figure_id = :figure_id;

-- name: list_kept(after_publisher, after_id, count)
SELECT f.publisher, f.figure_id, f.municipality_id, f.municipality_number, f.unit, f.period, f.figure_window,
       f.definition_key, f.lost_days, f.agreed_days, f.rate_percent, f.weight_kind, f.weight, f.persons, f.note,
       f.generated, f.findings::text AS findings, f.vintage, f.replaces, f.in_force, f.origin, f.posted_at,
       f.withdrawn_at, f.withdrawn_by, f.withdrawal_reason, f.body_hash
  FROM figure AS f
 WHERE (f.publisher, f.figure_id) > (:after_publisher::text, :after_id::uuid)
 ORDER BY f.publisher, f.figure_id
 LIMIT :count;

-- name: list_withdrawn(publishers, figure_ids)
SELECT f.publisher, f.figure_id, f.withdrawn_at IS NOT NULL AS is_withdrawn
  FROM unnest(:publishers::text[], :figure_ids::uuid[]) AS t (publisher, figure_id)
  JOIN figure AS f USING (publisher, figure_id);

-- name: list_all_ids(after_publisher, after_id, count)
SELECT publisher, figure_id, withdrawn_at IS NOT NULL AS is_withdrawn
  FROM figure
 WHERE (publisher, figure_id) > (:after_publisher::text, :after_id::uuid)
 ORDER BY publisher, figure_id
 LIMIT :count;

-- name: find_in_force_at(municipality_id, unit, definition_key, period, figure_window, moment)^
-- What held at a place after everything that was decided until then: the newest vintage that was not withdrawn.
SELECT f.publisher, f.figure_id, f.municipality_id, f.municipality_number, f.unit, f.period, f.figure_window,
       f.definition_key, f.lost_days, f.agreed_days, f.rate_percent, f.weight_kind, f.weight, f.persons, f.note,
       f.generated, f.findings::text AS findings, f.vintage, f.replaces, f.in_force, f.origin, f.posted_at,
       f.withdrawn_at, f.withdrawn_by, f.withdrawal_reason
  FROM figure AS f
 WHERE f.municipality_id = :municipality_id AND f.unit = :unit AND f.definition_key = :definition_key
   AND f.period = :period AND f.figure_window = :figure_window AND f.posted_at <= :moment
   AND (f.withdrawn_at IS NULL OR f.withdrawn_at > :moment)
 ORDER BY f.vintage DESC
 LIMIT 1;

-- name: end_force_at(municipality_id, unit, definition_key, period, figure_window)!
UPDATE figure
   SET in_force = false
 WHERE municipality_id = :municipality_id AND unit = :unit AND definition_key = :definition_key
   AND period = :period AND figure_window = :figure_window AND in_force;

-- name: get_round(round_id)^
SELECT round_id, version, programme_id, report_kind, period, opens_on, due_on, cohort_ids, theme_ids, loaded_on
  FROM round
 WHERE round_id = :round_id
   FOR UPDATE;

-- name: list_rounds_of(programme_id)
SELECT round_id, version, programme_id, report_kind, period, opens_on, due_on, cohort_ids, theme_ids, loaded_on
  FROM round
 WHERE programme_id = :programme_id
 ORDER BY round_id;

-- name: put_round(round_id, version, programme_id, report_kind, period, opens_on, due_on, cohort_ids, theme_ids, loaded_on)!
INSERT INTO round (round_id, version, programme_id, report_kind, period, opens_on, due_on, cohort_ids, theme_ids,
                   loaded_on)
VALUES (:round_id, :version, :programme_id, :report_kind, :period, :opens_on, :due_on, :cohort_ids, :theme_ids,
        :loaded_on)
ON CONFLICT ON CONSTRAINT round_pk DO UPDATE
   SET version = excluded.version, programme_id = excluded.programme_id, report_kind = excluded.report_kind,
       period = excluded.period, opens_on = excluded.opens_on, due_on = excluded.due_on,
       cohort_ids = excluded.cohort_ids, theme_ids = excluded.theme_ids;

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

-- name: turn_overdue(today)
UPDATE obligation AS o
   SET state = 'overdue'
  FROM round AS r
 WHERE r.round_id = o.round_id AND o.state = 'due'
   AND o.obligation_id IN (
       SELECT p.obligation_id
         FROM obligation AS p
         JOIN round AS q USING (round_id)
        WHERE p.state = 'due' AND q.due_on < :today
          FOR UPDATE OF p SKIP LOCKED)
RETURNING o.obligation_id, o.round_id, o.project_id, o.historical, r.version AS round_version, r.report_kind, r.period,
          r.opens_on, r.due_on;

-- name: lock_obligation(obligation_id)^
SELECT o.obligation_id, o.round_id, o.project_id, o.state, o.historical, o.first_submitted_at, o.days_late,
       r.version AS round_version, r.report_kind, r.period, r.opens_on, r.due_on
  FROM obligation AS o
  JOIN round AS r USING (round_id)
 WHERE o.obligation_id = :obligation_id
   FOR UPDATE OF o;

-- name: newest_report(obligation_id)^
-- A statement of its own after the lock: in the locking one it would be as old as the wait for the lock began.
SELECT version, origin, submitted_at
  FROM report
 WHERE obligation_id = :obligation_id
 ORDER BY version DESC
 LIMIT 1;

-- name: find_report(publisher, submission_id)^
SELECT publisher, submission_id, body_hash, obligation_id, version
  FROM report
 WHERE publisher = :publisher AND submission_id = :submission_id;

-- name: list_submitted(submission_ids)
SELECT submission_id
  FROM report
 WHERE submission_id = ANY(:submission_ids::uuid[]);

-- name: add_report(publisher, submission_id, body_hash, obligation_id, version, form_version, answers, signatures, submitted_at, origin)!
INSERT INTO report (publisher, submission_id, body_hash, obligation_id, version, form_version, answers, signatures,
                    submitted_at, origin)
VALUES (:publisher, :submission_id, :body_hash, :obligation_id, :version, :form_version, :answers::jsonb, :signatures,
        :submitted_at, :origin);

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

-- name: withdrawals_unlike_audit(count)
-- A figure is withdrawn when the audit log says so, and else not.
WITH told AS (
    SELECT DISTINCT after ->> 'publisher' AS publisher, substr(object, length('figure/') + 1) AS figure_id
      FROM audit_entry
     WHERE action = 'figure-withdrawn'
), held AS (
    SELECT publisher, figure_id::text AS figure_id, withdrawn_at IS NOT NULL AS is_withdrawn
      FROM figure
)
SELECT h.publisher, h.figure_id, h.is_withdrawn
  FROM held AS h
  LEFT JOIN told AS t USING (publisher, figure_id)
 WHERE h.is_withdrawn <> (t.figure_id IS NOT NULL)
 ORDER BY 1, 2
 LIMIT :count;

-- name: figures_unlike_audit(count)
-- Each figure must be claimed by exactly one audit entry, with the hash of its content.
WITH claim AS (
    SELECT e.object AS publisher, c.key AS figure_id, c.value AS hash
      FROM audit_entry AS e
     CROSS JOIN LATERAL jsonb_each_text(e.after -> 'figures') AS c (key, value)
     WHERE e.action = 'figures-accepted'
), held AS (
    SELECT 'publisher/' || f.publisher AS publisher, f.figure_id::text AS figure_id, encode(f.body_hash, 'hex') AS hash
      FROM figure AS f
)
SELECT coalesce(c.publisher, h.publisher) AS publisher, coalesce(c.figure_id, h.figure_id) AS figure_id,
       count(c.hash) AS claims, count(h.hash) AS held, bool_and(c.hash = h.hash) AS is_alike
  FROM claim AS c
  FULL JOIN held AS h ON h.publisher = c.publisher AND h.figure_id = c.figure_id
 GROUP BY 1, 2
HAVING count(c.hash) <> 1 OR count(h.hash) <> 1 OR NOT bool_and(c.hash = h.hash)
 ORDER BY 1, 2
 LIMIT :count;
