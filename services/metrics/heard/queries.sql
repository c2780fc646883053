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

-- name: put_programme(programme_id, version, names, cohorts, themes)!
INSERT INTO programme AS p (programme_id, version, names, cohorts, themes)
VALUES (:programme_id, :version, :names::jsonb, :cohorts::jsonb, :themes::jsonb)
ON CONFLICT ON CONSTRAINT programme_pk DO UPDATE
   SET version = excluded.version, names = excluded.names, cohorts = excluded.cohorts, themes = excluded.themes
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

-- name: list_lives()
SELECT municipality_id, born_month, ended_month
  FROM municipality
 WHERE born_month IS NOT NULL OR ended_month IS NOT NULL;

-- name: find_municipality(municipality_id)^
SELECT municipality_id, number, name, county_number, county_name, versions::text AS versions,
       successors::text AS successors
  FROM municipality
 WHERE municipality_id = :municipality_id;

-- name: list_number_bearers(number)
SELECT municipality_id
  FROM municipality
 WHERE versions @> jsonb_build_array(jsonb_build_object('number', :number::text))
 ORDER BY municipality_id;

-- name: list_municipalities()
SELECT municipality_id, number, name, county_number, county_name, versions::text AS versions,
       successors::text AS successors
  FROM municipality
 ORDER BY municipality_id;

-- name: list_programmes()
SELECT programme_id, names::text AS names, cohorts::text AS cohorts, themes::text AS themes
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

-- name: list_waiting(metrics)
-- What was heard of projects that have goals of these metrics and are to be heard again.
SELECT DISTINCT c.subject, c.content::text AS content
  FROM coming c
 CROSS JOIN LATERAL jsonb_array_elements(c.content -> 'goals') AS g (goal)
 WHERE c.subject LIKE 'project/%' AND g.goal ->> 'metric' = ANY(:metrics::text[])
 ORDER BY c.subject;

-- name: put_metric(metric_id, version, names, unit, kind, numerator, denominator, over_time, axes, better, decimals, minimum, maximum, small_persons)$
INSERT INTO metric AS m (metric_id, version, names, unit, kind, numerator, denominator, over_time, axes, better,
                         decimals, minimum, maximum, small_persons)
VALUES (:metric_id, :version, :names::jsonb, :unit, :kind, :numerator::jsonb, :denominator::jsonb, :over_time,
        :axes::jsonb, :better, :decimals, :minimum, :maximum, :small_persons)
ON CONFLICT ON CONSTRAINT metric_pk DO UPDATE
   SET version = excluded.version, names = excluded.names, unit = excluded.unit, kind = excluded.kind,
       numerator = excluded.numerator, denominator = excluded.denominator, over_time = excluded.over_time,
       axes = excluded.axes, better = excluded.better, decimals = excluded.decimals, minimum = excluded.minimum,
       maximum = excluded.maximum, small_persons = excluded.small_persons
 WHERE m.version < excluded.version
RETURNING metric_id;

-- name: list_metrics()
SELECT metric_id, names::text AS names, unit, kind, numerator::text AS numerator, denominator::text AS denominator,
       over_time, axes::text AS axes, better, decimals, minimum, maximum, small_persons
  FROM metric
 ORDER BY metric_id;
