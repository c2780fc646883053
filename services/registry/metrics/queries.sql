-- name: list_metrics(metric_ids)
SELECT metric_id, version, names::text AS names, unit, kind, numerator::text AS numerator,
       denominator::text AS denominator, over_time, axes::text AS axes, better, decimals, minimum, maximum,
       small_persons
  FROM metric
 WHERE metric_id = ANY(:metric_ids::text[])
 ORDER BY metric_id;

-- name: seek_metric_ids(after, count)
SELECT metric_id
  FROM metric
 WHERE metric_id > :after
 ORDER BY metric_id
 LIMIT :count;

-- name: put_metric(metric_id, version, names, unit, kind, numerator, denominator, over_time, axes, better, decimals, minimum, maximum, small_persons)!
-- What a metric means is never written again.
INSERT INTO metric (metric_id, version, names, unit, kind, numerator, denominator, over_time, axes, better, decimals,
                    minimum, maximum, small_persons)
VALUES (:metric_id, :version, :names::jsonb, :unit, :kind, :numerator::jsonb, :denominator::jsonb, :over_time,
        :axes::jsonb, :better, :decimals, :minimum, :maximum, :small_persons)
ON CONFLICT ON CONSTRAINT metric_pk DO UPDATE
   SET version = excluded.version, names = excluded.names, numerator = excluded.numerator,
       denominator = excluded.denominator, better = excluded.better, decimals = excluded.decimals,
       minimum = excluded.minimum, maximum = excluded.maximum, small_persons = excluded.small_persons;

-- name: list_builtin_digests()
SELECT metric_id, digest
  FROM builtin_metric;

-- name: put_builtin_digest(metric_id, digest)!
INSERT INTO builtin_metric (metric_id, digest)
VALUES (:metric_id, :digest)
ON CONFLICT ON CONSTRAINT builtin_metric_pk DO UPDATE
   SET digest = excluded.digest;
