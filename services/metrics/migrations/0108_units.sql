-- migrate:up

-- Whose unit a series is of.
ALTER TABLE series ADD COLUMN unit_of text
    GENERATED ALWAYS AS (CASE WHEN subject LIKE 'unit/%' THEN split_part(subject, '/', 2) END) STORED;
CREATE INDEX series_unit_of ON series (unit_of, metric) WHERE unit_of IS NOT NULL;

-- A figure that is withheld because a small one could be found with it.
ALTER TABLE figure ADD COLUMN withheld boolean NOT NULL DEFAULT false;

-- Figures of units and of municipalities with units that had been published before they were withheld: what is out helps
-- no more by being withheld. No log has this; a rebuild takes it over.
CREATE TABLE shown_before (
    figure_id uuid NOT NULL,
    metric    text NOT NULL,
    CONSTRAINT shown_before_pk PRIMARY KEY (figure_id, metric)
);

-- migrate:down
