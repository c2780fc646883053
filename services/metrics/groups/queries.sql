-- Arrays of numbers in the queries that every batch sends come as text, `{1,2,3}`: see shared/postgres/arrays.py.

-- name: hold_roster()$
-- Many may share it; whoever changes members or goals waits for them, and they for him. A row alone lets sharers pass
-- those who wait for it, for as long as there are any; an advisory lock has a queue.
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(7501))
SELECT stamp
  FROM turn, roster
   FOR SHARE OF roster;

-- name: turn_roster()$
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(7501))
UPDATE roster
   SET stamp = gen_random_uuid()
  FROM turn
RETURNING stamp;

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

-- name: list_group_keys(group_subjects)
-- The series that groups have or should have: their members' definitions, and those they had members of before.
SELECT DISTINCT m.group_subject AS subject, s.metric, s.definition_key
  FROM member m
  JOIN series s ON s.municipality_id = m.municipality_id
 WHERE m.group_subject = ANY(:group_subjects::text[]) AND s.joins_groups
 UNION
SELECT s.subject, s.metric, s.definition_key
  FROM series s
 WHERE s.subject = ANY(:group_subjects::text[]);

-- name: list_group_grains(group_subjects, metric, definition_key)
-- The shortest periods among members whose figures go into groups.
SELECT m.group_subject AS subject, min(s.months)::int AS months
  FROM member m
  JOIN series s ON s.municipality_id = m.municipality_id
 WHERE m.group_subject = ANY(:group_subjects::text[])
   AND s.metric = :metric AND s.definition_key = :definition_key
   AND s.joins_groups
 GROUP BY m.group_subject;

-- name: list_member_figures(metric, definition_key, municipality_ids, last_months, months)
SELECT s.municipality_id, f.last_month, f.months, f.posted_window, f.vintage, f.withdrawn, f.weighing, f.amount_micro,
       f.weight_micro, f.persons, f.generated, f.withheld
  FROM series s
  JOIN figure f ON f.series_id = s.series_id
 WHERE s.municipality_id = ANY(:municipality_ids::text[])
   AND s.metric = :metric AND s.definition_key = :definition_key
   AND f.last_month = ANY(:last_months::int[])
   AND f.months = :months
   AND f.posted_window = 0
   AND NOT f.replaced;

-- name: list_all_member_figures(metric, definition_key, municipality_ids, months)
SELECT s.municipality_id, f.last_month, f.months, f.posted_window, f.vintage, f.withdrawn, f.weighing, f.amount_micro,
       f.weight_micro, f.persons, f.generated, f.withheld
  FROM series s
  JOIN figure f ON f.series_id = s.series_id
 WHERE s.municipality_id = ANY(:municipality_ids::text[])
   AND s.metric = :metric AND s.definition_key = :definition_key
   AND f.months = :months
   AND f.posted_window = 0
   AND NOT f.replaced;

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
