-- migrate:up

-- What is measured. names: {"nb", "nn", "en"}, at least one; numerator, denominator: {"names", "unit"};
-- axes: [{"id", "values"}], in the order in which definition keys join their values.
CREATE TABLE metric (
    metric_id     text    NOT NULL,
    version       integer NOT NULL,
    names         jsonb   NOT NULL,
    unit          text    NOT NULL,
    kind          text    NOT NULL,
    numerator     jsonb,
    denominator   jsonb,
    over_time     text    NOT NULL,
    axes          jsonb   NOT NULL,
    better        text    NOT NULL,
    decimals      integer NOT NULL,
    minimum       numeric,
    maximum       numeric,
    small_persons integer NOT NULL,
    CONSTRAINT metric_pk PRIMARY KEY (metric_id),
    CONSTRAINT metric_version_positive CHECK (version >= 1),
    CONSTRAINT metric_kind_known CHECK (kind IN ('share', 'mean', 'count', 'score')),
    CONSTRAINT metric_over_time_known CHECK (over_time IN ('sum', 'last', 'mean')),
    CONSTRAINT metric_better_known CHECK (better IN ('lower', 'higher', 'neither')),
    CONSTRAINT metric_parts CHECK (
        (numerator IS NOT NULL) = (kind <> 'score') AND (denominator IS NOT NULL) = (kind IN ('share', 'mean'))
    ),
    CONSTRAINT metric_bounds CHECK (minimum < maximum)
);

-- Which content of a built-in metric's file was loaded last: an operator's change holds until the file itself changes.
CREATE TABLE builtin_metric (
    metric_id text NOT NULL,
    digest    text NOT NULL,
    CONSTRAINT builtin_metric_pk PRIMARY KEY (metric_id),
    CONSTRAINT builtin_metric_of FOREIGN KEY (metric_id) REFERENCES metric (metric_id)
);

-- A goal's definition is an object, one value per axis of its metric; until now all goals were of absence.
UPDATE project
   SET goals = (
       SELECT coalesce(jsonb_agg(goal - 'definition_key' || jsonb_build_object('definition', jsonb_build_object(
                  'certification', split_part(goal->>'definition_key', '.', 1),
                  'denominator', split_part(goal->>'definition_key', '.', 2),
                  'holiday', split_part(goal->>'definition_key', '.', 3),
                  'source', split_part(goal->>'definition_key', '.', 4))) ORDER BY place), '[]'::jsonb)
         FROM jsonb_array_elements(goals) WITH ORDINALITY AS t (goal, place));

-- migrate:down
