-- migrate:up

-- What a source states as a table only: [{"table_id", "cohort_id", "rows", "columns", "cells", "source"}].
ALTER TABLE programme
    ADD COLUMN claimed_tables jsonb NOT NULL DEFAULT '[]';

-- migrate:down
