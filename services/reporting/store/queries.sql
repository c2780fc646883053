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

-- name: lock_municipalities(municipality_ids)
-- Order per municipality: whoever writes its figures holds its row, so outbox numbers follow the order of commits.
SELECT municipality_id
  FROM municipality
 WHERE municipality_id = ANY(:municipality_ids::text[])
 ORDER BY municipality_id
   FOR UPDATE;

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
SELECT f.publisher, f.figure_id, f.body_hash, f.vintage, f.findings::text AS findings, f.municipality_id, f.unit,
       f.definition_key, f.period, f.figure_window, f.in_force, f.withdrawn_at
  FROM unnest(:publishers::text[], :figure_ids::uuid[]) AS t (publisher, figure_id)
  JOIN figure AS f ON f.publisher = t.publisher AND f.figure_id = t.figure_id;

-- name: list_latest_at(municipality_ids, units, definition_keys, periods, windows)
-- The newest vintage of each place, and the figure in force there, which a withdrawal may have made an older one.
SELECT t.municipality_id, t.unit, t.definition_key, t.period, t.figure_window, last.vintage, force.figure_id,
       force.publisher
  FROM unnest(:municipality_ids::text[], :units::text[], :definition_keys::text[], :periods::text[], :windows::text[])
       AS t (municipality_id, unit, definition_key, period, figure_window)
  JOIN LATERAL (
       SELECT f.vintage
         FROM figure AS f
        WHERE f.municipality_id = t.municipality_id AND f.unit = t.unit AND f.definition_key = t.definition_key
          AND f.period = t.period AND f.figure_window = t.figure_window
        ORDER BY f.vintage DESC
        LIMIT 1) AS last ON true
  LEFT JOIN figure AS force
    ON force.municipality_id = t.municipality_id AND force.unit = t.unit AND force.definition_key = t.definition_key
   AND force.period = t.period AND force.figure_window = t.figure_window AND force.in_force;

-- name: list_series(municipality_ids, units, definition_keys)
SELECT s.municipality_id, s.unit, s.definition_key, s.weight_kind, s.last_period, s.last_rate
  FROM unnest(:municipality_ids::text[], :units::text[], :definition_keys::text[])
       AS t (municipality_id, unit, definition_key)
  JOIN series AS s USING (municipality_id, unit, definition_key);

-- name: put_series(municipality_ids, units, definition_keys, weight_kinds, last_periods, last_rates)!
INSERT INTO series (municipality_id, unit, definition_key, weight_kind, last_period, last_rate)
SELECT t.municipality_id, t.unit, t.definition_key, t.weight_kind, t.last_period, t.last_rate
  FROM unnest(:municipality_ids::text[], :units::text[], :definition_keys::text[], :weight_kinds::text[],
              :last_periods::text[], :last_rates::numeric[])
       AS t (municipality_id, unit, definition_key, weight_kind, last_period, last_rate)
ON CONFLICT ON CONSTRAINT series_pk DO UPDATE
   SET weight_kind = excluded.weight_kind, last_period = excluded.last_period, last_rate = excluded.last_rate;

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
 WHERE f.figure_id = :figure_id AND (:publisher::text IS NULL OR f.publisher = :publisher)
 ORDER BY f.publisher
 LIMIT 1;

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

-- name: add_obligations(obligation_ids, round_ids, project_ids, states, historical)!
INSERT INTO obligation (obligation_id, round_id, project_id, state, historical)
SELECT t.obligation_id, t.round_id, t.project_id, t.state, t.historical
  FROM unnest(:obligation_ids::uuid[], :round_ids::text[], :project_ids::text[], :states::text[],
              :historical::boolean[]) AS t (obligation_id, round_id, project_id, state, historical)
ON CONFLICT ON CONSTRAINT obligation_place DO NOTHING;

-- name: turn_due(today)
-- The guard on state makes each change happen once, however many replicas look.
UPDATE obligation AS o
   SET state = 'due'
  FROM round AS r
 WHERE r.round_id = o.round_id AND o.state = 'not_due' AND r.opens_on <= :today
RETURNING o.obligation_id, o.round_id, o.project_id, o.historical, r.report_kind, r.period, r.opens_on, r.due_on;

-- name: turn_overdue(today)
UPDATE obligation AS o
   SET state = 'overdue'
  FROM round AS r
 WHERE r.round_id = o.round_id AND o.state = 'due' AND r.due_on < :today
RETURNING o.obligation_id, o.round_id, o.project_id, o.historical, r.report_kind, r.period, r.opens_on, r.due_on;

-- name: lock_obligation(obligation_id)^
SELECT o.obligation_id, o.round_id, o.project_id, o.state, o.historical, o.first_submitted_at, o.days_late,
       r.report_kind, r.period, r.opens_on, r.due_on,
       (SELECT coalesce(max(p.version), 0) FROM report AS p WHERE p.obligation_id = o.obligation_id) AS report_count
  FROM obligation AS o
  JOIN round AS r USING (round_id)
 WHERE o.obligation_id = :obligation_id
   FOR UPDATE OF o;

-- name: find_report(publisher, submission_id)^
SELECT publisher, submission_id, body_hash, obligation_id, version
  FROM report
 WHERE publisher = :publisher AND submission_id = :submission_id;

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
       r.report_kind, r.period, r.opens_on, r.due_on
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
