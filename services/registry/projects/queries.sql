-- name: list_projects(project_ids)
SELECT project_id, version, programme_id, names::text AS names, cohort_id, goals::text AS goals, ended_on,
       planned_end_year, joint_unit::text AS joint_unit, profile::text AS profile, measures::text AS measures,
       success_factors::text AS success_factors, handed_over_on, follow_up_on
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

-- name: put_project(project_id, version, programme_id, names, cohort_id, goals, ended_on, planned_end_year, joint_unit, profile, measures, success_factors, handed_over_on, follow_up_on)!
INSERT INTO project (project_id, version, programme_id, names, cohort_id, goals, ended_on, planned_end_year, joint_unit,
                     profile, measures, success_factors, handed_over_on, follow_up_on)
VALUES (:project_id, :version, :programme_id, :names::jsonb, :cohort_id, :goals::jsonb, :ended_on, :planned_end_year,
        :joint_unit::jsonb, :profile::jsonb, :measures::jsonb, :success_factors::jsonb, :handed_over_on, :follow_up_on)
ON CONFLICT ON CONSTRAINT project_pk DO UPDATE
   SET version = excluded.version, names = excluded.names, cohort_id = excluded.cohort_id, goals = excluded.goals,
       ended_on = excluded.ended_on, planned_end_year = excluded.planned_end_year, joint_unit = excluded.joint_unit,
       profile = excluded.profile, measures = excluded.measures, success_factors = excluded.success_factors,
       handed_over_on = excluded.handed_over_on, follow_up_on = excluded.follow_up_on;

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
