-- migrate:up

-- A series has one kind of weight, and remembers its last rate to warn of a jump.
CREATE TABLE series (
    municipality_id text NOT NULL,
    unit            text NOT NULL,
    definition_key  text NOT NULL,
    weight_kind     text,
    last_period     text,
    last_rate       numeric,
    CONSTRAINT series_pk PRIMARY KEY (municipality_id, unit, definition_key)
);

-- Every vintage of every figure. `unit` is '' for the municipality as a whole, so that a place can be unique.
CREATE TABLE figure (
    publisher           text        NOT NULL,
    figure_id           uuid        NOT NULL,
    body_hash           bytea       NOT NULL,
    municipality_id     text        NOT NULL,
    municipality_number text        NOT NULL,
    unit                text        NOT NULL,
    period              text        NOT NULL,
    period_last_day     date        NOT NULL,
    figure_window       text        NOT NULL,
    definition_key      text        NOT NULL,
    lost_days           numeric,
    agreed_days         numeric,
    rate_percent        numeric,
    weight_kind         text,
    weight              numeric,
    persons             integer,
    note                text,
    generated           boolean     NOT NULL,
    findings            jsonb       NOT NULL,
    vintage             integer     NOT NULL,
    replaces            uuid,
    in_force            boolean     NOT NULL,
    origin              text        NOT NULL,
    posted_at           timestamptz NOT NULL,
    withdrawn_at        timestamptz,
    withdrawn_by        text,
    withdrawal_reason   text,
    CONSTRAINT figure_pk PRIMARY KEY (publisher, figure_id),
    CONSTRAINT figure_place_vintage UNIQUE (municipality_id, unit, definition_key, period, figure_window, vintage),
    CONSTRAINT figure_days_or_rate CHECK ((lost_days IS NULL) = (agreed_days IS NULL)
                                          AND (lost_days IS NULL) <> (rate_percent IS NULL)),
    CONSTRAINT figure_lost_bounds CHECK (lost_days BETWEEN 0 AND agreed_days),
    CONSTRAINT figure_rate_bounds CHECK (rate_percent BETWEEN 0 AND 100),
    CONSTRAINT figure_withdrawn_not_in_force CHECK (withdrawn_at IS NULL OR NOT in_force)
);
CREATE UNIQUE INDEX figure_in_force ON figure (municipality_id, unit, definition_key, period, figure_window) WHERE in_force;

-- migrate:down
