-- migrate:up

-- A vintage that a later one of its place replaced is kept and not read any more: else a place that was corrected forty
-- times would cost forty times as much at every change of the groups that it goes into.
--   replaced  a later vintage stands, not withdrawn, that goes into groups as this one does or does not. A withdrawn one
--             is never replaced. Missing marks cost time only, wrong ones would hide a figure.
ALTER TABLE figure ADD COLUMN replaced boolean NOT NULL DEFAULT false;
UPDATE figure AS f
   SET replaced = true
 WHERE NOT f.withdrawn
   AND EXISTS (
           SELECT FROM figure AS later
            WHERE later.series_id = f.series_id AND later.last_month = f.last_month AND later.months = f.months
              AND later.posted_window = f.posted_window AND later.vintage > f.vintage AND NOT later.withdrawn
              AND (later.weighing <= 1) = (f.weighing <= 1)
       );
CREATE INDEX figure_current ON figure (series_id, last_month) WHERE NOT replaced;

-- migrate:down
