-- name: lock(what)!
-- One writer at a time per kind of thing: the registry is written seldom and by one operator, its changes touch several
-- rows, and outbox numbers must follow the order of commits.
SELECT pg_advisory_xact_lock(hashtextextended(:what, 0));

-- name: list_municipalities(municipality_ids)
SELECT municipality_id, version
  FROM municipality
 WHERE municipality_id = ANY(:municipality_ids::text[])
 ORDER BY municipality_id;

-- name: list_municipality_versions(municipality_ids)
SELECT municipality_id, number, name, county_number, county_name, valid_from, valid_to
  FROM municipality_version
 WHERE municipality_id = ANY(:municipality_ids::text[])
 ORDER BY municipality_id, valid_from;

-- name: list_municipality_aliases(municipality_ids)
SELECT municipality_id, alias
  FROM municipality_alias
 WHERE municipality_id = ANY(:municipality_ids::text[])
 ORDER BY municipality_id, position;

-- name: list_successions(municipality_ids)
SELECT predecessor_id, successor_id, succeeded_on
  FROM municipality_succession
 WHERE predecessor_id = ANY(:municipality_ids::text[]) OR successor_id = ANY(:municipality_ids::text[])
 ORDER BY predecessor_id, successor_id;

-- name: list_all_municipality_ids()
SELECT municipality_id
  FROM municipality
 ORDER BY municipality_id;

-- name: seek_municipality_ids(number, at, search_key, county, cohort, theme, after, count)
-- Number, county and day must be met by the same version, cohort and theme by the same project.
SELECT m.municipality_id
  FROM municipality AS m
 WHERE m.municipality_id > :after
   AND (:search_key::text IS NULL OR EXISTS (
        SELECT FROM municipality_search_key AS k
         WHERE k.municipality_id = m.municipality_id AND k.search_key = :search_key))
   AND EXISTS (
        SELECT FROM municipality_version AS v
         WHERE v.municipality_id = m.municipality_id
           AND (:number::text IS NULL OR v.number = :number)
           AND (:county::text IS NULL OR v.county_number = :county OR lower(v.county_name) = lower(:county))
           AND (:at::date IS NULL OR v.valid_from <= :at AND (v.valid_to IS NULL OR :at < v.valid_to)))
   AND (:cohort::text IS NULL AND :theme::text IS NULL OR EXISTS (
        SELECT FROM project_member AS pm
          JOIN project AS p USING (project_id)
         WHERE pm.municipality_id = m.municipality_id
           AND (:cohort::text IS NULL OR p.cohort_id = :cohort)
           AND (:theme::text IS NULL OR EXISTS (
                SELECT FROM project_theme AS t
                 WHERE t.project_id = p.project_id AND t.theme_id = :theme))))
 ORDER BY m.municipality_id
 LIMIT :count;

-- name: put_municipalities(municipality_ids, versions)!
INSERT INTO municipality AS m (municipality_id, version)
SELECT t.municipality_id, t.version
  FROM unnest(:municipality_ids::text[], :versions::integer[]) AS t (municipality_id, version)
ON CONFLICT ON CONSTRAINT municipality_pk DO UPDATE
   SET version = excluded.version;

-- name: remove_municipality_versions(municipality_ids)!
DELETE FROM municipality_version
 WHERE municipality_id = ANY(:municipality_ids::text[]);

-- name: add_municipality_versions(ids, numbers, names, county_numbers, county_names, valid_from, valid_to)!
INSERT INTO municipality_version (municipality_id, number, name, county_number, county_name, valid_from, valid_to)
SELECT t.municipality_id, t.number, t.name, t.county_number, t.county_name, t.valid_from, t.valid_to
  FROM unnest(:ids::text[], :numbers::text[], :names::text[], :county_numbers::text[], :county_names::text[],
              :valid_from::date[], :valid_to::date[])
       AS t (municipality_id, number, name, county_number, county_name, valid_from, valid_to);

-- name: remove_municipality_aliases(municipality_ids)!
DELETE FROM municipality_alias
 WHERE municipality_id = ANY(:municipality_ids::text[]);

-- name: add_municipality_aliases(ids, positions, aliases)!
INSERT INTO municipality_alias (municipality_id, position, alias)
SELECT t.municipality_id, t.position, t.alias
  FROM unnest(:ids::text[], :positions::integer[], :aliases::text[]) AS t (municipality_id, position, alias);

-- name: remove_municipality_search_keys(municipality_ids)!
DELETE FROM municipality_search_key
 WHERE municipality_id = ANY(:municipality_ids::text[]);

-- name: add_municipality_search_keys(ids, search_keys)!
INSERT INTO municipality_search_key (municipality_id, search_key)
SELECT t.municipality_id, t.search_key
  FROM unnest(:ids::text[], :search_keys::text[]) AS t (municipality_id, search_key);

-- name: add_successions(predecessor_ids, successor_ids, succeeded_on)!
-- Lineage only grows: a link that is known stays.
INSERT INTO municipality_succession (predecessor_id, successor_id, succeeded_on)
SELECT t.predecessor_id, t.successor_id, t.succeeded_on
  FROM unnest(:predecessor_ids::text[], :successor_ids::text[], :succeeded_on::date[])
       AS t (predecessor_id, successor_id, succeeded_on)
ON CONFLICT ON CONSTRAINT municipality_succession_pk DO NOTHING;

-- name: find_change(change_id)^
SELECT content::text AS content, municipality_ids
  FROM municipality_change
 WHERE change_id = :change_id;

-- name: list_change_ids()
SELECT change_id
  FROM municipality_change;

-- name: add_change(change_id, content, municipality_ids, applied_at)!
INSERT INTO municipality_change (change_id, content, municipality_ids, applied_at)
VALUES (:change_id, :content::jsonb, :municipality_ids::text[], :applied_at);

-- name: list_programmes(after, count)
SELECT programme_id
  FROM programme
 WHERE programme_id > :after
 ORDER BY programme_id
 LIMIT :count;

-- name: find_programme(programme_id)^
SELECT programme_id, version, names::text AS names, claimed::text AS claimed, report_kinds::text AS report_kinds
  FROM programme
 WHERE programme_id = :programme_id;

-- name: list_cohorts(programme_id)
SELECT cohort_id, names::text AS names, starts_on, claimed::text AS claimed
  FROM cohort
 WHERE programme_id = :programme_id
 ORDER BY position;

-- name: list_themes(programme_id)
SELECT theme_id, names::text AS names
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

-- name: put_programme(programme_id, version, names, claimed, report_kinds)!
INSERT INTO programme (programme_id, version, names, claimed, report_kinds)
VALUES (:programme_id, :version, :names::jsonb, :claimed::jsonb, :report_kinds::jsonb)
ON CONFLICT ON CONSTRAINT programme_pk DO UPDATE
   SET version = excluded.version, names = excluded.names, claimed = excluded.claimed,
       report_kinds = excluded.report_kinds;

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

-- name: put_themes(programme_id, theme_ids, names)!
INSERT INTO theme (programme_id, theme_id, position, names)
SELECT :programme_id, t.theme_id, t.position, t.names::jsonb
  FROM unnest(:theme_ids::text[], :names::text[]) WITH ORDINALITY AS t (theme_id, names, position)
ON CONFLICT ON CONSTRAINT theme_pk DO UPDATE
   SET position = excluded.position, names = excluded.names;

-- name: list_projects(project_ids)
SELECT project_id, version, programme_id, names::text AS names, cohort_id, goals::text AS goals, ended_on
  FROM project
 WHERE project_id = ANY(:project_ids::text[])
 ORDER BY project_id;

-- name: list_project_themes(project_ids)
SELECT project_id, theme_id
  FROM project_theme
 WHERE project_id = ANY(:project_ids::text[])
 ORDER BY project_id, position;

-- name: list_project_members(project_ids)
SELECT project_id, municipality_id, member_from, member_to
  FROM project_member
 WHERE project_id = ANY(:project_ids::text[])
 ORDER BY project_id, position;

-- name: seek_project_ids(programme, cohort, theme, municipality, after, count)
SELECT p.project_id
  FROM project AS p
 WHERE p.project_id > :after
   AND (:programme::text IS NULL OR p.programme_id = :programme)
   AND (:cohort::text IS NULL OR p.cohort_id = :cohort)
   AND (:theme::text IS NULL OR EXISTS (
        SELECT FROM project_theme AS t
         WHERE t.project_id = p.project_id AND t.theme_id = :theme))
   AND (:municipality::text IS NULL OR EXISTS (
        SELECT FROM project_member AS m
         WHERE m.project_id = p.project_id AND m.municipality_id = :municipality))
 ORDER BY p.project_id
 LIMIT :count;

-- name: put_project(project_id, version, programme_id, names, cohort_id, goals, ended_on)!
INSERT INTO project (project_id, version, programme_id, names, cohort_id, goals, ended_on)
VALUES (:project_id, :version, :programme_id, :names::jsonb, :cohort_id, :goals::jsonb, :ended_on)
ON CONFLICT ON CONSTRAINT project_pk DO UPDATE
   SET version = excluded.version, names = excluded.names, cohort_id = excluded.cohort_id, goals = excluded.goals,
       ended_on = excluded.ended_on;

-- name: remove_project_themes(project_id)!
DELETE FROM project_theme
 WHERE project_id = :project_id;

-- name: add_project_themes(programme_id, project_id, theme_ids)!
INSERT INTO project_theme (programme_id, project_id, theme_id, position)
SELECT :programme_id, :project_id, t.theme_id, t.position
  FROM unnest(:theme_ids::text[]) WITH ORDINALITY AS t (theme_id, position);

-- name: remove_project_members(project_id)!
DELETE FROM project_member
 WHERE project_id = :project_id;

-- name: add_project_members(project_id, municipality_ids, member_from, member_to)!
INSERT INTO project_member (project_id, position, municipality_id, member_from, member_to)
SELECT :project_id, t.position, t.municipality_id, t.member_from, t.member_to
  FROM unnest(:municipality_ids::text[], :member_from::date[], :member_to::date[])
       WITH ORDINALITY AS t (municipality_id, member_from, member_to, position);

-- name: list_publishers(organisation_numbers)
SELECT organisation_number, version, name, revoked_at
  FROM publisher
 WHERE organisation_number = ANY(:organisation_numbers::text[])
 ORDER BY organisation_number;

-- name: list_mandates(organisation_numbers)
SELECT organisation_number, municipality_id, mandate_from, mandate_to
  FROM publisher_mandate
 WHERE organisation_number = ANY(:organisation_numbers::text[])
 ORDER BY organisation_number, position;

-- name: list_keys(organisation_numbers)
SELECT organisation_number, key_id, hash, created_at, expires_at, revoked_at
  FROM publisher_key
 WHERE organisation_number = ANY(:organisation_numbers::text[])
 ORDER BY organisation_number, created_at, key_id;

-- name: seek_organisation_numbers(after, count)
SELECT organisation_number
  FROM publisher
 WHERE organisation_number > :after
 ORDER BY organisation_number
 LIMIT :count;

-- name: put_publisher_row(organisation_number, version, name, revoked_at)!
INSERT INTO publisher (organisation_number, version, name, revoked_at)
VALUES (:organisation_number, :version, :name, :revoked_at)
ON CONFLICT ON CONSTRAINT publisher_pk DO UPDATE
   SET version = excluded.version, name = excluded.name, revoked_at = excluded.revoked_at;

-- name: remove_mandates(organisation_number)!
DELETE FROM publisher_mandate
 WHERE organisation_number = :organisation_number;

-- name: add_mandates(organisation_number, municipality_ids, mandate_from, mandate_to)!
INSERT INTO publisher_mandate (organisation_number, position, municipality_id, mandate_from, mandate_to)
SELECT :organisation_number, t.position, t.municipality_id, t.mandate_from, t.mandate_to
  FROM unnest(:municipality_ids::text[], :mandate_from::date[], :mandate_to::date[])
       WITH ORDINALITY AS t (municipality_id, mandate_from, mandate_to, position);

-- name: put_keys(organisation_number, key_ids, hashes, created_at, expires_at, revoked_at)!
INSERT INTO publisher_key (key_id, organisation_number, hash, created_at, expires_at, revoked_at)
SELECT t.key_id, :organisation_number, t.hash, t.created_at, t.expires_at, t.revoked_at
  FROM unnest(:key_ids::text[], :hashes::text[], :created_at::timestamptz[], :expires_at::timestamptz[],
              :revoked_at::timestamptz[])
       AS t (key_id, hash, created_at, expires_at, revoked_at)
ON CONFLICT ON CONSTRAINT publisher_key_pk DO UPDATE
   SET revoked_at = excluded.revoked_at;
