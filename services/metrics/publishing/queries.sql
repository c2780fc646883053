-- Arrays of numbers in the queries that every batch sends come as text, `{1,2,3}`: see shared/postgres/arrays.py.

-- name: list_states_at(series_ids, last_months, months)
SELECT st.series_id, st.last_month, st.months, st.version, st.content::text AS content, st.unrounded
  FROM unnest(:series_ids::text::int[], :last_months::text::int[], :months::text::smallint[]) AS t (series_id, last_month, months)
  JOIN state st ON st.series_id = t.series_id AND st.last_month = t.last_month AND st.months = t.months;

-- name: list_state_places(series_ids)
SELECT series_id, last_month, months
  FROM state
 WHERE series_id = ANY(:series_ids::int[]);

-- name: replace_states(series_ids, last_months, months, versions, contents, unrounded, computed_at)!
UPDATE state AS st
   SET version = t.version, content = t.content::json, unrounded = t.unrounded::bigint[], computed_at = :computed_at
  FROM unnest(:series_ids::text::int[], :last_months::text::int[], :months::text::smallint[], :versions::text::int[], :contents::text[],
              :unrounded::text[])
       AS t (series_id, last_month, months, version, content, unrounded)
 WHERE st.series_id = t.series_id AND st.last_month = t.last_month AND st.months = t.months;

-- name: list_published(subject, metric, definition_key, from_month, to_month, months, after_metric, after_definition, after_month, after_months, count)
-- `months`: states at which a window of that many months ends; null for windows that end with every period.
-- States outside the series' present grain and extent are kept for their versions only.
SELECT s.metric, s.definition_key, st.last_month, st.months, st.version, st.content::text AS content, st.unrounded,
       st.computed_at
  FROM series s
  JOIN state st ON st.series_id = s.series_id
 WHERE s.subject = :subject
   AND (:metric::text IS NULL OR s.metric = :metric)
   AND (:definition_key::text IS NULL OR s.definition_key = :definition_key)
   AND st.months = s.months
   AND st.last_month BETWEEN greatest(s.first_month, :from_month::int) AND least(s.last_month, :to_month::int)
   AND (:months::int IS NULL OR (st.months <= :months::int AND (st.last_month + 1) % :months::int = 0))
   AND (s.metric, s.definition_key, st.last_month, st.months)
       > (:after_metric::text, :after_definition::text, :after_month::int, :after_months::int)
 ORDER BY s.metric, s.definition_key, st.last_month, st.months
 LIMIT :count;

-- name: list_spans(subject)
-- The first and the last period that a figure in force ends with. One of a window that ends within a period of the grain
-- is shown nowhere.
SELECT s.metric, s.definition_key, min(f.last_month) AS first_month, max(f.last_month) AS last_month
  FROM series s
  JOIN figure f ON f.series_id = s.series_id
 WHERE s.subject = :subject AND NOT f.withdrawn AND f.weighing <> 4 AND (f.last_month + 1) % s.months = 0
 GROUP BY s.metric, s.definition_key
 ORDER BY s.metric, s.definition_key;

-- name: list_latest(metric)
-- The state of every municipality's series at the last period that a figure in force ends with, for the front page.
SELECT s.municipality_id, s.metric, s.definition_key, st.last_month, st.months, st.version, st.content::text AS content,
       st.unrounded, st.computed_at
  FROM series s
  JOIN state st ON st.series_id = s.series_id AND st.months = s.months
   AND st.last_month = (SELECT max(f.last_month)
                          FROM figure f
                         WHERE f.series_id = s.series_id AND NOT f.withdrawn AND f.weighing <> 4
                           AND (f.last_month + 1) % s.months = 0)
 WHERE s.municipality_id IS NOT NULL AND s.metric = :metric
 ORDER BY s.municipality_id, s.definition_key;

-- name: list_versions()
SELECT s.subject, s.metric, s.definition_key, st.last_month, st.months, st.version
  FROM state AS st
  JOIN series AS s USING (series_id);
