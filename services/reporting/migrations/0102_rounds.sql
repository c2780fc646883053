-- migrate:up

CREATE TABLE round (
    round_id     text NOT NULL,
    version      integer NOT NULL,
    programme_id text NOT NULL,
    report_kind  text NOT NULL,
    period       text NOT NULL,
    opens_on     date NOT NULL,
    due_on       date NOT NULL,
    cohort_ids   text[] NOT NULL,
    theme_ids    text[] NOT NULL,
    loaded_on    date NOT NULL,
    CONSTRAINT round_pk PRIMARY KEY (round_id),
    CONSTRAINT round_dates CHECK (opens_on <= due_on)
);

-- What one project owes in one round. `historical`: the round was loaded after its time, so nobody is told.
CREATE TABLE obligation (
    obligation_id uuid    NOT NULL,
    round_id      text    NOT NULL,
    project_id    text    NOT NULL,
    state         text    NOT NULL,
    historical    boolean NOT NULL,
    first_submitted_at timestamptz,
    days_late     integer,
    CONSTRAINT obligation_pk PRIMARY KEY (obligation_id),
    CONSTRAINT obligation_place UNIQUE (round_id, project_id),
    CONSTRAINT obligation_of FOREIGN KEY (round_id) REFERENCES round (round_id),
    CONSTRAINT obligation_state CHECK (state IN ('not_due', 'due', 'overdue', 'submitted'))
);
CREATE INDEX obligation_open ON obligation (state) WHERE state IN ('not_due', 'due');

-- Every version of every report that was handed in.
CREATE TABLE report (
    publisher     text        NOT NULL,
    submission_id uuid        NOT NULL,
    body_hash     bytea       NOT NULL,
    obligation_id uuid        NOT NULL,
    version       integer     NOT NULL,
    form_version  integer     NOT NULL,
    answers       jsonb       NOT NULL,
    signatures    text[]      NOT NULL,
    submitted_at  timestamptz NOT NULL,
    origin        text        NOT NULL,
    CONSTRAINT report_pk PRIMARY KEY (publisher, submission_id),
    CONSTRAINT report_version UNIQUE (obligation_id, version),
    CONSTRAINT report_of FOREIGN KEY (obligation_id) REFERENCES obligation (obligation_id)
);

-- migrate:down
