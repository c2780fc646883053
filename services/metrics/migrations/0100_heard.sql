-- migrate:up

-- What metrics has heard of the registry: who exists since when, who takes part in what, and with which goals.
-- Months are counted from year 0: year * 12 + month - 1.

-- One row. Whoever applies figures shares it, whoever changes members or goals holds it alone and gives it a new stamp;
-- so nobody sums a group with yesterday's members, and a roster read under one stamp may be kept under that stamp.
CREATE TABLE roster (
    one   boolean NOT NULL DEFAULT true,
    stamp uuid    NOT NULL,
    CONSTRAINT roster_pk PRIMARY KEY (one),
    CONSTRAINT roster_one CHECK (one)
);
INSERT INTO roster (stamp) VALUES (gen_random_uuid());

CREATE TABLE municipality (
    municipality_id text    NOT NULL,
    version         integer NOT NULL,
    versions        jsonb   NOT NULL,
    number          text    NOT NULL,
    name            text    NOT NULL,
    county_number   text    NOT NULL,
    county_name     text    NOT NULL,
    born_month      integer,
    ended_month     integer,
    successors      jsonb   NOT NULL,
    CONSTRAINT municipality_pk PRIMARY KEY (municipality_id)
);

CREATE TABLE programme (
    programme_id text    NOT NULL,
    version      integer NOT NULL,
    content      jsonb   NOT NULL,
    CONSTRAINT programme_pk PRIMARY KEY (programme_id)
);

CREATE TABLE project (
    project_id   text    NOT NULL,
    version      integer NOT NULL,
    programme_id text    NOT NULL,
    names        jsonb   NOT NULL,
    cohort_id    text,
    theme_ids    text[]  NOT NULL,
    ended_on     date,
    CONSTRAINT project_pk PRIMARY KEY (project_id)
);

-- Who belongs to which group now, and through which project ('' for a county). A municipality may belong twice.
CREATE TABLE member (
    group_subject   text NOT NULL,
    municipality_id text NOT NULL,
    project_id      text NOT NULL,
    CONSTRAINT member_pk PRIMARY KEY (group_subject, municipality_id, project_id)
);
CREATE INDEX member_municipality ON member (municipality_id);
CREATE INDEX member_project ON member (project_id);

-- A goal, the series that it is judged on, and what was last said of it.
CREATE TABLE goal (
    project_id        text    NOT NULL,
    goal_id           text    NOT NULL,
    subject           text    NOT NULL,
    definition_key    text    NOT NULL,
    goal_window       text    NOT NULL,
    falling           boolean NOT NULL,
    baseline          numeric NOT NULL,
    baseline_period   text    NOT NULL,
    target            numeric NOT NULL,
    due_on            date    NOT NULL,
    persons_per_point numeric,
    state             text    NOT NULL DEFAULT 'open',
    judged_month      integer,
    CONSTRAINT goal_pk PRIMARY KEY (project_id, goal_id),
    CONSTRAINT goal_state CHECK (state IN ('open', 'reached'))
);
CREATE INDEX goal_subject ON goal (subject, definition_key);

-- migrate:down
