-- migrate:up

-- What calendars show: the deadlines of rounds and of single reports. `sequence` rises with each change that a reader of
-- a calendar has to see (RFC 5545, 3.8.7.4).
CREATE TABLE calendar_entry (
    entry_id     text        NOT NULL,
    programme_id text,
    project_id   text,
    report_kind  text        NOT NULL,
    period       text        NOT NULL,
    day          date        NOT NULL,
    state        text        NOT NULL,
    sequence     integer     NOT NULL DEFAULT 0,
    changed_at   timestamptz NOT NULL,
    CONSTRAINT calendar_entry_pk PRIMARY KEY (entry_id),
    CONSTRAINT calendar_entry_state CHECK (state IN ('open', 'done', 'cancelled')),
    CONSTRAINT calendar_entry_of CHECK ((programme_id IS NULL) <> (project_id IS NULL))
);
CREATE INDEX calendar_entry_programme ON calendar_entry (programme_id, day) WHERE programme_id IS NOT NULL;
CREATE INDEX calendar_entry_project ON calendar_entry (project_id, day) WHERE project_id IS NOT NULL;

-- What feeds tell: milestones, with all that they are about.
CREATE TABLE news (
    event_id    uuid        NOT NULL,
    type        text        NOT NULL,
    happened_at timestamptz NOT NULL,
    subjects    text[]      NOT NULL,
    payload     bytea       NOT NULL,
    CONSTRAINT news_pk PRIMARY KEY (event_id)
);
CREATE INDEX news_time ON news (happened_at DESC, event_id);
CREATE INDEX news_subjects ON news USING gin (subjects);

-- migrate:down
