-- migrate:up

-- A report may be sent back and accepted, and a project may get more time: `extended_to` takes the place of the round's
-- due day.
ALTER TABLE obligation ADD COLUMN extended_to date;
ALTER TABLE obligation DROP CONSTRAINT obligation_state;
ALTER TABLE obligation ADD CONSTRAINT obligation_state
    CHECK (state IN ('not_due', 'due', 'overdue', 'submitted', 'sent_back', 'accepted'));

-- A report may say that there is nothing to report, with the reason.
ALTER TABLE report ADD COLUMN nothing_to_report boolean NOT NULL DEFAULT false;
ALTER TABLE report ADD COLUMN reason text;

-- migrate:down
