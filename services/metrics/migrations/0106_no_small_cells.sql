-- migrate:up

-- A group with a withheld member is withheld itself, so nobody has to know where else small cells are.
DROP TABLE small_cell;

-- migrate:down
