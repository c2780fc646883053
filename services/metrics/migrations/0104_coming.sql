-- migrate:up

-- Municipalities and projects of which a version or a membership begins or ends on a coming day: what was last heard of
-- them, to be heard once more on that day. What was heard before this table was made comes with the next change, or
-- with a rebuild.
CREATE TABLE coming (
    subject  text  NOT NULL,
    turns_on date  NOT NULL,
    content  jsonb NOT NULL,
    CONSTRAINT coming_pk PRIMARY KEY (subject)
);
CREATE INDEX coming_turns_on ON coming (turns_on);

-- migrate:down
