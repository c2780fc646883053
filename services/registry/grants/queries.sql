-- name: list_grants(grant_ids)
SELECT grant_id, version, project_id, year, amount, is_conditional, letter
  FROM project_grant
 WHERE grant_id = ANY(:grant_ids::text[])
 ORDER BY grant_id;

-- name: seek_grant_ids(programme, project, year, after, count)
SELECT g.grant_id
  FROM project_grant AS g
  JOIN project AS p USING (project_id)
 WHERE g.grant_id > :after
   AND (:programme::text IS NULL OR p.programme_id = :programme)
   AND (:project::text IS NULL OR g.project_id = :project)
   AND (:year::integer IS NULL OR g.year = :year)
 ORDER BY g.grant_id
 LIMIT :count;

-- name: sum_grants(programme_id)
-- One row per project, cohort, theme and year, and one for all. A project of several themes counts whole for each of
-- them, so the sums of themes are not to be added up.
SELECT 'project' AS by, g.project_id AS value, sum(g.amount) AS amount,
       coalesce(sum(g.amount) FILTER (WHERE g.is_conditional), 0) AS conditional
  FROM project_grant AS g JOIN project AS p USING (project_id)
 WHERE p.programme_id = :programme_id
 GROUP BY g.project_id
UNION ALL
SELECT 'cohort', p.cohort_id, sum(g.amount), coalesce(sum(g.amount) FILTER (WHERE g.is_conditional), 0)
  FROM project_grant AS g JOIN project AS p USING (project_id)
 WHERE p.programme_id = :programme_id AND p.cohort_id IS NOT NULL
 GROUP BY p.cohort_id
UNION ALL
SELECT 'theme', t.theme_id, sum(g.amount), coalesce(sum(g.amount) FILTER (WHERE g.is_conditional), 0)
  FROM project_grant AS g JOIN project AS p USING (project_id) JOIN project_theme AS t USING (project_id)
 WHERE p.programme_id = :programme_id
 GROUP BY t.theme_id
UNION ALL
SELECT 'year', g.year::text, sum(g.amount), coalesce(sum(g.amount) FILTER (WHERE g.is_conditional), 0)
  FROM project_grant AS g JOIN project AS p USING (project_id)
 WHERE p.programme_id = :programme_id
 GROUP BY g.year
UNION ALL
SELECT 'all', :programme_id, coalesce(sum(g.amount), 0),
       coalesce(sum(g.amount) FILTER (WHERE g.is_conditional), 0)
  FROM project_grant AS g JOIN project AS p USING (project_id)
 WHERE p.programme_id = :programme_id
 ORDER BY 1, 2;

-- name: put_grant(grant_id, version, project_id, year, amount, is_conditional, letter)!
INSERT INTO project_grant (grant_id, version, project_id, year, amount, is_conditional, letter)
VALUES (:grant_id, :version, :project_id, :year, :amount, :is_conditional, :letter)
ON CONFLICT ON CONSTRAINT project_grant_pk DO UPDATE
   SET version = excluded.version, year = excluded.year, amount = excluded.amount,
       is_conditional = excluded.is_conditional, letter = excluded.letter;
