-- name: list_figures_by_id(publishers, figure_ids)
SELECT f.publisher, f.figure_id, f.body_hash, f.vintage, f.findings::text AS findings
  FROM unnest(:publishers::text[], :figure_ids::uuid[]) AS t (publisher, figure_id)
  JOIN figure AS f USING (publisher, figure_id);

-- name: list_standing(municipality_ids, units, metrics, definition_keys, periods, windows)
-- The newest vintage of each place, when something was last decided there, and the figure in force, which a withdrawal
-- may have made an older one.
SELECT municipality_id, unit, metric, definition_key, period, figure_window, newest.vintage, newest.origin,
       newest.arrived_at, greatest(newest.posted_at, withdrawal.withdrawn_at) AS decided_at, force.figure_id,
       force.publisher, force.weight_kind
  FROM unnest(:municipality_ids::text[], :units::text[], :metrics::text[], :definition_keys::text[],
              :periods::text[], :windows::text[])
       AS t (municipality_id, unit, metric, definition_key, period, figure_window)
 CROSS JOIN LATERAL (
       SELECT f.vintage, f.origin, f.arrived_at, f.posted_at
         FROM figure AS f
        WHERE f.municipality_id = t.municipality_id AND f.unit = t.unit AND f.metric = t.metric
          AND f.definition_key = t.definition_key AND f.period = t.period AND f.figure_window = t.figure_window
        ORDER BY f.vintage DESC
        LIMIT 1) AS newest
  LEFT JOIN LATERAL (
       SELECT f.withdrawn_at
         FROM figure AS f
        WHERE f.municipality_id = t.municipality_id AND f.unit = t.unit AND f.metric = t.metric
          AND f.definition_key = t.definition_key AND f.period = t.period AND f.figure_window = t.figure_window
          AND f.withdrawn_at IS NOT NULL
        ORDER BY f.withdrawn_at DESC
        LIMIT 1) AS withdrawal ON true
  LEFT JOIN LATERAL (
       SELECT f.figure_id, f.publisher, CASE f.figure_window WHEN 'period' THEN f.weight_kind END AS weight_kind
         FROM figure AS f
        WHERE f.municipality_id = t.municipality_id AND f.unit = t.unit AND f.metric = t.metric
          AND f.definition_key = t.definition_key AND f.period = t.period AND f.figure_window = t.figure_window
          AND f.in_force) AS force ON true;

-- name: list_measures(municipality_ids, units, metrics, definition_keys, periods, windows)
SELECT municipality_id, unit, metric, definition_key, period, figure_window, f.numerator, f.denominator, f.value
  FROM unnest(:municipality_ids::text[], :units::text[], :metrics::text[], :definition_keys::text[],
              :periods::text[], :windows::text[])
       AS t (municipality_id, unit, metric, definition_key, period, figure_window)
  JOIN figure AS f USING (municipality_id, unit, metric, definition_key, period, figure_window)
 WHERE f.in_force;

-- name: count_weight_kinds(municipality_ids, units, metrics, definition_keys)
SELECT municipality_id, unit, metric, definition_key, f.weight_kind, count(*) AS figure_count
  FROM unnest(:municipality_ids::text[], :units::text[], :metrics::text[], :definition_keys::text[])
       AS t (municipality_id, unit, metric, definition_key)
  JOIN figure AS f USING (municipality_id, unit, metric, definition_key)
 WHERE f.in_force AND f.figure_window = 'period' AND f.weight_kind IS NOT NULL
 GROUP BY municipality_id, unit, metric, definition_key, f.weight_kind;

-- name: end_force(publishers, figure_ids)!
UPDATE figure AS f
   SET in_force = false
  FROM unnest(:publishers::text[], :figure_ids::uuid[]) AS t (publisher, figure_id)
 WHERE f.publisher = t.publisher AND f.figure_id = t.figure_id;

-- name: withdraw_figure(publisher, figure_id, withdrawn_at, withdrawn_by, reason)!
UPDATE figure
   SET in_force = false, withdrawn_at = :withdrawn_at, withdrawn_by = :withdrawn_by, withdrawal_reason = :reason
 WHERE publisher = :publisher AND figure_id = :figure_id;

-- name: restore_force(municipality_id, unit, metric, definition_key, period, figure_window)^
-- The newest vintage of the place that was not withdrawn holds again.
UPDATE figure AS f
   SET in_force = true
 WHERE (f.publisher, f.figure_id) = (
       SELECT g.publisher, g.figure_id
         FROM figure AS g
        WHERE g.municipality_id = :municipality_id AND g.unit = :unit AND g.metric = :metric
          AND g.definition_key = :definition_key
          AND g.period = :period AND g.figure_window = :figure_window AND g.withdrawn_at IS NULL
        ORDER BY g.vintage DESC
        LIMIT 1)
RETURNING f.publisher, f.figure_id, f.municipality_id, f.municipality_number, f.unit, f.metric, f.period,
          f.figure_window, f.definition_key, f.definition::text AS definition, f.numerator, f.denominator, f.value,
          f.weight_kind, f.weight, f.persons, f.parts::text AS parts, f.note, f.generated, f.findings::text AS findings,
          f.vintage, f.replaces, f.in_force, f.origin, f.arrived_at, f.posted_at, f.withdrawn_at, f.withdrawn_by,
          f.withdrawal_reason;

-- name: list_figures(municipality_id, metric, from_day, to_day, current_only, after_day, after_key, count)
SELECT f.publisher, f.figure_id, f.municipality_id, f.municipality_number, f.unit, f.metric, f.period,
       f.figure_window, f.definition_key, f.definition::text AS definition, f.numerator, f.denominator, f.value,
       f.weight_kind, f.weight, f.persons, f.parts::text AS parts, f.note, f.generated, f.findings::text AS findings,
       f.vintage, f.replaces, f.in_force, f.origin, f.arrived_at, f.posted_at, f.withdrawn_at, f.withdrawn_by,
       f.withdrawal_reason, f.period_last_day,
       concat_ws('|', f.unit, f.metric, f.definition_key, f.period, f.figure_window, lpad(f.vintage::text, 6, '0')) AS sort_key
  FROM figure AS f
 WHERE f.municipality_id = :municipality_id
   AND (:metric::text IS NULL OR f.metric = :metric)
   AND (:from_day::date IS NULL OR f.period_last_day >= :from_day::date)
   AND (:to_day::date IS NULL OR f.period_last_day <= :to_day::date)
   AND (NOT :current_only::boolean OR f.in_force)
   AND (f.period_last_day,
        concat_ws('|', f.unit, f.metric, f.definition_key, f.period, f.figure_window, lpad(f.vintage::text, 6, '0')))
       > (:after_day::date, :after_key::text)
 ORDER BY f.period_last_day, sort_key
 LIMIT :count;

-- name: find_figure(publisher, figure_id)^
SELECT f.publisher, f.figure_id, f.municipality_id, f.municipality_number, f.unit, f.metric, f.period,
       f.figure_window, f.definition_key, f.definition::text AS definition, f.numerator, f.denominator, f.value,
       f.weight_kind, f.weight, f.persons, f.parts::text AS parts, f.note, f.generated, f.findings::text AS findings,
       f.vintage, f.replaces, f.in_force, f.origin, f.arrived_at, f.posted_at, f.withdrawn_at, f.withdrawn_by,
       f.withdrawal_reason
  FROM figure AS f
 WHERE f.publisher = :publisher AND f.figure_id = :figure_id;

-- name: list_kept(after_publisher, after_id, count)
SELECT f.publisher, f.figure_id, f.municipality_id, f.municipality_number, f.unit, f.metric, f.period,
       f.figure_window, f.definition_key, f.definition::text AS definition, f.numerator, f.denominator, f.value,
       f.weight_kind, f.weight, f.persons, f.parts::text AS parts, f.note, f.generated, f.findings::text AS findings,
       f.vintage, f.replaces, f.in_force, f.origin, f.arrived_at, f.posted_at, f.withdrawn_at, f.withdrawn_by,
       f.withdrawal_reason, f.body_hash
  FROM figure AS f
 WHERE (f.publisher, f.figure_id) > (:after_publisher::text, :after_id::uuid)
 ORDER BY f.publisher, f.figure_id
 LIMIT :count;

-- name: list_withdrawn(publishers, figure_ids)
SELECT f.publisher, f.figure_id, f.withdrawn_at IS NOT NULL AS is_withdrawn
  FROM unnest(:publishers::text[], :figure_ids::uuid[]) AS t (publisher, figure_id)
  JOIN figure AS f USING (publisher, figure_id);

-- name: list_all_ids(after_publisher, after_id, count)
SELECT publisher, figure_id, withdrawn_at IS NOT NULL AS is_withdrawn
  FROM figure
 WHERE (publisher, figure_id) > (:after_publisher::text, :after_id::uuid)
 ORDER BY publisher, figure_id
 LIMIT :count;

-- name: find_in_force_at(municipality_id, unit, metric, definition_key, period, figure_window, moment)^
-- What held at a place after everything that was decided until then: the newest vintage that was not withdrawn.
SELECT f.publisher, f.figure_id, f.municipality_id, f.municipality_number, f.unit, f.metric, f.period,
       f.figure_window, f.definition_key, f.definition::text AS definition, f.numerator, f.denominator, f.value,
       f.weight_kind, f.weight, f.persons, f.parts::text AS parts, f.note, f.generated, f.findings::text AS findings,
       f.vintage, f.replaces, f.in_force, f.origin, f.arrived_at, f.posted_at, f.withdrawn_at, f.withdrawn_by,
       f.withdrawal_reason
  FROM figure AS f
 WHERE f.municipality_id = :municipality_id AND f.unit = :unit AND f.metric = :metric
   AND f.definition_key = :definition_key
   AND f.period = :period AND f.figure_window = :figure_window AND f.posted_at <= :moment
   AND (f.withdrawn_at IS NULL OR f.withdrawn_at > :moment)
 ORDER BY f.vintage DESC
 LIMIT 1;

-- name: end_force_at(municipality_id, unit, metric, definition_key, period, figure_window)!
UPDATE figure
   SET in_force = false
 WHERE municipality_id = :municipality_id AND unit = :unit AND metric = :metric
   AND definition_key = :definition_key
   AND period = :period AND figure_window = :figure_window AND in_force;

-- name: withdrawals_unlike_audit(count)
-- A figure is withdrawn when the audit log says so, and else not.
WITH told AS (
    SELECT DISTINCT after ->> 'publisher' AS publisher, substr(object, length('figure/') + 1) AS figure_id
      FROM audit_entry
     WHERE action = 'figure-withdrawn'
), held AS (
    SELECT publisher, figure_id::text AS figure_id, withdrawn_at IS NOT NULL AS is_withdrawn
      FROM figure
)
SELECT h.publisher, h.figure_id, h.is_withdrawn
  FROM held AS h
  LEFT JOIN told AS t USING (publisher, figure_id)
 WHERE h.is_withdrawn <> (t.figure_id IS NOT NULL)
 ORDER BY 1, 2
 LIMIT :count;

-- name: figures_unlike_audit(count)
-- Each figure must be claimed by exactly one audit entry, with the hash of its content.
WITH claim AS (
    SELECT e.object AS publisher, c.key AS figure_id, c.value AS hash
      FROM audit_entry AS e
     CROSS JOIN LATERAL jsonb_each_text(e.after -> 'figures') AS c (key, value)
     WHERE e.action = 'figures-accepted'
), held AS (
    SELECT 'publisher/' || f.publisher AS publisher, f.figure_id::text AS figure_id, encode(f.body_hash, 'hex') AS hash
      FROM figure AS f
)
SELECT coalesce(c.publisher, h.publisher) AS publisher, coalesce(c.figure_id, h.figure_id) AS figure_id,
       count(c.hash) AS claims, count(h.hash) AS held, bool_and(c.hash = h.hash) AS is_alike
  FROM claim AS c
  FULL JOIN held AS h ON h.publisher = c.publisher AND h.figure_id = c.figure_id
 GROUP BY 1, 2
HAVING count(c.hash) <> 1 OR count(h.hash) <> 1 OR NOT bool_and(c.hash = h.hash)
 ORDER BY 1, 2
 LIMIT :count;
