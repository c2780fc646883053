-- migrate:up

-- What a municipality is called and which county it lies in, from which day on; the three lists belong together, and
-- the registry tells of a reform years before it takes effect.
CREATE TABLE municipality (
    municipality_id text    NOT NULL,
    version         integer NOT NULL,
    valid_from      date[]  NOT NULL,
    names           text[]  NOT NULL,
    county_numbers  text[]  NOT NULL,
    CONSTRAINT municipality_pk PRIMARY KEY (municipality_id),
    CONSTRAINT municipality_lists CHECK (
        cardinality(names) = cardinality(valid_from) AND cardinality(county_numbers) = cardinality(valid_from))
);

-- Municipalities that were heard before are heard once more when the consumer starts anew; until then the names in
-- `subject_name` hold. The prefix of the consumer's name is a setting.
DELETE FROM inbox WHERE consumer LIKE '%notifications.registry.municipality';
UPDATE consumer_position
   SET next_offset = 0, replay_from = NULL
 WHERE consumer LIKE '%notifications.registry.municipality';

-- migrate:down
