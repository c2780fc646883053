-- migrate:up

-- People who may be written to, and the roles that they hold. Who was erased keeps a row without anything about them, so
-- that an older record that is read again does not bring them back.
CREATE TABLE person (
    person_id uuid    NOT NULL,
    version   integer NOT NULL,
    email     text,
    language  text,
    roles     jsonb   NOT NULL,
    erased    boolean NOT NULL DEFAULT false,
    CONSTRAINT person_pk PRIMARY KEY (person_id),
    CONSTRAINT person_erased CHECK (erased = (email IS NULL) AND erased = (language IS NULL))
);

-- Mails to persons: at most one of a kind on a day. What it says is written when it is sent; nothing left to say drops it.
CREATE TABLE mail (
    mail_id      uuid        NOT NULL,
    kind         text        NOT NULL,
    person_id    uuid        NOT NULL,
    day          date        NOT NULL,
    state        text        NOT NULL DEFAULT 'waiting',
    attempts     integer     NOT NULL DEFAULT 0,
    next_try_at  timestamptz,
    last_error   text,
    leased_until timestamptz NOT NULL DEFAULT '-infinity',
    leased_by    text,
    made_at      timestamptz NOT NULL,
    ended_at     timestamptz,
    CONSTRAINT mail_pk PRIMARY KEY (mail_id),
    CONSTRAINT mail_once_a_day UNIQUE (kind, person_id, day),
    CONSTRAINT mail_state CHECK (state IN ('waiting', 'delivered', 'failed', 'dropped')),
    CONSTRAINT mail_next CHECK ((state = 'waiting') = (next_try_at IS NOT NULL)),
    CONSTRAINT mail_end CHECK ((state = 'waiting') = (ended_at IS NULL))
);
CREATE INDEX mail_waiting ON mail (next_try_at) WHERE state = 'waiting';

-- migrate:down
