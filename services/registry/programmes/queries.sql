-- name: seek_programme_ids(after, count)
SELECT programme_id
  FROM programme
 WHERE programme_id > :after
 ORDER BY programme_id
 LIMIT :count;

-- name: find_programme(programme_id)^
SELECT programme_id, version, names::text AS names, claimed::text AS claimed, report_kinds::text AS report_kinds,
       claimed_tables::text AS claimed_tables
  FROM programme
 WHERE programme_id = :programme_id;

-- name: list_cohorts(programme_id)
SELECT cohort_id, names::text AS names, starts_on, claimed::text AS claimed
  FROM cohort
 WHERE programme_id = :programme_id
 ORDER BY position;

-- name: list_themes(programme_id)
SELECT theme_id, names::text AS names, options::text AS options
  FROM theme
 WHERE programme_id = :programme_id
 ORDER BY position;

-- name: count_participants(programme_id)
-- What the data give, per cohort and, in the row without one, for the programme as a whole.
SELECT p.cohort_id, grouping(p.cohort_id) = 1 AS is_total,
       count(DISTINCT p.project_id) AS projects,
       count(DISTINCT m.municipality_id) AS municipalities,
       count(DISTINCT (m.project_id, m.municipality_id)) FILTER (WHERE m.project_id IS NOT NULL) AS memberships
  FROM project AS p
  LEFT JOIN project_member AS m USING (project_id)
 WHERE p.programme_id = :programme_id
 GROUP BY ROLLUP (p.cohort_id);

-- name: put_programme(programme_id, version, names, claimed, report_kinds, claimed_tables)!
INSERT INTO programme (programme_id, version, names, claimed, report_kinds, claimed_tables)
VALUES (:programme_id, :version, :names::jsonb, :claimed::jsonb, :report_kinds::jsonb, :claimed_tables::jsonb)
ON CONFLICT ON CONSTRAINT programme_pk DO UPDATE
   SET version = excluded.version, names = excluded.names, claimed = excluded.claimed,
       report_kinds = excluded.report_kinds, claimed_tables = excluded.claimed_tables;

-- name: remove_cohorts_but(programme_id, cohort_ids)!
DELETE FROM cohort
 WHERE programme_id = :programme_id AND NOT cohort_id = ANY(:cohort_ids::text[]);

-- name: put_cohorts(programme_id, cohort_ids, names, starts_on, claimed)
-- The WHERE leaves another programme's cohort alone; it is then missing among the returned.
INSERT INTO cohort AS c (cohort_id, programme_id, position, names, starts_on, claimed)
SELECT t.cohort_id, :programme_id, t.position, t.names::jsonb, t.starts_on, t.claimed::jsonb
  FROM unnest(:cohort_ids::text[], :names::text[], :starts_on::date[], :claimed::text[])
       WITH ORDINALITY AS t (cohort_id, names, starts_on, claimed, position)
ON CONFLICT ON CONSTRAINT cohort_pk DO UPDATE
   SET position = excluded.position, names = excluded.names, starts_on = excluded.starts_on, claimed = excluded.claimed
 WHERE c.programme_id = excluded.programme_id
RETURNING cohort_id;

-- name: remove_themes_but(programme_id, theme_ids)!
DELETE FROM theme
 WHERE programme_id = :programme_id AND NOT theme_id = ANY(:theme_ids::text[]);

-- name: put_themes(programme_id, theme_ids, names, options)!
INSERT INTO theme (programme_id, theme_id, position, names, options)
SELECT :programme_id, t.theme_id, t.position, t.names::jsonb, t.options::jsonb
  FROM unnest(:theme_ids::text[], :names::text[], :options::text[])
       WITH ORDINALITY AS t (theme_id, names, options, position)
ON CONFLICT ON CONSTRAINT theme_pk DO UPDATE
   SET position = excluded.position, names = excluded.names, options = excluded.options;
