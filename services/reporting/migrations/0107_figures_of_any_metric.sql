-- migrate:up

-- What the registry has told of metrics.
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
    CONSTRAINT metric_pk PRIMARY KEY (metric_id)
);

-- A figure is of any metric: its numbers have the names of their parts in the value, not of one metric's fields.
-- `definition` and `parts` are json, not jsonb, so that an event that is told again is equal byte for byte.
-- `arrived_at` is when it came, to the millisecond: the broker's append time or that of the request.
ALTER TABLE figure DROP CONSTRAINT figure_days_or_rate;
ALTER TABLE figure DROP CONSTRAINT figure_lost_bounds;
ALTER TABLE figure DROP CONSTRAINT figure_rate_bounds;
ALTER TABLE figure DROP CONSTRAINT figure_place_vintage;
DROP INDEX figure_in_force;
DROP INDEX figure_weight_kind;
DROP INDEX figure_withdrawn;

ALTER TABLE figure RENAME COLUMN lost_days TO numerator;
ALTER TABLE figure RENAME COLUMN agreed_days TO denominator;
ALTER TABLE figure RENAME COLUMN rate_percent TO value;
ALTER TABLE figure ADD COLUMN metric text NOT NULL DEFAULT 'absence';
ALTER TABLE figure ADD COLUMN definition json NOT NULL DEFAULT '{}';
ALTER TABLE figure ADD COLUMN parts json;
ALTER TABLE figure ADD COLUMN arrived_at timestamptz;

UPDATE figure
   SET arrived_at = date_trunc('milliseconds', posted_at),
       definition = json_build_object('certification', split_part(definition_key, '.', 1),
                                      'denominator', split_part(definition_key, '.', 2),
                                      'holiday', split_part(definition_key, '.', 3),
                                      'source', split_part(definition_key, '.', 4));

ALTER TABLE figure ALTER COLUMN metric DROP DEFAULT;
ALTER TABLE figure ALTER COLUMN definition DROP DEFAULT;
ALTER TABLE figure ALTER COLUMN arrived_at SET NOT NULL;
ALTER TABLE figure ADD CONSTRAINT figure_has_numbers
    CHECK (numerator IS NOT NULL OR value IS NOT NULL OR parts IS NOT NULL);
ALTER TABLE figure ADD CONSTRAINT figure_place_vintage
    UNIQUE (municipality_id, unit, metric, definition_key, period, figure_window, vintage);
CREATE UNIQUE INDEX figure_in_force ON figure (municipality_id, unit, metric, definition_key, period, figure_window)
 WHERE in_force;
CREATE INDEX figure_weight_kind ON figure (municipality_id, unit, metric, definition_key, weight_kind)
 WHERE in_force AND figure_window = 'period' AND weight_kind IS NOT NULL;
CREATE INDEX figure_withdrawn
    ON figure (municipality_id, unit, metric, definition_key, period, figure_window, withdrawn_at)
 WHERE withdrawn_at IS NOT NULL;

-- migrate:down
