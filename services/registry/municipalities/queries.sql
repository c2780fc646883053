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
