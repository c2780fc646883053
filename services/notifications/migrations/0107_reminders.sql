-- migrate:up

-- Calls for reports and the steps of their ladders; empty where the round has none of its own.
CREATE TABLE round (
    round_id  text    NOT NULL,
    version   integer NOT NULL,
    reminders jsonb   NOT NULL,
    CONSTRAINT round_pk PRIMARY KEY (round_id)
);

-- Reports that are owed, as they stood when reporting told of them last.
CREATE TABLE obligation (
    obligation_id uuid        NOT NULL,
    project_id    text        NOT NULL,
    round_id      text        NOT NULL,
    report_kind   text        NOT NULL,
    period        text        NOT NULL,
    due_on        date        NOT NULL,
    state         text        NOT NULL,
    historical    boolean     NOT NULL,
    missing       jsonb       NOT NULL,
    told_at       timestamptz NOT NULL,
    CONSTRAINT obligation_pk PRIMARY KEY (obligation_id)
);
CREATE INDEX obligation_open ON obligation (due_on) WHERE state IN ('due', 'overdue') AND NOT historical;

-- Steps of a ladder that somebody was reminded by, or is by the mail that waits: each once.
CREATE TABLE reminder (
    obligation_id uuid NOT NULL,
    step_id       text NOT NULL,
    person_id     uuid NOT NULL,
    mail_id       uuid NOT NULL,
    CONSTRAINT reminder_pk PRIMARY KEY (obligation_id, step_id, person_id),
    CONSTRAINT reminder_of FOREIGN KEY (obligation_id) REFERENCES obligation (obligation_id),
    CONSTRAINT reminder_in FOREIGN KEY (mail_id) REFERENCES mail (mail_id)
);
CREATE INDEX reminder_mail ON reminder (mail_id);

-- migrate:down
