-- name: put_names(subjects, versions, nb, nn, en)!
-- The WHERE keeps an older state that comes late from overwriting a newer one.
INSERT INTO subject_name AS n (subject, version, nb, nn, en)
SELECT t.subject, t.version, t.nb, t.nn, t.en
  FROM unnest(:subjects::text[], :versions::int[], :nb::text[], :nn::text[], :en::text[])
       AS t (subject, version, nb, nn, en)
 ORDER BY t.subject
ON CONFLICT ON CONSTRAINT subject_name_pk DO UPDATE
   SET version = excluded.version, nb = excluded.nb, nn = excluded.nn, en = excluded.en
 WHERE n.version < excluded.version;

-- name: list_names(subjects)
SELECT subject, nb, nn, en
  FROM subject_name
 WHERE subject = ANY(:subjects::text[]);

-- name: put_municipality(municipality_id, version, valid_from, names, county_numbers)!
INSERT INTO municipality AS m (municipality_id, version, valid_from, names, county_numbers)
VALUES (:municipality_id, :version, :valid_from, :names, :county_numbers)
ON CONFLICT ON CONSTRAINT municipality_pk DO UPDATE
   SET version = excluded.version, valid_from = excluded.valid_from, names = excluded.names,
       county_numbers = excluded.county_numbers
 WHERE m.version < excluded.version;

-- name: list_municipalities(municipality_ids)
SELECT municipality_id, valid_from, names, county_numbers
  FROM municipality
 WHERE municipality_id = ANY(:municipality_ids::text[]) AND valid_from <> '{}';

-- name: put_project_subjects(project_id, version, subjects)!
INSERT INTO project_subject AS p (project_id, version, subjects)
VALUES (:project_id, :version, :subjects)
ON CONFLICT ON CONSTRAINT project_subject_pk DO UPDATE
   SET version = excluded.version, subjects = excluded.subjects
 WHERE p.version < excluded.version;

-- name: list_project_subjects(project_ids)
SELECT project_id, subjects
  FROM project_subject
 WHERE project_id = ANY(:project_ids::text[]);

-- name: put_metric(metric_id, version, unit, decimals, axes)!
INSERT INTO metric AS m (metric_id, version, unit, decimals, axes)
VALUES (:metric_id, :version, :unit, :decimals, :axes)
ON CONFLICT ON CONSTRAINT metric_pk DO UPDATE
   SET version = excluded.version, unit = excluded.unit, decimals = excluded.decimals, axes = excluded.axes
 WHERE m.version < excluded.version;

-- name: list_metrics(metric_ids)
SELECT metric_id, unit, decimals, axes
  FROM metric
 WHERE metric_id = ANY(:metric_ids::text[]);

-- name: put_person(person_id, version, email, language, roles)!
INSERT INTO person AS p (person_id, version, email, language, roles)
VALUES (:person_id, :version, :email, :language, :roles::jsonb)
ON CONFLICT ON CONSTRAINT person_pk DO UPDATE
   SET version = excluded.version, email = excluded.email, language = excluded.language, roles = excluded.roles
 WHERE p.version < excluded.version AND NOT p.erased;

-- name: erase_person(person_id)!
INSERT INTO person AS p (person_id, version, roles, erased)
VALUES (:person_id, 0, '[]', true)
ON CONFLICT ON CONSTRAINT person_pk DO UPDATE
   SET email = NULL, language = NULL, roles = '[]', erased = true;

-- name: list_holders(roles)
SELECT p.person_id, r.role->>'role' AS role, r.role->'scope'->>'programme' AS programme_id,
       r.role->'scope'->>'project' AS project_id, (r.role->>'from')::date AS holds_from,
       (r.role->>'to')::date AS holds_to
  FROM person AS p, jsonb_array_elements(p.roles) AS r (role)
 WHERE r.role->>'role' = ANY(:roles::text[])
 ORDER BY p.person_id;

-- name: list_projects_of(subject)
SELECT project_id
  FROM project_subject
 WHERE subjects @> ARRAY[:subject::text]
 ORDER BY project_id;
