-- migrate:up

-- Which metrics somebody wants to be told of; empty for all.
ALTER TABLE subscription ADD COLUMN metrics text[] NOT NULL DEFAULT '{}';

-- migrate:down
