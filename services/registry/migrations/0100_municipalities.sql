-- migrate:up

CREATE TABLE municipality (
    municipality_id text    NOT NULL,
    version         integer NOT NULL,
    CONSTRAINT municipality_pk PRIMARY KEY (municipality_id),
    CONSTRAINT municipality_version_positive CHECK (version >= 1)
);

-- What a municipality was called and numbered, until the day before valid_to.
CREATE TABLE municipality_version (
    municipality_id text NOT NULL,
    number          text NOT NULL,
    name            text NOT NULL,
    county_number   text NOT NULL,
    county_name     text NOT NULL,
    valid_from      date NOT NULL,
    valid_to        date,
    CONSTRAINT municipality_version_pk PRIMARY KEY (municipality_id, valid_from),
    CONSTRAINT municipality_version_of FOREIGN KEY (municipality_id) REFERENCES municipality (municipality_id),
    CONSTRAINT municipality_version_number CHECK (number ~ '^[0-9]{4}$'),
    CONSTRAINT municipality_version_forward CHECK (valid_to > valid_from),
    -- A number and a day tell one municipality. Ranges of whole numbers stand for equality, which gist has no built-in
    -- operator for; an extension would have to be installed on every server.
    CONSTRAINT municipality_number_once EXCLUDE USING gist (
        int4range(number::integer, number::integer, '[]') WITH &&,
        daterange(valid_from, valid_to) WITH &&
    )
);

CREATE TABLE municipality_alias (
    municipality_id text    NOT NULL,
    position        integer NOT NULL,
    alias           text    NOT NULL,
    CONSTRAINT municipality_alias_pk PRIMARY KEY (municipality_id, position),
    CONSTRAINT municipality_alias_of FOREIGN KEY (municipality_id) REFERENCES municipality (municipality_id)
);

-- Every spelling under which a municipality is found, as the domain writes search keys.
CREATE TABLE municipality_search_key (
    municipality_id text NOT NULL,
    search_key      text NOT NULL,
    CONSTRAINT municipality_search_key_pk PRIMARY KEY (search_key, municipality_id),
    CONSTRAINT municipality_search_key_of FOREIGN KEY (municipality_id) REFERENCES municipality (municipality_id)
);
CREATE INDEX municipality_search_key_municipality ON municipality_search_key (municipality_id);

CREATE TABLE municipality_succession (
    predecessor_id text NOT NULL,
    successor_id   text NOT NULL,
    succeeded_on   date NOT NULL,
    CONSTRAINT municipality_succession_pk PRIMARY KEY (predecessor_id, successor_id),
    CONSTRAINT municipality_succession_predecessor FOREIGN KEY (predecessor_id) REFERENCES municipality (municipality_id),
    CONSTRAINT municipality_succession_successor FOREIGN KEY (successor_id) REFERENCES municipality (municipality_id)
);
CREATE INDEX municipality_succession_by_successor ON municipality_succession (successor_id);

-- Changes that were applied, so that one that is sent again gets the same answer and no second effect.
CREATE TABLE municipality_change (
    change_id        text        NOT NULL,
    content          jsonb       NOT NULL,
    municipality_ids text[]      NOT NULL,
    applied_at       timestamptz NOT NULL,
    CONSTRAINT municipality_change_pk PRIMARY KEY (change_id)
);

-- migrate:down
