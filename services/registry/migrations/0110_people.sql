-- migrate:up

-- Who may sign in. Roles are kept as they are told, because they are read and written as a whole.
CREATE TABLE person (
    person_id           uuid        NOT NULL,
    version             integer     NOT NULL,
    display_name        text        NOT NULL,
    email               text        NOT NULL,
    language            text        NOT NULL,
    roles               jsonb       NOT NULL,
    sessions_valid_from timestamptz NOT NULL,
    CONSTRAINT person_pk PRIMARY KEY (person_id),
    CONSTRAINT person_email_unique UNIQUE (email),
    CONSTRAINT person_email_lower CHECK (email = lower(email)),
    CONSTRAINT person_language CHECK (language IN ('nb', 'nn', 'en'))
);
CREATE INDEX person_roles ON person USING gin (roles jsonb_path_ops);

-- A wish to sign in: what was mailed is kept as hashes only, and a row is gone a day later.
CREATE TABLE sign_in_link (
    link_hash    bytea       NOT NULL,
    code_hash    bytea       NOT NULL,
    browser_hash bytea       NOT NULL,
    person_id    uuid        NOT NULL,
    asked_at     timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz,
    tries        integer     NOT NULL DEFAULT 0,
    CONSTRAINT sign_in_link_pk PRIMARY KEY (link_hash)
);
CREATE INDEX sign_in_link_browser ON sign_in_link (browser_hash);
CREATE INDEX sign_in_link_person ON sign_in_link (person_id, asked_at);

-- migrate:down
