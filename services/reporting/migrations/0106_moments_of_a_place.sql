-- migrate:up

-- The moments of a place rise, so when its last withdrawal was is asked for each figure.
CREATE INDEX figure_withdrawn ON figure (municipality_id, unit, definition_key, period, figure_window, withdrawn_at)
 WHERE withdrawn_at IS NOT NULL;

-- migrate:down
