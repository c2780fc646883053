-- migrate:up

-- How far each consumer has come in each partition, written in the transaction of the effects. The broker's offsets are
-- kept elsewhere and may be restored to another moment than this database; where a consumer goes on is decided here.
--   next_offset  everything before it was handled
--   replay_from  where an operator wants it to begin again; taken away when it does
CREATE TABLE consumer_position (
    consumer    text    NOT NULL,
    topic       text    NOT NULL,
    partition   integer NOT NULL,
    next_offset bigint  NOT NULL,
    replay_from bigint,
    CONSTRAINT consumer_position_pk PRIMARY KEY (consumer, topic, partition),
    CONSTRAINT consumer_position_replay CHECK (replay_from BETWEEN 0 AND next_offset)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

-- What was handled before there were positions, as far as it left a row; the rest is read once more and has no effect.
INSERT INTO consumer_position (consumer, topic, partition, next_offset)
SELECT h.consumer, h.topic, h.partition, max(h.record_offset) + 1
  FROM (SELECT consumer, substring(origin FROM '^(.*)/[0-9]+/[0-9]+$') AS topic,
               substring(origin FROM '/([0-9]+)/[0-9]+$')::integer AS partition,
               substring(origin FROM '/([0-9]+)$')::bigint AS record_offset
          FROM inbox
         UNION ALL
        SELECT consumer, topic, partition, record_offset
          FROM dead_letter) AS h
 GROUP BY h.consumer, h.topic, h.partition;

-- migrate:down
