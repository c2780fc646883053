-- migrate:up

-- What is measured, as the registry told of it.
CREATE TABLE metric (
    metric_id     text     NOT NULL,
    version       integer  NOT NULL,
    names         jsonb    NOT NULL,
    unit          text     NOT NULL,
    kind          text     NOT NULL,
    numerator     jsonb,
    denominator   jsonb,
    over_time     text     NOT NULL,
    axes          jsonb    NOT NULL,
    better        text     NOT NULL,
    decimals      smallint NOT NULL,
    minimum       numeric,
    maximum       numeric,
    small_persons integer  NOT NULL,
    CONSTRAINT metric_pk PRIMARY KEY (metric_id),
    CONSTRAINT metric_kind CHECK (kind IN ('share', 'mean', 'count', 'score')),
    CONSTRAINT metric_over_time CHECK (over_time IN ('sum', 'last', 'mean')),
    CONSTRAINT metric_decimals CHECK (decimals BETWEEN 0 AND 6)
);

-- A series is a subject, a metric and a definition. Until now everything was absence.
ALTER TABLE series ADD COLUMN metric text NOT NULL DEFAULT 'absence';
ALTER TABLE series ALTER COLUMN metric DROP DEFAULT;
ALTER TABLE series DROP CONSTRAINT series_subject;
ALTER TABLE series ADD CONSTRAINT series_subject UNIQUE (subject, metric, definition_key);
ALTER TABLE series RENAME COLUMN adds_days TO joins_groups;
DROP INDEX series_municipality;
CREATE INDEX series_municipality ON series (municipality_id, metric, definition_key)
    WHERE municipality_id IS NOT NULL;
CREATE INDEX series_metric ON series (metric);

ALTER TABLE goal ADD COLUMN metric text NOT NULL DEFAULT 'absence';
ALTER TABLE goal ALTER COLUMN metric DROP DEFAULT;
DROP INDEX goal_subject;
CREATE INDEX goal_subject ON goal (subject, metric, definition_key);

-- Weighing: 0 numerator and denominator, or a count; 1 a value with a weight that may be added to others'; 2 a rate
-- weighted by working days; 3 a value without a weight; 4 the figure that replaced the one before says nothing of it.
ALTER TABLE figure DROP CONSTRAINT figure_weighing;
ALTER TABLE figure ADD CONSTRAINT figure_weighing CHECK (weighing BETWEEN 0 AND 4);

UPDATE state
   SET content = replace(replace(content::text, '"rates":', '"windows":'), '"same_month_change_percent":',
                         '"year_on_year_change_percent":')::json;

-- migrate:down
