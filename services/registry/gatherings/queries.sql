-- name: list_gatherings(gathering_ids)
SELECT gathering_id, version, programme_id, network_id, kind, names::text AS names, starts_at, ends_at, place,
       agenda::text AS agenda, expected_municipality_ids, expected_parties, signed_up::text AS signed_up,
       attended::text AS attended, observers, panel, tables::text AS tables, questions, evaluation::text AS evaluation,
       state, reason
  FROM gathering
 WHERE gathering_id = ANY(:gathering_ids::text[])
 ORDER BY gathering_id;

-- name: seek_gathering_ids(programme, network, state, after, count)
SELECT gathering_id
  FROM gathering
 WHERE gathering_id > :after
   AND (:programme::text IS NULL OR programme_id = :programme)
   AND (:network::text IS NULL OR network_id = :network)
   AND (:state::text IS NULL OR state = :state)
 ORDER BY gathering_id
 LIMIT :count;

-- name: put_gathering(gathering_id, version, programme_id, network_id, kind, names, starts_at, ends_at, place, agenda, expected_municipality_ids, expected_parties, signed_up, attended, observers, panel, tables, questions, evaluation, state, reason)!
INSERT INTO gathering (gathering_id, version, programme_id, network_id, kind, names, starts_at, ends_at, place, agenda,
                       expected_municipality_ids, expected_parties, signed_up, attended, observers, panel, tables,
                       questions, evaluation, state, reason)
VALUES (:gathering_id, :version, :programme_id, :network_id, :kind, :names::jsonb, :starts_at, :ends_at, :place,
        :agenda::jsonb, :expected_municipality_ids::text[], :expected_parties::text[], :signed_up::jsonb,
        :attended::jsonb, :observers, :panel::text[], :tables::jsonb, :questions::text[], :evaluation::jsonb, :state,
        :reason)
ON CONFLICT ON CONSTRAINT gathering_pk DO UPDATE
   SET version = excluded.version, network_id = excluded.network_id, kind = excluded.kind, names = excluded.names,
       starts_at = excluded.starts_at, ends_at = excluded.ends_at, place = excluded.place, agenda = excluded.agenda,
       expected_municipality_ids = excluded.expected_municipality_ids, expected_parties = excluded.expected_parties,
       signed_up = excluded.signed_up, attended = excluded.attended, observers = excluded.observers,
       panel = excluded.panel, tables = excluded.tables, questions = excluded.questions,
       evaluation = excluded.evaluation, state = excluded.state, reason = excluded.reason;
