-- migrate:up

-- When each publisher's key was last good at this service. Written now and then, not with each request.
CREATE TABLE key_use (
    key_id              text        NOT NULL,
    organisation_number text        NOT NULL,
    last_used_at        timestamptz NOT NULL,
    CONSTRAINT key_use_pk PRIMARY KEY (key_id)
);
CREATE INDEX key_use_publisher ON key_use (organisation_number);

-- migrate:down
