-- migrate:up

CREATE TABLE commitment (
    commitment_id   text    NOT NULL,
    version         integer NOT NULL,
    gathering_id    text    NOT NULL,
    project_id      text    NOT NULL,
    municipality_id text,
    text            text    NOT NULL,
    due_on          date    NOT NULL,
    state           text    NOT NULL,
    note            text,
    CONSTRAINT commitment_pk PRIMARY KEY (commitment_id),
    CONSTRAINT commitment_version_positive CHECK (version >= 1),
    CONSTRAINT commitment_made_at FOREIGN KEY (gathering_id) REFERENCES gathering (gathering_id),
    CONSTRAINT commitment_made_by FOREIGN KEY (project_id) REFERENCES project (project_id),
    CONSTRAINT commitment_municipality FOREIGN KEY (municipality_id) REFERENCES municipality (municipality_id),
    CONSTRAINT commitment_state_known CHECK (state IN ('open', 'kept', 'dropped'))
);
CREATE INDEX commitment_by_gathering ON commitment (gathering_id);
CREATE INDEX commitment_by_project ON commitment (project_id);

-- amount: in kroner.
CREATE TABLE project_grant (
    grant_id       text    NOT NULL,
    version        integer NOT NULL,
    project_id     text    NOT NULL,
    year           integer NOT NULL,
    amount         numeric NOT NULL,
    is_conditional boolean NOT NULL,
    letter         text,
    CONSTRAINT project_grant_pk PRIMARY KEY (grant_id),
    CONSTRAINT project_grant_version_positive CHECK (version >= 1),
    CONSTRAINT project_grant_to FOREIGN KEY (project_id) REFERENCES project (project_id),
    CONSTRAINT project_grant_amount CHECK (amount > 0)
);
CREATE INDEX project_grant_by_project ON project_grant (project_id);

-- summary, answer: {"nb", "nn", "en"}; source: {"by", "on", "where"}.
CREATE TABLE knowledge (
    knowledge_id text    NOT NULL,
    version      integer NOT NULL,
    programme_id text    NOT NULL,
    kind         text    NOT NULL,
    names        jsonb   NOT NULL,
    summary      jsonb   NOT NULL,
    theme_ids    text[]  NOT NULL,
    project_ids  text[]  NOT NULL,
    measure_ids  text[]  NOT NULL,
    source       jsonb   NOT NULL,
    status       text,
    answer       jsonb,
    CONSTRAINT knowledge_pk PRIMARY KEY (knowledge_id),
    CONSTRAINT knowledge_version_positive CHECK (version >= 1),
    CONSTRAINT knowledge_of FOREIGN KEY (programme_id) REFERENCES programme (programme_id)
);
CREATE INDEX knowledge_by_programme ON knowledge (programme_id, kind);

-- migrate:down
