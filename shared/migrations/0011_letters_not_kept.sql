-- migrate:up

-- Of one publisher's topic only so many records wait as dead letters; what comes beyond is counted here. While a row is
-- open, its publisher was told.
CREATE TABLE letter_not_kept (
    consumer  text        NOT NULL,
    topic     text        NOT NULL,
    count     bigint      NOT NULL,
    is_open   boolean     NOT NULL,
    begun_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT letter_not_kept_pk PRIMARY KEY (consumer, topic),
    CONSTRAINT letter_not_kept_count CHECK (count > 0)
);

-- How many wait is asked with every batch that holds such a record.
CREATE INDEX dead_letter_waiting_topic ON dead_letter (consumer, topic) WHERE state = 'waiting';

-- migrate:down
