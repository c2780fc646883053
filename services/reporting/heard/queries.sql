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

-- name: list_projects(programme_id)
SELECT project_id, programme_id, cohort_id, theme_ids, ended_on
  FROM project
 WHERE programme_id = :programme_id
 ORDER BY project_id;

-- name: list_members(project_ids)
SELECT project_id, municipality_id, member_from, member_to
  FROM project_member
 WHERE project_id = ANY(:project_ids::text[]);

-- name: put_metric(metric_id, version, names, unit, kind, numerator, denominator, over_time, axes, better, decimals, minimum, maximum, small_persons)!
-- The WHERE keeps an older state that comes late from overwriting a newer one.
INSERT INTO metric AS m (metric_id, version, names, unit, kind, numerator, denominator, over_time, axes, better,
                         decimals, minimum, maximum, small_persons)
VALUES (:metric_id, :version, :names::jsonb, :unit, :kind, :numerator::jsonb, :denominator::jsonb, :over_time,
        :axes::jsonb, :better, :decimals, :minimum, :maximum, :small_persons)
ON CONFLICT ON CONSTRAINT metric_pk DO UPDATE
   SET version = excluded.version, names = excluded.names, unit = excluded.unit, kind = excluded.kind,
       numerator = excluded.numerator, denominator = excluded.denominator, over_time = excluded.over_time,
       axes = excluded.axes, better = excluded.better, decimals = excluded.decimals, minimum = excluded.minimum,
       maximum = excluded.maximum, small_persons = excluded.small_persons
 WHERE m.version < excluded.version;

-- name: list_metrics(metric_ids)
SELECT metric_id, names::text AS names, unit, kind, numerator::text AS numerator, denominator::text AS denominator,
       over_time, axes::text AS axes, better, decimals, minimum, maximum, small_persons
  FROM metric
 WHERE metric_id = ANY(:metric_ids::text[]);
