-- migrate:up

-- What the registry calls things: `municipality/vefsn-1824`, `project/vefsn-naervaer`, `report-kind/annual-report`.
CREATE TABLE subject_name (
    subject text    NOT NULL,
    version integer NOT NULL,
    nb      text    NOT NULL,
    nn      text,
    en      text,
    CONSTRAINT subject_name_pk PRIMARY KEY (subject)
);

-- What a project belongs to, as subjects, so that a report of it reaches those who follow its municipality or cohort.
CREATE TABLE project_subject (
    project_id text    NOT NULL,
    version    integer NOT NULL,
    subjects   text[]  NOT NULL,
    CONSTRAINT project_subject_pk PRIMARY KEY (project_id)
);

-- migrate:down
