-- migrate:up

-- goals: a list of names, in words.
CREATE TABLE network (
    network_id   text    NOT NULL,
    version      integer NOT NULL,
    programme_id text    NOT NULL,
    names        jsonb   NOT NULL,
    cohort_ids   text[]  NOT NULL,
    theme_ids    text[]  NOT NULL,
    goals        jsonb   NOT NULL,
    CONSTRAINT network_pk PRIMARY KEY (network_id),
    CONSTRAINT network_version_positive CHECK (version >= 1),
    CONSTRAINT network_of FOREIGN KEY (programme_id) REFERENCES programme (programme_id)
);
CREATE INDEX network_by_programme ON network (programme_id);

-- member_from and member_to are the first and the last day; none means always so far, or still.
CREATE TABLE network_member (
    network_id  text    NOT NULL,
    position    integer NOT NULL,
    project_id  text    NOT NULL,
    member_from date,
    member_to   date,
    CONSTRAINT network_member_pk PRIMARY KEY (network_id, position),
    CONSTRAINT network_member_of FOREIGN KEY (network_id) REFERENCES network (network_id),
    CONSTRAINT network_member_known FOREIGN KEY (project_id) REFERENCES project (project_id),
    CONSTRAINT network_member_forward CHECK (member_to >= member_from)
);
CREATE INDEX network_member_by_project ON network_member (project_id);

-- migrate:down
