-- migrate:up

-- Who wants to be told of what. Empty lists mean all. A webhook's secret is derived from the salt, never kept.
CREATE TABLE subscription (
    subscription_id text        NOT NULL,
    channel         text        NOT NULL,
    address         text        NOT NULL,
    language        text        NOT NULL,
    events          text[]      NOT NULL,
    subjects        text[]      NOT NULL,
    windows         text[]      NOT NULL,
    active          boolean     NOT NULL,
    stopped_because text,
    secret_salt     bytea,
    version         integer     NOT NULL,
    made_at         timestamptz NOT NULL,
    active_since    timestamptz NOT NULL,
    CONSTRAINT subscription_pk PRIMARY KEY (subscription_id),
    CONSTRAINT subscription_channel CHECK (channel IN ('mail', 'webhook')),
    CONSTRAINT subscription_language CHECK (language IN ('nb', 'nn', 'en')),
    CONSTRAINT subscription_secret CHECK ((channel = 'webhook') = (secret_salt IS NOT NULL)),
    CONSTRAINT subscription_stopped CHECK (stopped_because IS NULL OR NOT active)
);
-- Each batch of events asks for the subscriptions that could match; most of the time there are none.
CREATE INDEX subscription_subjects ON subscription USING gin (subjects) WHERE active;
CREATE INDEX subscription_everything ON subscription (subscription_id) WHERE active AND subjects = '{}';

-- How sending to a subscription stands. A table of its own, because it is written with every delivery.
-- `wake_at` is when there is something to do, none when nothing waits; the lease lets one sender at a time do it.
CREATE TABLE sending (
    subscription_id text        NOT NULL,
    failures        integer     NOT NULL DEFAULT 0,
    failing_since   timestamptz,
    paused_until    timestamptz,
    wake_at         timestamptz,
    leased_until    timestamptz NOT NULL DEFAULT '-infinity',
    leased_by       text,
    CONSTRAINT sending_pk PRIMARY KEY (subscription_id),
    CONSTRAINT sending_of FOREIGN KEY (subscription_id) REFERENCES subscription (subscription_id)
);
CREATE INDEX sending_wake ON sending (wake_at) WHERE wake_at IS NOT NULL;

-- migrate:down
