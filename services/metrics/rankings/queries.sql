-- name: list_contenders(metric, definition_key, kind, group_subject, last_month, window_name, months, positions)
-- `positions`: where a state of that grain has the window among its unrounded values, counted from 1.
SELECT s.subject, s.municipality_id, st.unrounded[g.position] AS computed, st.unrounded[g.position + 1] AS reported,
       (st.content -> 'windows' -> :window_name)::text AS held, st.content ->> 'suppressed' AS suppressed,
       st.content ->> 'generated' AS generated
  FROM unnest(:months::smallint[], :positions::int[]) AS g (months, position)
  JOIN series s ON s.months = g.months
  JOIN state st ON st.series_id = s.series_id AND st.months = s.months AND st.last_month = :last_month
 WHERE s.metric = :metric AND s.definition_key = :definition_key
   AND s.subject LIKE :kind || '/%'
   AND st.last_month BETWEEN s.first_month AND s.last_month
   AND (:group_subject::text IS NULL
        OR s.municipality_id IN (SELECT m.municipality_id FROM member m WHERE m.group_subject = :group_subject))
 ORDER BY s.subject;
