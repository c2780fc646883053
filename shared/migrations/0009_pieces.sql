-- migrate:up

ALTER TABLE delivery_death
    DROP CONSTRAINT delivery_death_scope,
    ADD CONSTRAINT delivery_death_scope CHECK (scope IN ('batch', 'piece', 'record'));

-- migrate:down

DELETE FROM delivery_death
 WHERE scope = 'piece';

ALTER TABLE delivery_death
    DROP CONSTRAINT delivery_death_scope,
    ADD CONSTRAINT delivery_death_scope CHECK (scope IN ('batch', 'record'));
