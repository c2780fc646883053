-- migrate:up

-- An event that is told again must be equal byte for byte; jsonb puts the names of a finding's arguments in an order of
-- its own, json keeps them as they were written.
ALTER TABLE figure ALTER COLUMN findings TYPE json USING findings::text::json;

-- migrate:down
