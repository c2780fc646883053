-- migrate:up

-- The ladder of reminders of a round, as its event tells it; empty where the usual one holds.
ALTER TABLE round ADD COLUMN reminders jsonb NOT NULL DEFAULT '[]';

-- migrate:down
