-- migrate:up

-- What every service has heard of the people who may sign in: what they may do, and since when sessions are good.
-- Names and addresses are kept by who needs them, not here.
CREATE TABLE known_person (
    person_id           uuid        NOT NULL,
    version             integer     NOT NULL,
    roles               jsonb       NOT NULL,
    sessions_valid_from timestamptz NOT NULL,
    CONSTRAINT known_person_pk PRIMARY KEY (person_id)
);

-- Who was erased: an older record that is read again, or a restore, must not bring them back.
CREATE TABLE erased_person (
    person_id  uuid        NOT NULL,
    erased_at  timestamptz NOT NULL,
    CONSTRAINT erased_person_pk PRIMARY KEY (person_id)
);

-- A record without a value is how a compacted topic forgets a key.
ALTER TABLE outbox ALTER COLUMN payload DROP NOT NULL;
ALTER TABLE outbox_parked ALTER COLUMN payload DROP NOT NULL;

-- migrate:down
