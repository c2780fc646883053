-- name: list_commitments(commitment_ids)
SELECT commitment_id, version, gathering_id, project_id, municipality_id, text, due_on, state, note
  FROM commitment
 WHERE commitment_id = ANY(:commitment_ids::text[])
 ORDER BY commitment_id;

-- name: seek_commitment_ids(gathering, network, project, municipality, state, after, count)
SELECT c.commitment_id
  FROM commitment AS c
  JOIN gathering AS g USING (gathering_id)
 WHERE c.commitment_id > :after
   AND (:gathering::text IS NULL OR c.gathering_id = :gathering)
   AND (:network::text IS NULL OR g.network_id = :network)
   AND (:project::text IS NULL OR c.project_id = :project)
   AND (:municipality::text IS NULL OR c.municipality_id = :municipality)
   AND (:state::text IS NULL OR c.state = :state)
 ORDER BY c.commitment_id
 LIMIT :count;

-- name: put_commitment(commitment_id, version, gathering_id, project_id, municipality_id, text, due_on, state, note)!
INSERT INTO commitment (commitment_id, version, gathering_id, project_id, municipality_id, text, due_on, state, note)
VALUES (:commitment_id, :version, :gathering_id, :project_id, :municipality_id, :text, :due_on, :state, :note)
ON CONFLICT ON CONSTRAINT commitment_pk DO UPDATE
   SET version = excluded.version, municipality_id = excluded.municipality_id, text = excluded.text,
       due_on = excluded.due_on, state = excluded.state, note = excluded.note;
