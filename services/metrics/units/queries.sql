-- name: list_with_units(municipality_ids, metrics)
SELECT DISTINCT unit_of AS municipality_id, metric
  FROM series
 WHERE unit_of = ANY(:municipality_ids::text[]) AND metric = ANY(:metrics::text[]);

-- name: list_all_with_units(metric)
SELECT DISTINCT unit_of AS municipality_id
  FROM series
 WHERE unit_of IS NOT NULL AND metric = :metric;

-- name: lock_municipalities(municipality_ids, metrics)
-- All definitions of a municipality and its units, so that nobody judges them at the same time.
SELECT series_id, subject, metric, definition_key, municipality_id, months, first_month, last_month, joins_groups, is_whole
  FROM series
 WHERE coalesce(municipality_id, unit_of) = ANY(:municipality_ids::text[]) AND metric = ANY(:metrics::text[])
 ORDER BY series_id
   FOR UPDATE;

-- name: list_cells(series_ids, from_month, to_month)
SELECT f.series_id, f.last_month, f.months, f.posted_window, f.vintage, f.withdrawn, f.weighing, f.persons, f.withheld,
       EXISTS (SELECT FROM shown_before b WHERE b.figure_id = f.figure_id AND b.metric = s.metric) AS was_shown
  FROM figure f
  JOIN series s ON s.series_id = f.series_id
 WHERE f.series_id = ANY(:series_ids::int[]) AND f.last_month BETWEEN :from_month AND :to_month;

-- name: mark_figures(series_ids, last_months, months, posted_windows, vintages, withheld, was_shown)!
WITH marked AS (
    UPDATE figure AS f
       SET withheld = t.withheld
      FROM unnest(:series_ids::text::int[], :last_months::text::int[], :months::text::smallint[],
                  :posted_windows::text::smallint[], :vintages::text::int[], :withheld::text::boolean[],
                  :was_shown::text::boolean[])
           AS t (series_id, last_month, months, posted_window, vintage, withheld, was_shown)
     WHERE f.series_id = t.series_id AND f.last_month = t.last_month AND f.months = t.months
       AND f.posted_window = t.posted_window AND f.vintage = t.vintage
    RETURNING f.figure_id, f.series_id, t.was_shown
)
INSERT INTO shown_before (figure_id, metric)
SELECT m.figure_id, s.metric
  FROM marked m
  JOIN series s ON s.series_id = m.series_id
 WHERE m.was_shown
ON CONFLICT ON CONSTRAINT shown_before_pk DO NOTHING;
