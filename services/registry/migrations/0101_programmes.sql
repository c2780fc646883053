-- migrate:up

-- names: {"nb", "nn", "en"}; claimed: counts that a source states; report_kinds: [{"id", "names"}].
CREATE TABLE programme (
    programme_id text    NOT NULL,
    version      integer NOT NULL,
    names        jsonb   NOT NULL,
    claimed      jsonb   NOT NULL,
    report_kinds jsonb   NOT NULL,
    CONSTRAINT programme_pk PRIMARY KEY (programme_id),
    CONSTRAINT programme_version_positive CHECK (version >= 1)
);

-- A cohort's id alone names it everywhere (`cohort/<id>` is a subject), so no two programmes share one.
CREATE TABLE cohort (
    cohort_id    text    NOT NULL,
    programme_id text    NOT NULL,
    position     integer NOT NULL,
    names        jsonb   NOT NULL,
    starts_on    date    NOT NULL,
    claimed      jsonb   NOT NULL,
    CONSTRAINT cohort_pk PRIMARY KEY (cohort_id),
    CONSTRAINT cohort_of_programme UNIQUE (programme_id, cohort_id),
    CONSTRAINT cohort_of FOREIGN KEY (programme_id) REFERENCES programme (programme_id)
);

-- A theme may be worked on in several programmes; its figures then come from all of them.
CREATE TABLE theme (
    programme_id text    NOT NULL,
    theme_id     text    NOT NULL,
    position     integer NOT NULL,
    names        jsonb   NOT NULL,
    CONSTRAINT theme_pk PRIMARY KEY (programme_id, theme_id),
    CONSTRAINT theme_of FOREIGN KEY (programme_id) REFERENCES programme (programme_id)
);

-- goals: a list of objects as the domain's Goal, decimals as text.
CREATE TABLE project (
    project_id   text    NOT NULL,
    version      integer NOT NULL,
    programme_id text    NOT NULL,
    names        jsonb   NOT NULL,
    cohort_id    text,
    goals        jsonb   NOT NULL,
    ended_on     date,
    CONSTRAINT project_pk PRIMARY KEY (project_id),
    CONSTRAINT project_in_programme UNIQUE (programme_id, project_id),
    CONSTRAINT project_version_positive CHECK (version >= 1),
    CONSTRAINT project_of FOREIGN KEY (programme_id) REFERENCES programme (programme_id),
    CONSTRAINT project_cohort FOREIGN KEY (programme_id, cohort_id) REFERENCES cohort (programme_id, cohort_id)
);
CREATE INDEX project_by_cohort ON project (cohort_id);

CREATE TABLE project_theme (
    programme_id text    NOT NULL,
    project_id   text    NOT NULL,
    theme_id     text    NOT NULL,
    position     integer NOT NULL,
    CONSTRAINT project_theme_pk PRIMARY KEY (project_id, theme_id),
    CONSTRAINT project_theme_of FOREIGN KEY (programme_id, project_id) REFERENCES project (programme_id, project_id),
    CONSTRAINT project_theme_known FOREIGN KEY (programme_id, theme_id) REFERENCES theme (programme_id, theme_id)
);
CREATE INDEX project_theme_by_theme ON project_theme (theme_id);

-- member_from and member_to are the first and the last day; none means always so far, or still.
CREATE TABLE project_member (
    project_id      text    NOT NULL,
    position        integer NOT NULL,
    municipality_id text    NOT NULL,
    member_from     date,
    member_to       date,
    CONSTRAINT project_member_pk PRIMARY KEY (project_id, position),
    CONSTRAINT project_member_of FOREIGN KEY (project_id) REFERENCES project (project_id),
    CONSTRAINT project_member_known FOREIGN KEY (municipality_id) REFERENCES municipality (municipality_id),
    CONSTRAINT project_member_forward CHECK (member_to >= member_from)
);
CREATE INDEX project_member_by_municipality ON project_member (municipality_id);

-- migrate:down
