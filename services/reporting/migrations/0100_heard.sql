-- migrate:up

-- What reporting has heard of the registry: who exists under which number when, and which projects owe reports.
CREATE TABLE municipality (
    municipality_id text    NOT NULL,
    version         integer NOT NULL,
    CONSTRAINT municipality_pk PRIMARY KEY (municipality_id)
);

CREATE TABLE municipality_version (
    municipality_id text NOT NULL,
    number          text NOT NULL,
    name            text NOT NULL,
    valid_from      date NOT NULL,
    valid_to        date,
    CONSTRAINT municipality_version_pk PRIMARY KEY (municipality_id, valid_from),
    CONSTRAINT municipality_version_of FOREIGN KEY (municipality_id) REFERENCES municipality (municipality_id)
);
CREATE INDEX municipality_version_number ON municipality_version (number);

CREATE TABLE project (
    project_id   text    NOT NULL,
    version      integer NOT NULL,
    programme_id text    NOT NULL,
    cohort_id    text,
    theme_ids    text[]  NOT NULL,
    ended_on     date,
    CONSTRAINT project_pk PRIMARY KEY (project_id)
);

CREATE TABLE project_member (
    project_id      text NOT NULL,
    municipality_id text NOT NULL,
    member_from     date,
    member_to       date,
    CONSTRAINT project_member_of FOREIGN KEY (project_id) REFERENCES project (project_id)
);
CREATE INDEX project_member_project ON project_member (project_id);

-- migrate:down
