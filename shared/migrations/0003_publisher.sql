-- migrate:up

-- What every service has heard of the publishers, so that each checks keys by itself.
CREATE TABLE known_publisher (
    organisation_number text        NOT NULL,
    version             integer     NOT NULL,
    name                text        NOT NULL,
    may_speak_for       jsonb       NOT NULL,
    keys                jsonb       NOT NULL,
    revoked_at          timestamptz,
    CONSTRAINT known_publisher_pk PRIMARY KEY (organisation_number)
);

-- migrate:down
