-- name: list_goals()
SELECT project_id, goal_id, subject, metric, definition_key, goal_window, falling, baseline, baseline_period, target,
       due_on, persons_per_point
  FROM goal;

-- name: list_goals_of_project(project_id)
SELECT project_id, goal_id, subject, metric, definition_key, goal_window, falling, baseline, baseline_period, target,
       due_on, persons_per_point
  FROM goal
 WHERE project_id = :project_id;

-- name: put_goal(project_id, goal_id, subject, metric, definition_key, goal_window, falling, baseline, baseline_period, target, due_on, persons_per_point)!
-- A goal that moved to another series starts anew there; one that only changed keeps what was last said of it.
INSERT INTO goal AS g (project_id, goal_id, subject, metric, definition_key, goal_window, falling, baseline,
                       baseline_period, target, due_on, persons_per_point)
VALUES (:project_id, :goal_id, :subject, :metric, :definition_key, :goal_window, :falling, :baseline, :baseline_period,
        :target, :due_on, :persons_per_point)
ON CONFLICT ON CONSTRAINT goal_pk DO UPDATE
   SET subject = excluded.subject, metric = excluded.metric, definition_key = excluded.definition_key, goal_window = excluded.goal_window,
       falling = excluded.falling, baseline = excluded.baseline, baseline_period = excluded.baseline_period,
       target = excluded.target, due_on = excluded.due_on, persons_per_point = excluded.persons_per_point,
       state = CASE WHEN (g.subject, g.metric, g.definition_key)
                         = (excluded.subject, excluded.metric, excluded.definition_key)
                    THEN g.state ELSE 'open' END,
       judged_month = CASE WHEN (g.subject, g.metric, g.definition_key)
                         = (excluded.subject, excluded.metric, excluded.definition_key)
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

-- name: list_goals_of(subject)
SELECT project_id, goal_id, subject, metric, definition_key, goal_window, falling, baseline, baseline_period, target,
       due_on, persons_per_point
  FROM goal
 WHERE subject = :subject;
