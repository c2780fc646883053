-- Arrays of numbers in the queries that every batch sends come as text, `{1,2,3}`: see shared/postgres/arrays.py.

-- name: lock_series(subjects, metrics, definition_keys)
-- In one order for everybody, or two batches that touch the same groups would wait for each other for ever.
SELECT s.series_id, s.subject, s.metric, s.definition_key, s.municipality_id, s.months, s.first_month, s.last_month,
       s.joins_groups, s.is_whole
  FROM unnest(:subjects::text[], :metrics::text[], :definition_keys::text[]) AS t (subject, metric, definition_key)
  JOIN series s ON s.subject = t.subject AND s.metric = t.metric AND s.definition_key = t.definition_key
 ORDER BY s.series_id
   FOR UPDATE OF s;

-- name: add_series(subjects, metrics, definition_keys, municipality_ids)!
INSERT INTO series (subject, metric, definition_key, municipality_id)
SELECT t.subject, t.metric, t.definition_key, t.municipality_id
  FROM unnest(:subjects::text[], :metrics::text[], :definition_keys::text[], :municipality_ids::text[])
       AS t (subject, metric, definition_key, municipality_id)
 ORDER BY t.subject, t.metric, t.definition_key
ON CONFLICT ON CONSTRAINT series_subject DO NOTHING;

-- name: put_extents(series_ids, months, first_months, last_months, joins_groups, is_whole)!
UPDATE series AS s
   SET months = t.months, first_month = t.first_month, last_month = t.last_month, joins_groups = t.joins_groups,
       is_whole = t.is_whole
  FROM unnest(:series_ids::text::int[], :months::text::smallint[], :first_months::text::int[], :last_months::text::int[],
              :joins_groups::text::boolean[], :is_whole::text::boolean[])
       AS t (series_id, months, first_month, last_month, joins_groups, is_whole)
 WHERE s.series_id = t.series_id;

-- name: add_withdrawals(series_ids, figure_ids)!
INSERT INTO withdrawal (series_id, figure_id)
SELECT t.series_id, t.figure_id
  FROM unnest(:series_ids::int[], :figure_ids::uuid[]) AS t (series_id, figure_id)
ON CONFLICT ON CONSTRAINT withdrawal_pk DO NOTHING;

-- name: add_figures(series_ids, last_months, months, posted_windows, vintages, figure_ids, weighings, amounts, weights, persons, generated)!
-- A vintage that is there already stays as it is: the same event again, or a withdrawal that brought it before.
INSERT INTO figure (series_id, last_month, months, posted_window, vintage, figure_id, withdrawn, weighing, amount_micro,
                    weight_micro, persons, generated)
SELECT t.series_id, t.last_month, t.months, t.posted_window, t.vintage, t.figure_id,
       EXISTS (SELECT FROM withdrawal w WHERE w.series_id = t.series_id AND w.figure_id = t.figure_id),
       t.weighing, t.amount_micro, t.weight_micro, t.persons, t.generated
  FROM unnest(:series_ids::text::int[], :last_months::text::int[], :months::text::smallint[], :posted_windows::text::smallint[],
              :vintages::text::int[], :figure_ids::uuid[], :weighings::text::smallint[], :amounts::text::bigint[], :weights::text::bigint[],
              :persons::text::int[], :generated::text::boolean[])
       AS t (series_id, last_month, months, posted_window, vintage, figure_id, weighing, amount_micro, weight_micro,
             persons, generated)
ON CONFLICT ON CONSTRAINT figure_pk DO NOTHING;

-- name: withdraw_figures(series_ids, last_months, months, posted_windows, figure_ids)!
UPDATE figure AS f
   SET withdrawn = true
  FROM unnest(:series_ids::int[], :last_months::int[], :months::smallint[], :posted_windows::smallint[],
              :figure_ids::uuid[])
       AS t (series_id, last_month, months, posted_window, figure_id)
 WHERE f.series_id = t.series_id AND f.last_month = t.last_month AND f.months = t.months
   AND f.posted_window = t.posted_window AND f.figure_id = t.figure_id;

-- name: unmark_replaced(series_ids, last_months, months, posted_windows)!
UPDATE figure AS f
   SET replaced = false
  FROM unnest(:series_ids::int[], :last_months::int[], :months::smallint[], :posted_windows::smallint[])
       AS t (series_id, last_month, months, posted_window)
 WHERE f.series_id = t.series_id AND f.last_month = t.last_month AND f.months = t.months
   AND f.posted_window = t.posted_window AND f.replaced;

-- name: mark_replaced(series_ids, last_months, months, posted_windows)!
UPDATE figure AS f
   SET replaced = true
  FROM (
           SELECT g.series_id, g.last_month, g.months, g.posted_window, g.vintage,
                  NOT g.withdrawn AND g.vintage < max(g.vintage) FILTER (WHERE NOT g.withdrawn) OVER (
                      PARTITION BY g.series_id, g.last_month, g.months, g.posted_window, g.weighing <= 1
                  ) AS replaced
             FROM unnest(:series_ids::text::int[], :last_months::text::int[], :months::text::smallint[],
                         :posted_windows::text::smallint[])
                  AS t (series_id, last_month, months, posted_window)
             JOIN figure AS g USING (series_id, last_month, months, posted_window)
            WHERE NOT g.replaced
       ) AS t
 WHERE f.series_id = t.series_id AND f.last_month = t.last_month AND f.months = t.months
   AND f.posted_window = t.posted_window AND f.vintage = t.vintage AND t.replaced;

-- name: list_figures(series_ids, since_months)
SELECT f.series_id, f.last_month, f.months, f.posted_window, f.vintage, f.withdrawn, f.weighing, f.amount_micro,
       f.weight_micro, f.persons, f.generated, f.withheld
  FROM unnest(:series_ids::text::int[], :since_months::text::int[]) AS t (series_id, since_month)
  JOIN figure f ON f.series_id = t.series_id AND f.last_month >= t.since_month AND NOT f.replaced;

-- name: list_series_of_metric(metric)
SELECT subject, metric, definition_key, municipality_id
  FROM series
 WHERE metric = :metric;
