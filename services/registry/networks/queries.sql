-- name: list_networks(network_ids)
SELECT network_id, version, programme_id, names::text AS names, cohort_ids, theme_ids, goals::text AS goals
  FROM network
 WHERE network_id = ANY(:network_ids::text[])
 ORDER BY network_id;

-- name: list_network_members(network_ids)
SELECT network_id, project_id, member_from, member_to
  FROM network_member
 WHERE network_id = ANY(:network_ids::text[])
 ORDER BY network_id, position;

-- name: seek_network_ids(programme, project, after, count)
SELECT n.network_id
  FROM network AS n
 WHERE n.network_id > :after
   AND (:programme::text IS NULL OR n.programme_id = :programme)
   AND (:project::text IS NULL OR EXISTS (
        SELECT FROM network_member AS m
         WHERE m.network_id = n.network_id AND m.project_id = :project))
 ORDER BY n.network_id
 LIMIT :count;

-- name: put_network(network_id, version, programme_id, names, cohort_ids, theme_ids, goals)!
INSERT INTO network (network_id, version, programme_id, names, cohort_ids, theme_ids, goals)
VALUES (:network_id, :version, :programme_id, :names::jsonb, :cohort_ids::text[], :theme_ids::text[], :goals::jsonb)
ON CONFLICT ON CONSTRAINT network_pk DO UPDATE
   SET version = excluded.version, names = excluded.names, cohort_ids = excluded.cohort_ids,
       theme_ids = excluded.theme_ids, goals = excluded.goals;

-- name: remove_network_members(network_id)!
DELETE FROM network_member
 WHERE network_id = :network_id;

-- name: add_network_members(network_id, project_ids, member_from, member_to)!
INSERT INTO network_member (network_id, position, project_id, member_from, member_to)
SELECT :network_id, t.position, t.project_id, t.member_from, t.member_to
  FROM unnest(:project_ids::text[], :member_from::date[], :member_to::date[])
       WITH ORDINALITY AS t (project_id, member_from, member_to, position);
