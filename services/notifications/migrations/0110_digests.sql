-- migrate:up

-- When somebody is told: at once, or of all together on each day or Monday at an hour of Europe/Oslo.
ALTER TABLE subscription ADD COLUMN rhythm text NOT NULL DEFAULT 'at-once';
ALTER TABLE subscription ADD COLUMN digest_hour integer NOT NULL DEFAULT 8;
ALTER TABLE subscription ADD CONSTRAINT subscription_rhythm CHECK (
    rhythm IN ('at-once', 'daily', 'weekly') AND (rhythm = 'at-once' OR channel = 'mail'));
ALTER TABLE subscription ADD CONSTRAINT subscription_digest_hour CHECK (digest_hour BETWEEN 0 AND 23);

-- migrate:down
