-- migrate:up

-- By which version of which form a round asks; null for a round that takes any answers.
ALTER TABLE round
    ADD COLUMN form_id text,
    ADD COLUMN form_version integer,
    ADD CONSTRAINT round_form FOREIGN KEY (form_id, form_version) REFERENCES form_version (form_id, version),
    ADD CONSTRAINT round_form_whole CHECK ((form_id IS NULL) = (form_version IS NULL));

-- migrate:down
