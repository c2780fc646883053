-- migrate:up

-- Events that somebody is told of. Others leave no row here.
CREATE TABLE told_event (
    event_id    uuid        NOT NULL,
    type        text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    payload     bytea       NOT NULL,
    CONSTRAINT told_event_pk PRIMARY KEY (event_id)
);

-- One row for each event and subscription: the unique constraint is what "once" means. `number` orders the log.
CREATE TABLE delivery (
    delivery_id     uuid        NOT NULL,
    number          bigint      GENERATED ALWAYS AS IDENTITY,
    subscription_id text        NOT NULL,
    event_id        uuid        NOT NULL,
    channel         text        NOT NULL,
    state           text        NOT NULL,
    attempts        integer     NOT NULL,
    next_try_at     timestamptz,
    last_error      text,
    made_at         timestamptz NOT NULL,
    ended_at        timestamptz,
    CONSTRAINT delivery_pk PRIMARY KEY (delivery_id),
    CONSTRAINT delivery_once UNIQUE (subscription_id, event_id),
    CONSTRAINT delivery_number UNIQUE (number),
    CONSTRAINT delivery_to FOREIGN KEY (subscription_id) REFERENCES subscription (subscription_id),
    CONSTRAINT delivery_of FOREIGN KEY (event_id) REFERENCES told_event (event_id),
    CONSTRAINT delivery_state CHECK (state IN ('waiting', 'delivered', 'failed')),
    CONSTRAINT delivery_next CHECK ((state = 'waiting') = (next_try_at IS NOT NULL)),
    CONSTRAINT delivery_end CHECK ((state = 'waiting') = (ended_at IS NULL))
);
CREATE INDEX delivery_waiting ON delivery (subscription_id, next_try_at) WHERE state = 'waiting';
CREATE INDEX delivery_log ON delivery (subscription_id, number);
CREATE INDEX delivery_event ON delivery (event_id);

-- migrate:down
