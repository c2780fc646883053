-- Arrays of numbers in the queries that every batch sends come as text, `{1,2,3}`: see arrays.py.

-- name: hold_roster()^
-- Many may share it; whoever changes members or goals waits for them, and they for him. A row alone lets sharers pass
-- those who wait for it, for as long as there are any; an advisory lock has a queue. Small cells are asked for on the
-- way, because most batches then need no query of their own for them.
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(7501))
SELECT stamp, EXISTS (SELECT FROM small_cell) AS has_small
  FROM turn, roster
   FOR SHARE OF roster;

-- name: turn_roster()$
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(7501))
UPDATE roster
   SET stamp = gen_random_uuid()
  FROM turn
RETURNING stamp;

-- name: put_municipality(municipality_id, version, versions, number, name, county_number, county_name, born_month, ended_month, successors)$
-- The WHERE keeps an older state that comes late from overwriting a newer one; the same one comes again on a new day.
INSERT INTO municipality AS m (municipality_id, version, versions, number, name, county_number, county_name, born_month,
                               ended_month, successors)
VALUES (:municipality_id, :version, :versions::jsonb, :number, :name, :county_number, :county_name, :born_month,
        :ended_month, :successors::jsonb)
ON CONFLICT ON CONSTRAINT municipality_pk DO UPDATE
   SET version = excluded.version, versions = excluded.versions, number = excluded.number, name = excluded.name,
       county_number = excluded.county_number, county_name = excluded.county_name, born_month = excluded.born_month,
       ended_month = excluded.ended_month, successors = excluded.successors
 WHERE m.version <= excluded.version
RETURNING municipality_id;

-- name: put_programme(programme_id, version, content)!
INSERT INTO programme AS p (programme_id, version, content)
VALUES (:programme_id, :version, :content::jsonb)
ON CONFLICT ON CONSTRAINT programme_pk DO UPDATE
   SET version = excluded.version, content = excluded.content
 WHERE p.version < excluded.version;

-- name: put_project(project_id, version, programme_id, names, cohort_id, theme_ids, ended_on)$
INSERT INTO project AS p (project_id, version, programme_id, names, cohort_id, theme_ids, ended_on)
VALUES (:project_id, :version, :programme_id, :names::jsonb, :cohort_id, :theme_ids, :ended_on)
ON CONFLICT ON CONSTRAINT project_pk DO UPDATE
   SET version = excluded.version, programme_id = excluded.programme_id, names = excluded.names,
       cohort_id = excluded.cohort_id, theme_ids = excluded.theme_ids, ended_on = excluded.ended_on
 WHERE p.version <= excluded.version
RETURNING project_id;

-- name: put_coming(subject, turns_on, content)!
INSERT INTO coming (subject, turns_on, content)
VALUES (:subject, :turns_on, :content::jsonb)
ON CONFLICT ON CONSTRAINT coming_pk DO UPDATE
   SET turns_on = excluded.turns_on, content = excluded.content;

-- name: remove_coming(subject)!
DELETE FROM coming
 WHERE subject = :subject;

-- name: list_come(today)
SELECT subject, content::text AS content
  FROM coming
 WHERE turns_on <= :today
 ORDER BY subject;

-- name: list_groups_of_municipality(municipality_id)
SELECT DISTINCT group_subject
  FROM member
 WHERE municipality_id = :municipality_id;

-- name: list_members_of_project(project_id)
SELECT group_subject, municipality_id
  FROM member
 WHERE project_id = :project_id;

-- name: remove_members_of_project(project_id)!
DELETE FROM member
 WHERE project_id = :project_id;

-- name: remove_county_of_municipality(municipality_id)!
DELETE FROM member
 WHERE municipality_id = :municipality_id AND project_id = '';

-- name: add_members(group_subjects, municipality_ids, project_id)!
INSERT INTO member (group_subject, municipality_id, project_id)
SELECT t.group_subject, t.municipality_id, :project_id
  FROM unnest(:group_subjects::text[], :municipality_ids::text[]) AS t (group_subject, municipality_id);

-- name: list_members()
SELECT DISTINCT group_subject, municipality_id
  FROM member;

-- name: list_lives()
SELECT municipality_id, born_month, ended_month
  FROM municipality
 WHERE born_month IS NOT NULL OR ended_month IS NOT NULL;

-- name: list_goals()
SELECT project_id, goal_id, subject, definition_key, goal_window, falling, baseline, baseline_period, target, due_on,
       persons_per_point
  FROM goal;

-- name: list_goals_of_project(project_id)
SELECT project_id, goal_id, subject, definition_key, goal_window, falling, baseline, baseline_period, target, due_on,
       persons_per_point
  FROM goal
 WHERE project_id = :project_id;

-- name: put_goal(project_id, goal_id, subject, definition_key, goal_window, falling, baseline, baseline_period, target, due_on, persons_per_point)!
-- A goal that moved to another series starts anew there; one that only changed keeps what was last said of it.
INSERT INTO goal AS g (project_id, goal_id, subject, definition_key, goal_window, falling, baseline, baseline_period,
                       target, due_on, persons_per_point)
VALUES (:project_id, :goal_id, :subject, :definition_key, :goal_window, :falling, :baseline, :baseline_period,
        :target, :due_on, :persons_per_point)
ON CONFLICT ON CONSTRAINT goal_pk DO UPDATE
   SET subject = excluded.subject, definition_key = excluded.definition_key, goal_window = excluded.goal_window,
       falling = excluded.falling, baseline = excluded.baseline, baseline_period = excluded.baseline_period,
       target = excluded.target, due_on = excluded.due_on, persons_per_point = excluded.persons_per_point,
       state = CASE WHEN (g.subject, g.definition_key) = (excluded.subject, excluded.definition_key)
                    THEN g.state ELSE 'open' END,
       judged_month = CASE WHEN (g.subject, g.definition_key) = (excluded.subject, excluded.definition_key)
                           THEN g.judged_month END;

-- name: remove_goals(project_id, goal_ids)!
DELETE FROM goal
 WHERE project_id = :project_id AND goal_id = ANY(:goal_ids::text[]);

-- name: list_standings(subjects)
SELECT project_id, goal_id, state, judged_month
  FROM goal
 WHERE subject = ANY(:subjects::text[]);

-- name: put_standings(project_ids, goal_ids, states, judged_months)!
UPDATE goal AS g
   SET state = t.state, judged_month = t.judged_month
  FROM unnest(:project_ids::text[], :goal_ids::text[], :states::text[], :judged_months::int[])
       AS t (project_id, goal_id, state, judged_month)
 WHERE g.project_id = t.project_id AND g.goal_id = t.goal_id;

-- name: lock_series(subjects, definition_keys)
-- In one order for everybody, or two batches that touch the same groups would wait for each other for ever.
SELECT s.series_id, s.subject, s.definition_key, s.municipality_id, s.months, s.first_month, s.last_month, s.adds_days,
       s.is_whole
  FROM unnest(:subjects::text[], :definition_keys::text[]) AS t (subject, definition_key)
  JOIN series s ON s.subject = t.subject AND s.definition_key = t.definition_key
 ORDER BY s.series_id
   FOR UPDATE OF s;

-- name: add_series(subjects, definition_keys, municipality_ids)!
INSERT INTO series (subject, definition_key, municipality_id)
SELECT t.subject, t.definition_key, t.municipality_id
  FROM unnest(:subjects::text[], :definition_keys::text[], :municipality_ids::text[])
       AS t (subject, definition_key, municipality_id)
 ORDER BY t.subject, t.definition_key
ON CONFLICT ON CONSTRAINT series_subject DO NOTHING;

-- name: put_extents(series_ids, months, first_months, last_months, adds_days, is_whole)!
UPDATE series AS s
   SET months = t.months, first_month = t.first_month, last_month = t.last_month, adds_days = t.adds_days,
       is_whole = t.is_whole
  FROM unnest(:series_ids::text::int[], :months::text::smallint[], :first_months::text::int[], :last_months::text::int[],
              :adds_days::text::boolean[], :is_whole::text::boolean[])
       AS t (series_id, months, first_month, last_month, adds_days, is_whole)
 WHERE s.series_id = t.series_id;

-- name: list_group_keys(group_subjects)
-- The series that groups have or should have: their members' definitions, and those they had members of before.
SELECT DISTINCT m.group_subject AS subject, s.definition_key
  FROM member m
  JOIN series s ON s.municipality_id = m.municipality_id
 WHERE m.group_subject = ANY(:group_subjects::text[]) AND s.adds_days
 UNION
SELECT s.subject, s.definition_key
  FROM series s
 WHERE s.subject = ANY(:group_subjects::text[]);

-- name: list_group_grains(group_subjects, definition_key)
-- The shortest periods among members whose figures go into groups.
SELECT m.group_subject AS subject, min(s.months)::int AS months
  FROM member m
  JOIN series s ON s.municipality_id = m.municipality_id
 WHERE m.group_subject = ANY(:group_subjects::text[])
   AND s.definition_key = :definition_key
   AND s.adds_days
 GROUP BY m.group_subject;

-- name: add_withdrawals(series_ids, figure_ids)!
INSERT INTO withdrawal (series_id, figure_id)
SELECT t.series_id, t.figure_id
  FROM unnest(:series_ids::int[], :figure_ids::uuid[]) AS t (series_id, figure_id)
ON CONFLICT ON CONSTRAINT withdrawal_pk DO NOTHING;

-- name: add_figures(series_ids, last_months, months, posted_windows, vintages, figure_ids, weighings, amounts, weights, persons, generated)!
-- A vintage that is there already stays as it is: the same event again, or a withdrawal that brought it before.
INSERT INTO figure (series_id, last_month, months, posted_window, vintage, figure_id, withdrawn, weighing, amount_micro,
                    weight_micro, persons, generated)
SELECT t.series_id, t.last_month, t.months, t.posted_window, t.vintage, t.figure_id,
       EXISTS (SELECT FROM withdrawal w WHERE w.series_id = t.series_id AND w.figure_id = t.figure_id),
       t.weighing, t.amount_micro, t.weight_micro, t.persons, t.generated
  FROM unnest(:series_ids::text::int[], :last_months::text::int[], :months::text::smallint[], :posted_windows::text::smallint[],
              :vintages::text::int[], :figure_ids::uuid[], :weighings::text::smallint[], :amounts::text::bigint[], :weights::text::bigint[],
              :persons::text::int[], :generated::text::boolean[])
       AS t (series_id, last_month, months, posted_window, vintage, figure_id, weighing, amount_micro, weight_micro,
             persons, generated)
ON CONFLICT ON CONSTRAINT figure_pk DO NOTHING;

-- name: withdraw_figures(series_ids, last_months, months, posted_windows, figure_ids)!
UPDATE figure AS f
   SET withdrawn = true
  FROM unnest(:series_ids::int[], :last_months::int[], :months::smallint[], :posted_windows::smallint[],
              :figure_ids::uuid[])
       AS t (series_id, last_month, months, posted_window, figure_id)
 WHERE f.series_id = t.series_id AND f.last_month = t.last_month AND f.months = t.months
   AND f.posted_window = t.posted_window AND f.figure_id = t.figure_id;

-- name: unmark_replaced(series_ids, last_months, months, posted_windows)!
UPDATE figure AS f
   SET replaced = false
  FROM unnest(:series_ids::int[], :last_months::int[], :months::smallint[], :posted_windows::smallint[])
       AS t (series_id, last_month, months, posted_window)
 WHERE f.series_id = t.series_id AND f.last_month = t.last_month AND f.months = t.months
   AND f.posted_window = t.posted_window AND f.replaced;

-- name: mark_replaced(series_ids, last_months, months, posted_windows)!
UPDATE figure AS f
   SET replaced = true
  FROM (
           SELECT g.series_id, g.last_month, g.months, g.posted_window, g.vintage,
                  NOT g.withdrawn AND g.vintage < max(g.vintage) FILTER (WHERE NOT g.withdrawn) OVER (
                      PARTITION BY g.series_id, g.last_month, g.months, g.posted_window, g.weighing <= 1
                  ) AS replaced
             FROM unnest(:series_ids::text::int[], :last_months::text::int[], :months::text::smallint[],
                         :posted_windows::text::smallint[])
                  AS t (series_id, last_month, months, posted_window)
             JOIN figure AS g USING (series_id, last_month, months, posted_window)
            WHERE NOT g.replaced
       ) AS t
 WHERE f.series_id = t.series_id AND f.last_month = t.last_month AND f.months = t.months
   AND f.posted_window = t.posted_window AND f.vintage = t.vintage AND t.replaced;

-- name: list_figures(series_ids, since_months)
SELECT f.series_id, f.last_month, f.months, f.posted_window, f.vintage, f.withdrawn, f.weighing, f.amount_micro,
       f.weight_micro, f.persons, f.generated
  FROM unnest(:series_ids::text::int[], :since_months::text::int[]) AS t (series_id, since_month)
  JOIN figure f ON f.series_id = t.series_id AND f.last_month >= t.since_month AND NOT f.replaced;

-- name: list_member_figures(definition_key, municipality_ids, last_months, months)
SELECT s.municipality_id, f.last_month, f.months, f.posted_window, f.vintage, f.withdrawn, f.weighing, f.amount_micro,
       f.weight_micro, f.persons, f.generated
  FROM series s
  JOIN figure f ON f.series_id = s.series_id
 WHERE s.municipality_id = ANY(:municipality_ids::text[])
   AND s.definition_key = :definition_key
   AND f.last_month = ANY(:last_months::int[])
   AND f.months = :months
   AND f.posted_window = 0
   AND NOT f.replaced;

-- name: list_all_member_figures(definition_key, municipality_ids, months)
SELECT s.municipality_id, f.last_month, f.months, f.posted_window, f.vintage, f.withdrawn, f.weighing, f.amount_micro,
       f.weight_micro, f.persons, f.generated
  FROM series s
  JOIN figure f ON f.series_id = s.series_id
 WHERE s.municipality_id = ANY(:municipality_ids::text[])
   AND s.definition_key = :definition_key
   AND f.months = :months
   AND f.posted_window = 0
   AND NOT f.replaced;

-- name: add_small_cells(last_months, municipality_ids)!
INSERT INTO small_cell (last_month, municipality_id)
SELECT DISTINCT t.last_month, t.municipality_id
  FROM unnest(:last_months::int[], :municipality_ids::text[]) AS t (last_month, municipality_id)
ON CONFLICT ON CONSTRAINT small_cell_pk DO NOTHING;

-- name: list_small_municipalities(last_months)
-- Municipalities with a small cell at one of these months, or ever when none are given.
SELECT DISTINCT municipality_id
  FROM small_cell
 WHERE :last_months::int[] IS NULL OR last_month = ANY(:last_months::int[]);

-- name: remove_parts(series_ids)!
DELETE FROM group_part
 WHERE series_id = ANY(:series_ids::int[]);

-- name: put_parts(series_ids, last_months, numerators, denominators, weighings, present, suppressed, generated)!
INSERT INTO group_part AS p (series_id, last_month, numerator, denominator, weighing, present, suppressed, generated)
SELECT t.series_id, t.last_month, t.numerator, t.denominator, t.weighing, t.present, t.suppressed,
       t.generated
  FROM unnest(:series_ids::text::int[], :last_months::text::int[], :numerators::text::numeric[], :denominators::text::numeric[],
              :weighings::text::smallint[], :present::text::int[], :suppressed::text::boolean[], :generated::text::boolean[])
       AS t (series_id, last_month, numerator, denominator, weighing, present, suppressed, generated)
ON CONFLICT ON CONSTRAINT group_part_pk DO UPDATE
   SET numerator = excluded.numerator, denominator = excluded.denominator, weighing = excluded.weighing,
       present = excluded.present, suppressed = excluded.suppressed, generated = excluded.generated;

-- name: list_parts(series_ids, since_months)
SELECT p.series_id, p.last_month, p.numerator::text AS numerator, p.denominator::text AS denominator, p.weighing,
       p.present, p.suppressed, p.generated
  FROM unnest(:series_ids::text::int[], :since_months::text::int[]) AS t (series_id, since_month)
  JOIN group_part p ON p.series_id = t.series_id AND p.last_month >= t.since_month;

-- name: list_states_at(series_ids, last_months, months)
SELECT st.series_id, st.last_month, st.months, st.version, st.content::text AS content, st.unrounded
  FROM unnest(:series_ids::text::int[], :last_months::text::int[], :months::text::smallint[]) AS t (series_id, last_month, months)
  JOIN state st ON st.series_id = t.series_id AND st.last_month = t.last_month AND st.months = t.months;

-- name: list_state_places(series_ids)
SELECT series_id, last_month, months
  FROM state
 WHERE series_id = ANY(:series_ids::int[]);

-- name: replace_states(series_ids, last_months, months, versions, contents, unrounded, computed_at)!
UPDATE state AS st
   SET version = t.version, content = t.content::json, unrounded = t.unrounded::bigint[], computed_at = :computed_at
  FROM unnest(:series_ids::text::int[], :last_months::text::int[], :months::text::smallint[], :versions::text::int[], :contents::text[],
              :unrounded::text[])
       AS t (series_id, last_month, months, version, content, unrounded)
 WHERE st.series_id = t.series_id AND st.last_month = t.last_month AND st.months = t.months;

-- name: list_published(subject, definition_key, from_month, to_month, months, after_definition, after_month, after_months, count)
-- `months`: states at which a window of that many months ends; null for windows that end with every period.
-- States outside the series' present grain and extent are kept for their versions only.
SELECT s.definition_key, st.last_month, st.months, st.version, st.content::text AS content, st.unrounded,
       st.computed_at
  FROM series s
  JOIN state st ON st.series_id = s.series_id
 WHERE s.subject = :subject
   AND (:definition_key::text IS NULL OR s.definition_key = :definition_key)
   AND st.months = s.months
   AND st.last_month BETWEEN greatest(s.first_month, :from_month::int) AND least(s.last_month, :to_month::int)
   AND (:months::int IS NULL OR (st.months <= :months::int AND (st.last_month + 1) % :months::int = 0))
   AND (s.definition_key, st.last_month, st.months)
       > (:after_definition::text, :after_month::int, :after_months::int)
 ORDER BY s.definition_key, st.last_month, st.months
 LIMIT :count;

-- name: list_spans(subject)
-- The first and the last period that a figure in force ends with. One of a window that ends within a period of the grain
-- is shown nowhere.
SELECT s.definition_key, min(f.last_month) AS first_month, max(f.last_month) AS last_month
  FROM series s
  JOIN figure f ON f.series_id = s.series_id
 WHERE s.subject = :subject AND NOT f.withdrawn AND (f.last_month + 1) % s.months = 0
 GROUP BY s.definition_key
 ORDER BY s.definition_key;

-- name: list_latest()
-- The state of every municipality's series at the last period that a figure in force ends with, for the front page.
SELECT s.municipality_id, s.definition_key, st.last_month, st.months, st.version, st.content::text AS content,
       st.unrounded, st.computed_at
  FROM series s
  JOIN state st ON st.series_id = s.series_id AND st.months = s.months
   AND st.last_month = (SELECT max(f.last_month)
                          FROM figure f
                         WHERE f.series_id = s.series_id AND NOT f.withdrawn AND (f.last_month + 1) % s.months = 0)
 WHERE s.municipality_id IS NOT NULL
 ORDER BY s.municipality_id, s.definition_key;

-- name: find_municipality(municipality_id)^
SELECT municipality_id, number, name, county_number, county_name, versions::text AS versions,
       successors::text AS successors
  FROM municipality
 WHERE municipality_id = :municipality_id;

-- name: list_municipalities()
SELECT municipality_id, number, name, county_number, county_name, versions::text AS versions,
       successors::text AS successors
  FROM municipality
 ORDER BY municipality_id;

-- name: list_programmes()
SELECT programme_id, content::text AS content
  FROM programme
 ORDER BY programme_id;

-- name: list_projects()
SELECT p.project_id, p.programme_id, p.names::text AS names, p.cohort_id, p.theme_ids, p.ended_on,
       array(SELECT m.municipality_id
               FROM member m
              WHERE m.project_id = p.project_id AND m.group_subject = 'project/' || p.project_id
              ORDER BY m.municipality_id) AS municipality_ids
  FROM project p
 ORDER BY p.project_id;

-- name: list_goals_of(subject)
SELECT project_id, goal_id, subject, definition_key, goal_window, falling, baseline, baseline_period, target, due_on,
       persons_per_point
  FROM goal
 WHERE subject = :subject;

-- name: list_versions()
SELECT s.subject, s.definition_key, st.last_month, st.months, st.version
  FROM state AS st
  JOIN series AS s USING (series_id);
