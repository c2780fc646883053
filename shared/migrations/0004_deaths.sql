-- migrate:up

-- Batches and records whose handling was begun, so that one which kills the process is known at the next start. A row
-- found open was not ended by whoever began it: a death.
CREATE TABLE delivery_death (
    consumer      text     NOT NULL,
    scope         text     NOT NULL,
    topic         text     NOT NULL,
    partition     integer  NOT NULL,
    record_offset bigint   NOT NULL,
    death_count   integer  NOT NULL DEFAULT 0,
    is_open       boolean  NOT NULL DEFAULT true,
    CONSTRAINT delivery_death_pk PRIMARY KEY (consumer, scope, topic, partition, record_offset),
    CONSTRAINT delivery_death_scope CHECK (scope IN ('batch', 'record'))
);

-- A header's name may hold U+0000, which jsonb cannot; json keeps the escape as it is written.
ALTER TABLE dead_letter ALTER COLUMN headers TYPE json USING headers::text::json;

-- Lists are read by state in the order of arrival.
CREATE INDEX dead_letter_state_id ON dead_letter (state, id);

-- migrate:down
