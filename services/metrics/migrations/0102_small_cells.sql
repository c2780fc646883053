-- migrate:up

-- Where a municipality ever had a figure with too few persons behind it; groups that hold it are looked at closely there.
-- A table of its own, because it is nearly always empty and every batch asks it: on the index that was here before, the
-- planner read all figures to learn that there is none.
DROP INDEX figure_small;
CREATE TABLE small_cell (
    last_month      integer NOT NULL,
    municipality_id text    NOT NULL,
    CONSTRAINT small_cell_pk PRIMARY KEY (last_month, municipality_id)
);
INSERT INTO small_cell (last_month, municipality_id)
SELECT DISTINCT f.last_month, s.municipality_id
  FROM figure f
  JOIN series s ON s.series_id = f.series_id
 WHERE f.persons < 5 AND f.posted_window = 0 AND s.municipality_id IS NOT NULL;

-- migrate:down
