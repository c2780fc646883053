-- migrate:up

-- What is measured, as the registry told: how a value is written, and the axes that a definition key joins. What a metric
-- is called stands in `subject_name` as `metric/<id>`.
CREATE TABLE metric (
    metric_id text    NOT NULL,
    version   integer NOT NULL,
    unit      text    NOT NULL,
    decimals  integer NOT NULL,
    axes      text[]  NOT NULL,
    CONSTRAINT metric_pk PRIMARY KEY (metric_id)
);

-- migrate:down
