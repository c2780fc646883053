-- migrate:up

-- Which events a consumer has already applied. Claimed in the same transaction as the effect.
CREATE TABLE inbox (
    consumer    text        NOT NULL,
    event_id    uuid        NOT NULL,
    origin      text        NOT NULL,
    handled_at  timestamptz NOT NULL DEFAULT transaction_timestamp(),
    CONSTRAINT inbox_pk PRIMARY KEY (consumer, event_id)
);

-- Records that cannot be read, or whose handling failed for good: raw, with where they came from.
CREATE TABLE dead_letter (
    id           bigint GENERATED ALWAYS AS IDENTITY,
    consumer     text        NOT NULL,
    topic        text        NOT NULL,
    partition    integer     NOT NULL,
    record_offset bigint     NOT NULL,
    key          bytea,
    headers      jsonb       NOT NULL,
    value        bytea,
    code         text        NOT NULL,
    error        text        NOT NULL,
    attempts     integer     NOT NULL,
    state        text        NOT NULL DEFAULT 'waiting',
    reason       text,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at   timestamptz,
    CONSTRAINT dead_letter_pk PRIMARY KEY (id),
    CONSTRAINT dead_letter_origin UNIQUE (consumer, topic, partition, record_offset),
    CONSTRAINT dead_letter_state CHECK (state IN ('waiting', 'replayed', 'discarded'))
);

-- migrate:down
