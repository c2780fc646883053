-- migrate:up

-- Inbound records leave no row in the inbox. What was accepted tells how far their topics were handled before there were
-- positions; whatever was refused after it is judged once more.
INSERT INTO consumer_position AS p (consumer, topic, partition, next_offset)
SELECT 'reporting.inbound.' || split_part(h.topic, '.', 3), h.topic, h.partition, max(h.record_offset) + 1
  FROM (SELECT substring(origin FROM '^(.*)/[0-9]+/[0-9]+$') AS topic,
               substring(origin FROM '/([0-9]+)/[0-9]+$')::integer AS partition,
               substring(origin FROM '/([0-9]+)$')::bigint AS record_offset
          FROM (SELECT origin FROM figure UNION ALL SELECT origin FROM report) AS accepted
         WHERE origin LIKE 'inbound.%') AS h
 GROUP BY h.topic, h.partition
ON CONFLICT ON CONSTRAINT consumer_position_pk DO UPDATE
   SET next_offset = greatest(p.next_offset, excluded.next_offset);

-- migrate:down
