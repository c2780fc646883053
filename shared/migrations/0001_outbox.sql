-- migrate:up

-- Events that were decided but not yet acknowledged by the broker. Rows live for milliseconds, so the table is
-- vacuumed eagerly; a cost delay here would let dead rows pile up and slow the relay's select.
CREATE TABLE outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY,
    event_id    uuid        NOT NULL,
    topic       text        NOT NULL,
    key         text        NOT NULL,
    shard       smallint    NOT NULL,
    headers     jsonb       NOT NULL,
    payload     bytea       NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT outbox_pk PRIMARY KEY (id),
    CONSTRAINT outbox_shard_range CHECK (shard BETWEEN 0 AND 15),
    CONSTRAINT outbox_payload_size CHECK (octet_length(payload) <= 524288)
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
);

-- An event that the broker refuses for good, and every later event of its key: order is kept by waiting together.
CREATE TABLE outbox_parked (
    id          bigint      NOT NULL,
    event_id    uuid        NOT NULL,
    topic       text        NOT NULL,
    key         text        NOT NULL,
    shard       smallint    NOT NULL,
    headers     jsonb       NOT NULL,
    payload     bytea       NOT NULL,
    created_at  timestamptz NOT NULL,
    parked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason      text        NOT NULL,
    CONSTRAINT outbox_parked_pk PRIMARY KEY (id)
);
CREATE INDEX outbox_parked_key ON outbox_parked (topic, key);

-- migrate:down
