-- migrate:up

CREATE TABLE publisher (
    organisation_number text    NOT NULL,
    version             integer NOT NULL,
    name                text    NOT NULL,
    revoked_at          timestamptz,
    CONSTRAINT publisher_pk PRIMARY KEY (organisation_number),
    CONSTRAINT publisher_version_positive CHECK (version >= 1),
    CONSTRAINT publisher_number CHECK (organisation_number ~ '^[0-9]{9}$')
);

-- For whom a publisher may speak, from the first to the last day.
CREATE TABLE publisher_mandate (
    organisation_number text    NOT NULL,
    position            integer NOT NULL,
    municipality_id     text    NOT NULL,
    mandate_from        date,
    mandate_to          date,
    CONSTRAINT publisher_mandate_pk PRIMARY KEY (organisation_number, position),
    CONSTRAINT publisher_mandate_of FOREIGN KEY (organisation_number) REFERENCES publisher (organisation_number),
    CONSTRAINT publisher_mandate_known FOREIGN KEY (municipality_id) REFERENCES municipality (municipality_id),
    CONSTRAINT publisher_mandate_forward CHECK (mandate_to >= mandate_from)
);

-- Keys as SHA-256 only. They are never deleted: a key id that turns up in a log can be told whose it was.
CREATE TABLE publisher_key (
    key_id              text        NOT NULL,
    organisation_number text        NOT NULL,
    hash                text        NOT NULL,
    created_at          timestamptz NOT NULL,
    expires_at          timestamptz,
    revoked_at          timestamptz,
    CONSTRAINT publisher_key_pk PRIMARY KEY (key_id),
    CONSTRAINT publisher_key_of FOREIGN KEY (organisation_number) REFERENCES publisher (organisation_number)
);
CREATE INDEX publisher_key_by_publisher ON publisher_key (organisation_number);

-- migrate:down
