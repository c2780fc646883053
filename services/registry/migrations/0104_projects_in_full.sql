-- migrate:up

-- options: [{"option_id", "names"}], the ways of working that a project may choose within the theme.
ALTER TABLE theme
    ADD COLUMN options jsonb NOT NULL DEFAULT '[]';

-- profile: by theme id; measures: a list; success_factors: {factor id: whether it is met}.
-- planned_end_year: none is "not settled".
ALTER TABLE project
    ADD COLUMN planned_end_year integer,
    ADD COLUMN joint_unit       jsonb,
    ADD COLUMN profile          jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN measures         jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN success_factors  jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN handed_over_on   date,
    ADD COLUMN follow_up_on     date,
    ADD CONSTRAINT project_end_year CHECK (planned_end_year BETWEEN 1950 AND 2100);

-- Goals are kept as the rules name their parts.
UPDATE project
   SET goals = (
       SELECT coalesce(jsonb_agg(
                  goal - 'baseline_value' - 'baseline_period' || jsonb_build_object(
                      'baseline', jsonb_build_object('value', goal->'baseline_value', 'period', goal->'baseline_period'),
                      'interim_targets', '[]'::jsonb) ORDER BY place), '[]'::jsonb)
         FROM jsonb_array_elements(goals) WITH ORDINALITY AS t (goal, place));

-- migrate:down
