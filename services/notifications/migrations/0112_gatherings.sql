-- migrate:up

-- Gatherings as calendars show them. `sequence` rises with each change that a reader of a calendar has to see.
CREATE TABLE gathering (
    gathering_id text        NOT NULL,
    version      integer     NOT NULL,
    programme_id text        NOT NULL,
    network_id   text,
    nb           text        NOT NULL,
    nn           text,
    en           text,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    place        text        NOT NULL,
    cancelled    boolean     NOT NULL,
    sequence     integer     NOT NULL DEFAULT 0,
    changed_at   timestamptz NOT NULL,
    CONSTRAINT gathering_pk PRIMARY KEY (gathering_id)
);
CREATE INDEX gathering_programme ON gathering (programme_id, starts_at);
CREATE INDEX gathering_network ON gathering (network_id, starts_at) WHERE network_id IS NOT NULL;

-- migrate:down
