-- migrate:up

-- What pages need of a programme, instead of the event that told of it.
ALTER TABLE programme
    ADD COLUMN names   jsonb,
    ADD COLUMN cohorts jsonb,
    ADD COLUMN themes  jsonb;
UPDATE programme
   SET names = content -> 'names', cohorts = content -> 'cohorts', themes = content -> 'themes';
ALTER TABLE programme
    ALTER COLUMN names SET NOT NULL,
    ALTER COLUMN cohorts SET NOT NULL,
    ALTER COLUMN themes SET NOT NULL,
    DROP COLUMN content;

-- migrate:down
