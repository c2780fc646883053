-- migrate:up

-- A log that lost its end gives offsets out again: another record at the place of a letter is another letter.
ALTER TABLE dead_letter ADD COLUMN content_hash bytea;
UPDATE dead_letter SET content_hash = sha256(coalesce(key, '') || coalesce('\x01' || value, '\x00'));
ALTER TABLE dead_letter ALTER COLUMN content_hash SET NOT NULL,
    DROP CONSTRAINT dead_letter_origin,
    ADD CONSTRAINT dead_letter_origin UNIQUE (consumer, topic, partition, record_offset, content_hash);

-- Raw records may be about persons; they are not kept longer than somebody may still ask why they were settled so.
ALTER TABLE dead_letter ADD COLUMN emptied_at timestamptz;
CREATE INDEX dead_letter_settled ON dead_letter (settled_at) WHERE emptied_at IS NULL;

-- migrate:down
