-- migrate:up

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
-- A series has one kind of weight; only rates without days have any, so the index is small.
CREATE INDEX figure_weight_kind ON figure (municipality_id, unit, definition_key, weight_kind)
 WHERE in_force AND figure_window = 'period' AND weight_kind IS NOT NULL;

-- migrate:down
